"""Memory: a thousand small tenants loaded in one process as the API loads them, and answering.

A tenant has 2,000 shoppers, 500 more who bought nothing, and 5,000 products. All models are mapped from one file, but
each mapping counts: what the process is charged for is the same as with a thousand files.
"""

import random
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np

from infra.artifacts import Opened, open_file
from infra.open_files import raise_open_files
from recommender.id_map import IdMap
from recommender.model import Model
from recommender.model_files import write_model
from recommender.serving.catalogue import Catalogue, Shelves
from recommender.serving.learned import join
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.live_tenants import TRIM_SECONDS
from recommender.serving.newcomers import find_newcomers
from recommender.serving.orders import Orders
from recommender.serving.session import Session
from recommender.stored_model import open_model
from tenants.products import CatalogueRow
from widgets.slots import Slot, Viewer, fill

TENANTS, SHOPPERS, PRODUCTS, ASKED = 1_000, 2_000, 5_000, 20
SEGMENTS, COLD = 20, 500
BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = UUID(int=1)


def run() -> dict[str, object]:
    """`rss_mb` is the most that the process holds while every tenant answers; `ratio` is the goal of 2 GB over it."""
    raise_open_files()
    started, empty_mb = time.perf_counter(), _rss_mb()
    products, files = _products(), write_model(_model())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arrays"
        file.write_bytes(files.arrays)
        shelves, orders, dice = Shelves(), Orders(), random.Random(7)
        tenants = [_open(products, open_file(file), files.manifest, shelves) for _ in range(TENANTS)]
        loaded_mb, seconds = _rss_mb(), time.perf_counter() - started
        answers, rss_mb, trimmed_at = 0, loaded_mb, time.monotonic()
        for tenant in tenants:
            answers += sum(_ask(tenant, orders, dice) for _ in range(ASKED))
            rss_mb = max(rss_mb, _rss_mb())
            if time.monotonic() - trimmed_at >= TRIM_SECONDS:  # as the service does
                shelves.trim()
                trimmed_at = time.monotonic()
    return {
        "name": "memory",
        "ratio": round(2048 / rss_mb, 2),
        "tenants": len(tenants),
        "rss_mb": round(rss_mb),
        "loaded_rss_mb": round(loaded_mb),
        "empty_rss_mb": round(empty_mb),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "kb_per_tenant": round((rss_mb - empty_mb) / TENANTS * 1024),
        "products_each": PRODUCTS,
        "shoppers_each": SHOPPERS,
        "answers": answers,
        "load_ms_per_tenant": round(seconds / TENANTS * 1000, 1),
    }


def _open(products: list[CatalogueRow], opened: Opened, manifest: bytes, shelves: Shelves) -> LiveTenant:
    live = LiveTenant(UUID(int=1), Catalogue(shelves))
    # Ids of their own, as rows from the database are.
    live.catalogue.put(_fresh(one) for one in products)
    model = open_model(opened, manifest, tenant_id=UUID(int=1), version_id=VERSION)
    learned = join(model, live.catalogue, began_at=BEGAN_AT)
    live.learn(learned, find_newcomers(learned, live.catalogue))
    live.touch()
    return live


def _ask(live: LiveTenant, orders: Orders, dice: random.Random) -> int:
    """A page of two places for a random shopper with a session; returns 1."""
    viewed = tuple(_product_id(dice.randrange(PRODUCTS)) for _ in range(3))
    viewer = Viewer(_shopper_id(dice.randrange(SHOPPERS)), Session(viewed))
    slots = [Slot(name="home-for-you", limit=12), Slot(name="home-popular", limit=12)]
    assert fill(live, orders, tuple(slots), viewer, now=BEGAN_AT.timestamp()).count(b'"price_minor"') == 24
    return 1


def _fresh(product: CatalogueRow) -> CatalogueRow:
    fields = {name: getattr(product, name) for name in CatalogueRow.__slots__}
    return CatalogueRow(**{**fields, "product_id": bytes(product.product_id, "ascii").decode()})


def _product_id(number: int) -> str:
    return f"product-{number:06}"


def _shopper_id(number: int) -> str:
    return f"shopper-{number:06}"


def _products() -> list[CatalogueRow]:
    return [
        CatalogueRow(
            product_id=_product_id(number),
            title=f"A product with a name of usual length {number}",
            url=f"https://shop.example/products/a-product-of-usual-length-{number}",
            image_url=f"https://images.shop.example/products/{number}/800.jpg",
            brand=f"Brand {number % 40}",
            price_minor=1000 + number,
            sale_price_minor=None,
            sale_from=None,
            sale_until=None,
            currency="EUR",
            offered=True,
            in_stock=True,
            available_from=None,
            available_until=None,
            created_at=BEGAN_AT,
            categories=("Everything", f"Category {number % 60}"),
            attributes='{"colour": "red", "width": 102.5}',
            published=True,
        )
        for number in range(PRODUCTS)
    ]


def _model() -> Model:
    dice = np.random.default_rng(7)

    def lists(rows: int, length: int) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
        return dice.integers(0, PRODUCTS, (rows, length), np.int32)

    def vectors(rows: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return dice.standard_normal((rows, width), np.float32)

    return Model(
        tenant_id=UUID(int=1),
        version_id=VERSION,
        created_at=BEGAN_AT,
        shoppers=IdMap.of(map(_shopper_id, range(SHOPPERS))),
        products=IdMap.of(map(_product_id, range(PRODUCTS))),
        features=IdMap.of(sorted(f"category:Category {number}" for number in range(60))),
        for_you=lists(SHOPPERS, 200),
        for_you_because=lists(SHOPPERS, 200),
        for_you_scores=vectors(SHOPPERS, 200),
        discover=lists(SHOPPERS, 100),
        discover_because=lists(SHOPPERS, 100),
        buy_again=lists(SHOPPERS, 60),
        bought_starts=np.arange(SHOPPERS + 1, dtype=np.int64) * 45,
        bought=lists(SHOPPERS, 45).ravel(),
        similar=lists(PRODUCTS, 50),
        together=lists(PRODUCTS, 50),
        popular=dice.permutation(PRODUCTS).astype(np.int32),
        trending=dice.permutation(PRODUCTS).astype(np.int32),
        repeat_rate=np.full(PRODUCTS, 0.5, np.float32),
        shopper_vectors=vectors(SHOPPERS, 64),
        product_vectors=vectors(PRODUCTS, 64),
        product_biases=np.zeros(PRODUCTS, np.float32),
        shopper_tastes=vectors(SHOPPERS, 32),
        feature_vectors=vectors(60, 32),
        feature_biases=np.zeros(60, np.float32),
        kinds=IdMap.of(sorted(f"type:Category {number}" for number in range(60))),
        leaning_starts=np.arange(SHOPPERS + 1, dtype=np.int64) * 20,
        leaning_kinds=dice.integers(0, 60, SHOPPERS * 20, np.int32),
        leaning_weights=np.ones(SHOPPERS * 20, np.float32),
        segments=IdMap.of(f"job={number:03}" for number in range(SEGMENTS)),
        segment_popular=lists(SEGMENTS, 100),
        cold_shoppers=IdMap.of(map(_shopper_id, range(SHOPPERS, SHOPPERS + COLD))),
        cold_segments=np.zeros(COLD, np.int32),
        parameters={},
        metrics={},
    )


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
