"""Benchmark slots: how long a page waits for its slots while fifty shoppers ask at once, each again and again.

Over loopback, two slots of twelve products, everybody proven by a token: the demo's front page. The loop is bounded in
time, and sends to a server that it starts itself.
"""

import asyncio
import json
from typing import Final

from tests.benchmarks.load import Measured, load, make_request
from tests.benchmarks.serving import fill_shop, list_known, prepare
from tests.support.processes import run_lastbook, run_machines

PRODUCTS: Final = 10_000
SHOPPERS: Final = 50
SECONDS: Final = 5.0
ROUNDS: Final = 3
SLOTS: Final = [{"name": "home-for-you", "limit": 12}, {"name": "home-popular", "limit": 12}]


def run() -> dict[str, object]:
    """`p95_ms` is to stay at or below 80: of the middle one of three rounds."""
    with run_machines() as settings, run_lastbook(prepare(settings)) as serving:
        shop = asyncio.run(fill_shop(serving, PRODUCTS))
        bodies = (json.dumps({**viewer, "slots": SLOTS}).encode() for viewer in list_known(shop))
        requests = [make_request(serving.public_url, "/public/v1/slots", body) for body in bodies]
        rounds = [Measured() for _ in range(ROUNDS)]
        load(serving.public_url, requests, connections=SHOPPERS, seconds=SECONDS, into=Measured())  # warm
        for one in rounds:
            load(serving.public_url, requests, connections=SHOPPERS, seconds=SECONDS, into=one)
    middle = sorted(rounds, key=lambda one: one.percentile_ms(95))[ROUNDS // 2]
    return {
        "name": "slots",
        "p50_ms": round(middle.percentile_ms(50), 2),
        "p95_ms": round(middle.percentile_ms(95), 2),
        "p99_ms": round(middle.percentile_ms(99), 2),
        "p95_ms_of_rounds": [round(one.percentile_ms(95), 2) for one in rounds],
        "requests_per_second": round(middle.per_second),
        "concurrent_shoppers": SHOPPERS,
        "products": PRODUCTS,
        "failures": sum(one.failures for one in rounds),
    }
