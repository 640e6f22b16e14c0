"""Placement drafts: what a place is to show, compared with what it shows, and published when it pleases."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import Conflict, NotFound
from tenants.audit import record_audit
from tenants.fields import Moment
from tenants.placement_versions import NotPublishable, Publication, publish_placement, read_version
from tenants.placements import Placement, find_placement, find_wrong_placements
from tenants.shop_documents import refuse_too_many
from tenants.upserts import make_document


class PlacementDraft(Struct, frozen=True, kw_only=True):
    """A placement that nobody sees yet."""

    id: str
    document: Placement
    base: Annotated[int, Meta(description="The version in force when it was stored; 0 for none.")]
    version: Annotated[int, Meta(description="The version in force now. Another one: store the draft again.")]
    actor: Annotated[str, Meta(description="Who stored it last.")]
    created_at: Moment
    updated_at: Moment


class Change(Struct, frozen=True, kw_only=True):
    """One field that a draft changes."""

    field: Annotated[str, Meta(description="layout, headings.zh, …")]
    before: Annotated[Any, Meta(description="In force; null where there is none.")]
    after: Any  # a field's value, of any kind


class Comparison(Struct, frozen=True, kw_only=True):
    """What publishing a draft would change."""

    id: str
    version: Annotated[int, Meta(description="The version in force now; 0 before the first change.")]
    behind: Annotated[bool, Meta(description="true: another version came into force since the draft was stored.")]
    new: Annotated[bool, Meta(description="true: no such placement is in force.")]
    changes: tuple[Change, ...]


class DraftIsBehind(Conflict):
    """Another version of the placement came into force since the draft was stored."""

    code = "draft_is_behind"
    hint = "Look at POST /v1/placements:diff, then store the draft again: it starts from the version in force."


async def upsert_draft(
    conn: Connection, placement: Placement, *, actor: str
) -> Literal["created", "updated", "unchanged"]:
    """One a placement; stored again it is based on what is in force by then.

    Raises NotPublishable, TooManyDocuments.
    """
    for error in (await asyncio.to_thread(find_wrong_placements, [placement])).values():
        raise NotPublishable(f"The field {error.field!r} is not valid: {error.reason}.", errors=(error,))
    made, base = make_document(placement), await read_version(conn, placement.id)
    row = await conn.fetchrow(_UPSERT, placement.id, made.text, made.digest, base, actor)
    if row is None:
        return "unchanged"
    refuse_too_many("placements", await conn.fetchval("select count(*) from placement_drafts"))
    await record_audit(conn, actor=actor, action="draft placement", subject=placement.id)
    return "created" if row["created"] else "updated"


async def get_draft(conn: Connection, name: str) -> PlacementDraft:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where document_id = $1", name)
    if row is None:
        raise _no_draft(name)
    return _draft(row)


async def list_drafts(conn: Connection, *, after: str, limit: int) -> Sequence[PlacementDraft]:
    """By name, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where document_id > $1 order by document_id limit $2", after, limit)
    return [_draft(row) for row in rows]


async def discard_draft(conn: Connection, name: str, *, actor: str) -> None:
    """Raises NotFound."""
    if await conn.fetchval(_DELETE, name) is None:
        raise _no_draft(name)
    await record_audit(conn, actor=actor, action="discard draft of placement", subject=name)


async def publish_draft(conn: Connection, name: str, *, actor: str) -> Publication:
    """Put the draft into force; it is no draft then. Raises NotFound, DraftIsBehind, NotPublishable."""
    # Held: one that is stored meanwhile would be forgotten without having been published.
    row = await conn.fetchrow(_SELECT + "where document_id = $1 for update of placement_drafts", name)
    if row is None:
        raise _no_draft(name)
    draft = _draft(row)
    done = await publish_placement(conn, draft.document, actor=actor)
    # Asked afterwards, when the placement is locked: whoever came in between has committed.
    before = done.version - (done.result == "published")
    if before != draft.base:
        raise DraftIsBehind(f"The draft of {name!r} is of version {draft.base}; version {before} is in force.")
    await conn.execute(_DELETE, name)
    return done


async def compare_draft(conn: Connection, name: str) -> Comparison:
    """Field by field with what is in force. Raises NotFound."""
    draft, in_force = await get_draft(conn, name), await find_placement(conn, name)
    return Comparison(
        id=name,
        version=draft.version,
        behind=draft.base != draft.version,
        new=in_force is None,
        changes=tuple(list_changes(in_force, draft.document)),
    )


def list_changes(before: Placement | None, after: Placement) -> Iterator[Change]:
    """Each field whose value differs; a heading for a locale is one of its own."""
    old, new = {} if before is None else dict(_flat(before)), dict(_flat(after))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(field=name, before=old.get(name), after=new.get(name))


def _flat(placement: Placement) -> Iterator[tuple[str, Any]]:
    for name in Placement.__struct_fields__:
        value = msgspec.to_builtins(getattr(placement, name))
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", one) for key, one in value.items())
        else:
            yield name, value


def _no_draft(name: str) -> NotFound:
    return NotFound(f"There is no draft of a placement {name!r}.", hint="POST /v1/placements:draft stores one.")


def _draft(row: Row) -> PlacementDraft:
    return msgspec.convert({**row, "id": row["document_id"]}, PlacementDraft)


_UPSERT = """
insert into placement_drafts (document_id, document, digest, base, actor)
values ($1, $2::text::jsonb, $3, $4, $5)
on conflict (tenant_id, document_id) do update
set (document, digest, base, actor, updated_at) = (
    select excluded.document, excluded.digest, excluded.base, excluded.actor, now()
)
where (placement_drafts.digest, placement_drafts.base) is distinct from (excluded.digest, excluded.base)
returning xmax = 0 as created
"""

_SELECT = """
select document_id, document, base, actor, created_at, updated_at,
    coalesce(
        (
            select max(version)
            from placement_versions
            where placement_versions.document_id = placement_drafts.document_id
        ),
        0
    ) as version
from placement_drafts
"""

_DELETE = "delete from placement_drafts where document_id = $1 returning document_id"
