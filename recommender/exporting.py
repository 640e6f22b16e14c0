"""Exporting: a shopper's archive, from the record and from what was learned about them."""

from collections.abc import Mapping
from uuid import UUID

from infra.artifacts import Artifacts
from infra.clock import Clock
from infra.database import Connection, Database
from infra.jobs import defer
from recommender.model import ModelDamaged
from recommender.registry import find_active_version, load_model
from recommender.stored_model import StoredModel
from tenants.export import Tables, archive_key, collect, find_shopper_of, finish_export, make_archive

EXPORT_SHOPPER = "export_shopper"


async def defer_export(conn: Connection, tenant_id: UUID, export_id: UUID) -> None:
    """Queue the making of an archive on the caller's transaction."""
    await defer(conn, EXPORT_SHOPPER, {"tenant_id": str(tenant_id), "export_id": str(export_id)})


async def export_shopper(db: Database, store: Artifacts, tenant_id: UUID, export_id: UUID, *, clock: Clock) -> bool:
    """Make the archive and store it; false when the shopper was erased meanwhile. Harmless to repeat."""
    key = archive_key(tenant_id, export_id)
    async with db.tenant(tenant_id) as conn:
        shopper_id = await find_shopper_of(conn, export_id)
        tables = {} if shopper_id is None else await collect(conn, shopper_id)
    if tables:
        learned = await _learned(db, store, tenant_id, tables)
        await store.put(key, make_archive(tables, learned, made_at=clock()))
    async with db.tenant(tenant_id) as conn:
        finished = await finish_export(conn, export_id, now=clock())
    if not finished:
        await store.delete(key)
    return finished


async def _learned(db: Database, store: Artifacts, tenant_id: UUID, tables: Tables) -> Mapping[str, object]:
    """What the active model holds of the shopper, under any of their ids."""
    async with db.tenant(tenant_id) as conn:
        version = await find_active_version(conn)
    if version is None:
        return {}
    try:
        model = await load_model(store, tenant_id, version)
    except ModelDamaged:
        return {}
    names = [str(row["external_id"]) for row in tables["shoppers"]]
    known = {name: index for name in names if (index := model.shoppers.find(name)) is not None}
    cold = {name: index for name in names if (index := model.cold_shoppers.find(name)) is not None}
    return {name: _facts(model, index) for name, index in known.items()} | {
        name: _cold_facts(model, index) for name, index in cold.items()
    }


def _facts(model: StoredModel, index: int) -> dict[str, object]:
    """The list that is shown first, and the numbers that stand for the shopper."""
    products = model.read_products()
    return {
        "model_version": str(model.version_id),
        "for_you": [products.id_of(product) for product in model.row("for_you", index).tolist() if product >= 0],
        "vector": model.row("shopper_vectors", index).tolist(),
        "leans_to": _leanings(model, index),
        "taste": model.row("shopper_tastes", index).tolist(),
    }


def _leanings(model: StoredModel, index: int) -> dict[str, float]:
    """Kinds of products and how much the shopper leans to them."""
    start, stop = model.part("leaning_starts", index, index + 2).tolist()
    kinds = model.part("leaning_kinds", start, stop).tolist()
    return dict(zip(map(model.kinds.id_of, kinds), model.part("leaning_weights", start, stop).tolist(), strict=True))


def _cold_facts(model: StoredModel, index: int) -> dict[str, object]:
    """Of somebody who has bought nothing: the attribute by which they count as alike, and the list of those."""
    products, segment = model.read_products(), int(model.part("cold_segments", index, index + 1)[0])
    listed = model.row("segment_popular", segment).tolist()
    return {
        "model_version": str(model.version_id),
        "segment": model.read_segments().id_of(segment),
        "segment_popular": [products.id_of(product) for product in listed if product >= 0],
    }
