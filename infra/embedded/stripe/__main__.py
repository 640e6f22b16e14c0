"""The fake's own program: it finds its keys and its books in the folder where it is started."""

import json
from pathlib import Path

import uvicorn

from infra.embedded.stripe.app import build_fake
from infra.embedded.stripe.running import BOOKS, HOST, KEYS, EmbeddedStripe
from infra.embedded.stripe.world import World


def main() -> None:
    fake = EmbeddedStripe(**json.loads(Path(KEYS).read_text()))
    app = build_fake(World(fake.url, api_key=fake.api_key), Path(BOOKS))
    uvicorn.run(
        app,
        host=HOST,
        port=int(fake.url.rpartition(":")[2]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


main()
