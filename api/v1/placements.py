"""/v1/placements: the named places in a shop's pages, the standard ones among them."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from api.resources import Resource
from infra.database import Connection
from tenants.placement_versions import record_versions
from tenants.placements import (
    Placement,
    StoredPlacement,
    delete_placement,
    get_placement,
    list_placements,
    upsert_placements,
)


class PlacementPage(Struct, frozen=True, kw_only=True):
    """Placements by name."""

    items: Sequence[StoredPlacement]
    next: str | None


async def _keep_versions(conn: Connection, names: Sequence[str], actor: str, act: Literal["store", "delete"]) -> None:
    await record_versions(conn, names, actor=actor, act=act)


PLACEMENTS = Resource(
    name="placements",
    document=Placement,
    stored=StoredPlacement,
    page=PlacementPage,
    store=upsert_placements,
    get=get_placement,
    list_page=list_placements,
    delete=delete_placement,
    audited=True,
    keep=_keep_versions,
)
