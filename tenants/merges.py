"""Merges: two shoppers who are one person. Nothing is lost, every id goes on resolving, and it can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict, NotFound
from infra.ids import new_id
from tenants.audit import record_audit
from tenants.withdrawals import forget_withdrawals, keep_withdrawals

Cause = Literal["server", "email", "phone"]
"""Who said so: the merchant's server, or the identifier that both have."""


class SameShopper(Conflict):
    """A shopper cannot be merged with themselves."""

    code = "same_shopper"
    hint = "Both ids already lead to one shopper; GET /v1/merges lists how that came."


class AlreadyUndone(Conflict):
    """This merge was undone before."""

    code = "merge_already_undone"
    hint = "Merge the two again with POST /v1/merges if they are one person after all."


class LaterMerge(Conflict):
    """A later merge stands on this one."""

    code = "later_merge"
    hint = "Undo the later merge first; GET /v1/merges lists them, the newest first."


class UndoOver(Conflict):
    """The merge is too old to be undone."""

    code = "undo_over"
    hint = "For how long a merge can be undone is the retention rule 'merge_undo': PUT /v1/retention-rules."


@dataclass(frozen=True, slots=True)
class Moved:
    """A table whose rows follow their shopper."""

    table: str
    key: str
    """The column that names a row, of one shopper at least."""
    key_type: Literal["text", "uuid"] = "text"
    shopper: str = "shopper_id"
    also: str = ""
    """Further columns to set in a row that moves, as in `seen = false`."""


# All of them. A subject with a shopper column puts its table here; what is not here stays with the merged row, as
# contact preferences do, which are read from all rows of the person.
MOVED: tuple[Moved, ...] = (
    Moved("orders", "order_id"),
    Moved("events", "event_id"),
    Moved("people", "external_id"),
    # Behind people: a person takes their own along, so that these are the shopper's.
    Moved("measurement_profiles", "profile_id", "uuid"),
    Moved("consents", "consent_id", "uuid"),
    Moved("exports", "export_id", "uuid"),
    Moved("special_requests", "request_id", "uuid"),
    Moved("quotes", "quote_id", "uuid"),
    Moved("fit_feedback", "feedback_id"),
    Moved("campaign_interest", "interest_id", "uuid"),
    Moved("replenishment_choices", "choice_id", "uuid"),
    Moved("preorders", "preorder_id", "uuid"),
)
SHOPPERS = "shoppers"
"""In the list of what was moved: the rows that were merged, by our ids."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge, by the external ids of the two."""

    merge_id: UUID
    kept: str
    absorbed: str
    cause: Cause
    merged_at: datetime
    undone_at: datetime | None
    undo_ended_at: datetime | None
    """Since when it cannot be undone."""


async def lock_identity(conn: Connection) -> None:
    """One at a time decides in a tenant who is who: two that share an identifier could not see each other otherwise."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended(current_tenant()::text, 4))")


async def merge_shoppers(conn: Connection, keep: UUID, absorb: UUID, *, cause: Cause, actor: str) -> UUID:
    """Let `keep` stand for both; returns the merge's id.

    Either may be a merged row: whoever stands for it is meant. What is told later under an absorbed id becomes the kept
    one's too. What either withdrew stays withdrawn. Rows are locked in the order of their external ids, as all writers
    do it. Raises NotFound, SameShopper.
    """
    await lock_identity(conn)
    keep, absorb = await _lock_people(conn, keep, absorb)
    if keep == absorb:
        raise SameShopper("Both ids lead to the same shopper.")
    merge_id = new_id()
    await conn.execute(_INSERT, merge_id, keep, absorb, cause)
    await keep_withdrawals(conn, keep, absorb, merge_id)
    for moved in MOVED:
        await conn.execute(_move(moved), keep, absorb, merge_id)
    await conn.execute(_ABSORB, keep, absorb, merge_id)
    await _tell(conn, actor=actor, action="merge shoppers", merge_id=merge_id)
    return merge_id


async def undo_merge(conn: Connection, merge_id: UUID, *, actor: str) -> None:
    """Put back what the merge moved, and what was told since under the absorbed ids.

    What has been told for somebody else meanwhile stays theirs. An identifier that both have stays the kept one's until
    the other's document changes. Raises NotFound, AlreadyUndone, UndoOver, LaterMerge.
    """
    await lock_identity(conn)
    merge = await conn.fetchrow("select * from shopper_merges where merge_id = $1", merge_id)
    if merge is None:
        raise NotFound("There is no merge of that id.")
    if merge["undone_at"] is not None:
        raise AlreadyUndone("The merge is undone already.")
    if merge["undo_ended_at"] is not None:
        raise UndoOver("What this merge moved is no longer kept, so it cannot be undone.")
    keep, absorb = merge["kept_id"], merge["absorbed_id"]
    if (await _lock_people(conn, keep, absorb))[0] != keep:
        raise LaterMerge("The shopper who was kept has been merged into another one since.")
    for moved in MOVED:
        await conn.execute(_move_back(moved), keep, absorb, merge_id)
    for statement in (_RESTORE_DOCUMENT, _RELEASE):
        await conn.execute(statement, keep, absorb, merge_id)
    await conn.execute(_LOOSEN, keep, absorb)
    await conn.execute("delete from shopper_merge_moves where merge_id = $1", merge_id)
    await conn.execute("update shopper_merges set undone_at = now() where merge_id = $1", merge_id)
    await forget_withdrawals(conn, keep)
    await _tell(conn, actor=actor, action="undo merge", merge_id=merge_id)


async def end_undo(conn: Connection, *, before: datetime, now: datetime) -> None:
    """Let merges from before that moment stand for good; what they moved may be forgotten from then on."""
    # So that none is being undone meanwhile.
    await lock_identity(conn)
    await conn.execute(
        "update shopper_merges set undo_ended_at = $2 where merged_at < $1 and undo_ended_at is null", before, now
    )


async def list_merges(conn: Connection, *, before: UUID | None, limit: int) -> Sequence[Merge]:
    """The newest first, behind `before`."""
    rows = await conn.fetch(_LIST, before, limit)
    return [Merge(**row) for row in rows]


async def merged_now(conn: Connection) -> bool:
    """Whether this transaction merged anybody, as a verified identifier does."""
    merged: bool = await conn.fetchval("select exists (select from shopper_merges where merged_at = now())")
    return merged


async def follow_merges(conn: Connection, table: str, rows: Mapping[str, UUID]) -> None:
    """Remember rows that were told under merged ids (key → the merged row), so that an undo takes them along."""
    if rows:
        await conn.execute(_FOLLOW, table, list(rows), list(rows.values()))


async def forget_moves(conn: Connection, table: str, keys: Sequence[str]) -> None:
    """These rows are gone or told anew: no undo may move them."""
    if keys:
        await conn.execute(
            "delete from shopper_merge_moves where table_name = $1 and row_key = any($2::text[])", table, list(keys)
        )


async def read_identity_version(conn: Connection) -> int:
    """Another number whenever somebody was merged, taken apart or deleted."""
    version: int | None = await conn.fetchval("select version from identity_versions")
    return version or 0


async def read_aliases(conn: Connection) -> dict[str, str]:
    """Each merged external id, and the external id of who stands for it."""
    return {row["alias"]: row["external_id"] for row in await conn.fetch(_ALIASES)}


async def announce_identity(conn: Connection) -> None:
    """Let serving read the merged ids again when this transaction commits."""
    await conn.execute(_ANNOUNCE)
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


async def _lock_people(conn: Connection, first: UUID, second: UUID) -> tuple[UUID, UUID]:
    """Who stands for each of the two, all their rows locked. Raises NotFound. Needs the identity lock."""
    rows = await conn.fetch(
        "select shopper_id, coalesce(merged_into, shopper_id) from shoppers where shopper_id = any($1::uuid[])",
        [first, second],
    )
    person: dict[UUID, UUID] = {row[0]: row[1] for row in rows}
    if first not in person or second not in person:
        raise NotFound("There is no such shopper.")
    await conn.execute(_LOCK, [person[first], person[second]])
    return person[first], person[second]


async def _tell(conn: Connection, *, actor: str, action: str, merge_id: UUID) -> None:
    # No external ids: the audit outlives an erased shopper.
    await record_audit(conn, actor=actor, action=action, subject=f"merge {merge_id}")
    await announce_identity(conn)


def _move(moved: Moved) -> str:
    also = f", {moved.also}" if moved.also else ""
    return f"""
    with moved as (
        update {moved.table}
        set {moved.shopper} = $1{also}
        where {moved.shopper} = $2
        returning {moved.key} as key
    )
    insert into shopper_merge_moves (merge_id, table_name, row_key)
    select $3, '{moved.table}', key::text
    from moved
    """


def _move_back(moved: Moved) -> str:
    also = f", {moved.also}" if moved.also else ""
    return f"""
    update {moved.table}
    set {moved.shopper} = $2{also}
    from shopper_merge_moves as moves
    where moves.merge_id = $3 and moves.table_name = '{moved.table}'
        and {moved.table}.{moved.key} = moves.row_key::{moved.key_type} and {moved.table}.{moved.shopper} = $1
    """


_LOCK = """
select
from shoppers
where shopper_id = any($1::uuid[]) or merged_into = any($1::uuid[])
order by external_id collate "C"
for update
"""

_INSERT = "insert into shopper_merges (merge_id, kept_id, absorbed_id, cause) values ($1, $2, $3, $4)"

_ABSORB = """
with merged as (
    update shoppers
    set merged_into = $1
    where shopper_id = $2 or merged_into = $2
    returning shopper_id
)
insert into shopper_merge_moves (merge_id, table_name, row_key)
select $3, 'shoppers', shopper_id::text
from merged
"""

# Before the rows are released: what is shown was told under one of them.
_RESTORE_DOCUMENT = """
update shoppers
set (email, email_verified, phone, phone_verified, name, locale, attributes) = (
        select email, email_verified, phone, phone_verified, name, locale, attributes
        from jsonb_populate_record(null::shoppers, shoppers.told)
    ),
    shown_from = null, told = null, updated_at = now()
where shopper_id = $1 and $2::uuid is not null and shown_from in (
    select row_key::uuid
    from shopper_merge_moves
    where merge_id = $3 and table_name = 'shoppers'
)
"""

_RELEASE = """
update shoppers
set merged_into = nullif($2, shoppers.shopper_id)
from shopper_merge_moves as moves
where moves.merge_id = $3 and moves.table_name = 'shoppers' and shoppers.shopper_id = moves.row_key::uuid
    and shoppers.merged_into = $1
"""

_LOOSEN = """
update shopper_identifiers as theirs
set verified = false
from shoppers as absorbed
where absorbed.shopper_id = theirs.shopper_id and $2 in (absorbed.shopper_id, absorbed.merged_into) and theirs.verified
    and exists (
        select
        from shopper_identifiers as kept
        join shoppers using (shopper_id)
        where kept.kind = theirs.kind and kept.value = theirs.value and kept.verified
            and $1 in (shoppers.shopper_id, shoppers.merged_into)
    )
"""

# The merges that hold a row are those by which its shopper's row was merged.
_FOLLOW = """
insert into shopper_merge_moves (merge_id, table_name, row_key)
select merges.merge_id, $1, told.key
from unnest($2::text[], $3::uuid[]) as told (key, shopper_id)
join shopper_merge_moves as merges on merges.table_name = 'shoppers' and merges.row_key = told.shopper_id::text
on conflict do nothing
"""

_ALIASES = """
select merged.external_id as alias, person.external_id
from shoppers as merged
join shoppers as person on person.tenant_id = merged.tenant_id and person.shopper_id = merged.merged_into
where merged.merged_into is not null
"""

_ANNOUNCE = """
insert into identity_versions as known (version) values (1)
on conflict (tenant_id) do update set version = known.version + 1
"""

_LIST = """
select merge_id, kept.external_id as kept, absorbed.external_id as absorbed, cause, merged_at, undone_at,
    undo_ended_at
from shopper_merges
join shoppers as kept on kept.tenant_id = shopper_merges.tenant_id and kept.shopper_id = kept_id
join shoppers as absorbed on absorbed.tenant_id = shopper_merges.tenant_id and absorbed.shopper_id = absorbed_id
where $1::uuid is null or merge_id < $1
order by merge_id desc
limit $2
"""
