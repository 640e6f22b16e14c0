"""Placement versions: every change of what a place shows, by whom and when, and the way back to any of them."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import Invalid, NotFound
from tenants.audit import record_audit
from tenants.fields import Moment
from tenants.placements import Placement, upsert_placements
from tenants.shop_documents import delete_document

Act = Literal["store", "publish", "rollback", "delete"]


class PlacementVersion(Struct, frozen=True, kw_only=True):
    """What came into force at a time. It never changes."""

    id: str
    version: Annotated[int, Meta(description="From 1, without gaps.")]
    act: Annotated[Act, Meta(description="store: without a draft. publish: from a draft.")]
    restored: Annotated[int | None, Meta(description="Of a rollback: the version that was taken again.")]
    actor: Annotated[str, Meta(description="Who: a key or a member.")]
    published_at: Moment
    document: Annotated[
        Placement | None, Meta(description="null: deleted; a standard placement is as shipped since then.")
    ]


class Publication(Struct, frozen=True, kw_only=True):
    """What became of a placement."""

    id: str
    version: Annotated[int, Meta(description="The version in force; 0 before the first change.")]
    result: Literal["published", "unchanged"]


class NotPublishable(Invalid):
    """The placement cannot be published as it is."""

    code = "not_publishable"
    hint = "The list 'errors' names the field; what is in force stays in force."


async def publish_placement(
    conn: Connection, placement: Placement, *, actor: str, act: Act = "publish", restored: int | None = None
) -> Publication:
    """Put it into force, for every process within seconds, and write it into the audit log. What is in force already
    makes no version.

    Raises NotPublishable when its filter cannot be used, TooManyDocuments.
    """
    stored = await upsert_placements(conn, [placement])
    for error in stored.refused.values():
        raise NotPublishable(f"The field {error.field!r} is not valid: {error.reason}.", errors=(error,))
    if not stored.changed:
        return Publication(id=placement.id, version=await read_version(conn, placement.id), result="unchanged")
    return await _published(conn, placement.id, actor=actor, act=act, restored=restored)


async def roll_back(conn: Connection, name: str, version: int, *, actor: str) -> Publication:
    """Put an older version into force again, as a new one; a deletion too. Raises NotFound, NotPublishable."""
    wanted = await get_version(conn, name, version)
    if wanted.document is not None:
        return await publish_placement(conn, wanted.document, actor=actor, act="rollback", restored=version)
    if await delete_document(conn, "placements", name):
        return await _published(conn, name, actor=actor, act="rollback", restored=version)
    return Publication(id=name, version=await read_version(conn, name), result="unchanged")


async def record_versions(
    conn: Connection, names: Sequence[str], *, actor: str, act: Act, restored: int | None = None
) -> None:
    """Keep what has just come into force of these, in the transaction in which it did."""
    await conn.execute(_RECORD, list(names), actor, act, restored)


async def read_version(conn: Connection, name: str) -> int:
    """The number of the version in force; 0 when nothing was ever changed."""
    version: int = await conn.fetchval(_NEWEST, name)
    return version


async def get_version(conn: Connection, name: str, version: int) -> PlacementVersion:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where document_id = $1 and version = $2", name, version)
    if row is None:
        raise NotFound(f"There is no version {version} of a placement {name!r}.", hint=HINT)
    return _version(row)


async def list_versions(
    conn: Connection, name: str, *, before: int | None = None, limit: int
) -> Sequence[PlacementVersion]:
    """The newest first, from in front of `before`."""
    return [_version(row) for row in await conn.fetch(_LIST, name, before, limit)]


async def _published(conn: Connection, name: str, *, actor: str, act: Act, restored: int | None) -> Publication:
    await record_versions(conn, [name], actor=actor, act=act, restored=restored)
    version = await read_version(conn, name)
    done = f"publish placement, version {version}"
    action = done if restored is None else f"{done}: back to version {restored}"
    await record_audit(conn, actor=actor, action=action, subject=name)
    return Publication(id=name, version=version, result="published")


def _version(row: Row) -> PlacementVersion:
    return msgspec.convert({**row, "id": row["document_id"]}, PlacementVersion)


HINT = "POST /v1/placements:versions lists those of a placement."

_RECORD = """
insert into placement_versions (document_id, version, document, act, actor, restored)
select name, coalesce(newest.version, 0) + 1, placements.document, $3, $2, $4
from unnest($1::text[]) as name
left join placements on document_id = name and deleted_at is null
left join lateral (
    select max(version) as version
    from placement_versions
    where placement_versions.document_id = name
) as newest on true
"""
"""The placements' rows are locked by then, so that no other transaction takes the same number."""

_NEWEST = "select coalesce(max(version), 0) from placement_versions where document_id = $1"

_SELECT = """
select document_id, version, document, act, actor, restored, published_at
from placement_versions
"""

_LIST = (
    _SELECT
    + """
where document_id = $1 and version < coalesce($2, version + 1)
order by version desc
limit $3
"""
)
