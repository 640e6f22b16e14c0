"""Small shops in memory: a live tenant from products and a model written by hand."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from infra.artifacts import open_file
from recommender.id_map import IdMap
from recommender.model import Model
from recommender.model_files import write_model
from recommender.serving.catalogue import Catalogue, Shelves
from recommender.serving.learned import join
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.newcomers import find_newcomers
from recommender.stored_model import StoredModel, open_model
from tenants.products import CatalogueRow
from tenants.shown_tokens import ShownTokens

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = MONDAY.timestamp()
TENANT, VERSION = UUID(int=1), UUID(int=2)


def product(product_id: str, **fields: Any) -> CatalogueRow:
    """A product on offer; later ones of a list are newer."""
    given: dict[str, Any] = {
        "title": f"Product {product_id}",
        "url": f"https://shop.example/{product_id}",
        "image_url": None,
        "brand": "",
        "price_minor": 1000,
        "sale_price_minor": None,
        "sale_from": None,
        "sale_until": None,
        "currency": "EUR",
        "offered": True,
        "in_stock": True,
        "available_from": None,
        "available_until": None,
        "created_at": MONDAY - timedelta(days=30),
        "categories": (),
        "published": True,
        **fields,
        "attributes": msgspec.json.encode(fields.get("attributes", {})).decode(),
    }
    return CatalogueRow(product_id=product_id, **given)


def open_live(products: Sequence[CatalogueRow], model: Model | None = None) -> LiveTenant:
    live = LiveTenant(TENANT, Catalogue(Shelves()), tokens=ShownTokens(b"k" * 32))
    live.catalogue.put(products)
    if model is not None:
        learned = join(stored(model), live.catalogue, began_at=MONDAY)
        live.learn(learned, find_newcomers(learned, live.catalogue))
    live.touch()
    return live


def stored(model: Model) -> StoredModel:
    """The model as the API reads it: written and opened."""
    files = write_model(model)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arrays"
        file.write_bytes(files.arrays)
        return open_model(open_file(file), files.manifest, tenant_id=TENANT, version_id=VERSION)


def make_model(
    products: Sequence[str],
    for_you: Mapping[str, Sequence[str]],
    *,
    because: Mapping[str, Sequence[str]] | None = None,
    bought: Mapping[str, Sequence[str]] | None = None,
    buy_again: Mapping[str, Sequence[str]] | None = None,
    similar: Mapping[str, Sequence[str]] | None = None,
    together: Mapping[str, Sequence[str]] | None = None,
    durable: Sequence[str] = (),
    features: Mapping[str, Sequence[float]] | None = None,
    tastes: Mapping[str, Sequence[float]] | None = None,
    leanings: Mapping[str, Mapping[str, float]] | None = None,
    segments: Mapping[str, Sequence[str]] | None = None,
    cold: Mapping[str, str] | None = None,
) -> Model:
    """A model of lists given by ids; popular and trending follow the order of `products`.

    `segments` are lists by name; `cold` names the segment of each shopper without purchases.
    """
    known, shoppers = sorted(products), sorted(for_you)
    bought, features, tastes = bought or {}, features or {"brand:none": (0.0,)}, tastes or {}
    alike, newcomers = sorted(segments or {}), cold or {}
    width, leanings = len(next(iter(features.values()))), leanings or {}
    kinds = sorted({kind for one in leanings.values() for kind in one})
    owned = [[known.index(one) for one in sorted(bought.get(shopper, ()))] for shopper in shoppers]
    lists = _lists(for_you, shoppers, known)
    discover = {
        shopper: [one for one in listed if one not in bought.get(shopper, ())] for shopper, listed in for_you.items()
    }
    return Model(
        tenant_id=TENANT,
        version_id=VERSION,
        created_at=MONDAY,
        shoppers=IdMap.of(shoppers),
        products=IdMap.of(known),
        features=IdMap.of(sorted(features)),
        for_you=lists,
        for_you_because=_lists(because or {}, shoppers, known, width=lists.shape[1]),
        for_you_scores=np.tile(np.linspace(1, 0, lists.shape[1], dtype=np.float32), (len(shoppers), 1)),
        discover=_lists(discover, shoppers, known),
        discover_because=np.full_like(_lists(discover, shoppers, known), -1),
        buy_again=_lists(buy_again or {}, shoppers, known),
        bought_starts=np.concatenate(([0], np.cumsum([len(one) for one in owned]))).astype(np.int64),
        bought=np.array([index for one in owned for index in one], np.int32),
        similar=_lists(similar or {}, known, known),
        together=_lists(together or {}, known, known),
        popular=np.array([known.index(one) for one in products], np.int32),
        trending=np.array([known.index(one) for one in reversed(products)], np.int32),
        repeat_rate=np.array([0.0 if one in durable else 0.9 for one in known], np.float32),
        shopper_vectors=np.zeros((len(shoppers), 2), np.float32),
        product_vectors=np.zeros((len(known), 2), np.float32),
        product_biases=np.zeros(len(known), np.float32),
        shopper_tastes=np.array([tastes.get(one, (0.0,) * width) for one in shoppers], np.float32),
        feature_vectors=np.array([features[name] for name in sorted(features)], np.float32),
        feature_biases=np.zeros(len(features), np.float32),
        kinds=IdMap.of(kinds),
        leaning_starts=np.cumsum([0, *(len(leanings.get(one, {})) for one in shoppers)]).astype(np.int64),
        leaning_kinds=np.array([kinds.index(kind) for one in shoppers for kind in leanings.get(one, {})], np.int32),
        leaning_weights=np.array([to for one in shoppers for to in leanings.get(one, {}).values()], np.float32),
        segments=IdMap.of(alike),
        segment_popular=_lists(segments or {}, alike, known),
        cold_shoppers=IdMap.of(sorted(newcomers)),
        cold_segments=np.array([alike.index(newcomers[one]) for one in sorted(newcomers)], np.int32),
        parameters={},
        metrics={},
    )


def _lists(
    named: Mapping[str, Sequence[str]], rows: Sequence[str], known: Sequence[str], *, width: int = 0
) -> NDArray[np.int32]:
    width = max(width, 1, *(len(one) for one in named.values())) if named else max(width, 1)
    lists = np.full((len(rows), width), -1, np.int32)
    for row, name in enumerate(rows):
        indices = [known.index(one) for one in named.get(name, ())]
        lists[row, : len(indices)] = indices
    return lists
