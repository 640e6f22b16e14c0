"""Erase: a person goes out of the record and stays out. Orders stay as sums without a name; all else is deleted."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from infra.database import Connection
from infra.errors import NotFound
from infra.ids import new_id
from tenants.audit import record_audit
from tenants.campaigns import forget_invited
from tenants.consent import announce_privacy
from tenants.experiment_subjects import forget_returned_subjects, forget_subjects
from tenants.identifiers import normalise_email
from tenants.import_columns import forget_columns
from tenants.merges import announce_identity, lock_identity
from tenants.personal_data import PERSONAL_TABLES, erase_rows
from tenants.preorder_links import forget_guests
from tenants.suppression import (
    Kind,
    Suppressed,
    find_erasure,
    lift_erasure,
    lock_people,
    read_suppressed,
    suppress,
)

PAGE = 5000

Identifier = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Erasure:
    """One line of the ledger; nothing in it tells who."""

    erasure_id: UUID
    requested_at: datetime
    finished_at: datetime | None
    """When the files were gone too."""
    counts: Mapping[str, int]
    """Rows by table."""


async def erase_person(conn: Connection, person: Identifier, *, actor: str) -> Erasure:
    """Erase everybody who goes by this id or e-mail address, and keep all their identifiers out from now on.

    The person need not be known: then only the identifier is kept out. Erasing again changes nothing and answers the
    same. API processes hear of it when the transaction commits. Defer `jobs.finish_erasure` on the same transaction.
    """
    await _hold_all(conn)
    found = await list_shopper_ids(conn, person)
    known = await find_erasure(conn, *person)
    if known is not None and not found:
        return await get_erasure(conn, known)
    erasure_id = new_id()
    await conn.execute("insert into erasures (erasure_id) values ($1)", erasure_id)
    await _erase(conn, erasure_id, person, found)
    await forget_columns(conn, await read_suppressed(conn))
    await record_audit(conn, actor=actor, action="erase shopper", subject=str(erasure_id))
    return await get_erasure(conn, erasure_id)


async def lift_erasure_of(conn: Connection, person: Identifier, *, actor: str) -> UUID:
    """Let a person in again who came back with fresh consent, under all identifiers; returns the erasure's id.

    Nothing that was erased comes back. Raises NotFound.
    """
    erasure_id = await find_erasure(conn, *person)
    if erasure_id is None:
        raise NotFound("Nobody who goes by that was erased.")
    await lift_erasure(conn, erasure_id)
    await record_audit(conn, actor=actor, action="lift erasure", subject=str(erasure_id))
    await announce_privacy(conn)
    return erasure_id


async def get_erasure(conn: Connection, erasure_id: UUID) -> Erasure:
    """Raises NotFound."""
    row = await conn.fetchrow(_GET, erasure_id)
    if row is None:
        raise NotFound(f"There is no erasure {erasure_id}.")
    return Erasure(**row)


async def finish_ledger(conn: Connection, erasure_id: UUID, *, now: datetime) -> None:
    """Note that nothing is left to do."""
    await conn.execute(
        "update erasures set finished_at = coalesce(finished_at, $2) where erasure_id = $1", erasure_id, now
    )


async def list_names(conn: Connection, person: Identifier) -> set[Identifier]:
    """Everything that the person goes by, what was asked for included: whose sessions are to be forgotten."""
    return {person, *await _list_identifiers(conn, await list_shopper_ids(conn, person))}


async def list_shopper_ids(conn: Connection, person: Identifier) -> list[UUID]:
    """All records of everybody who goes by it: merged ones, and others with the same address."""
    kind, value = person
    # In the spelling that is stored: a suppression's folds more, and would miss an address with an ß.
    found = await (conn.fetch(_BY_EMAIL, normalise_email(value)) if kind == "email" else conn.fetch(_BY_ID, value))
    return [row["shopper_id"] for row in found]


async def replay_erasures(conn: Connection) -> int:
    """Erase again whoever is suppressed and in the record, as after the restore of a backup; returns how many shoppers.

    What their browsers did goes too, also where the backup does not know yet whose browsers these are.
    """
    await _hold_all(conn)
    suppressed = await read_suppressed(conn)
    if not suppressed.hashes:
        return 0
    erased = [one async for one in _list_returned(conn, suppressed)]
    for erasure_id, person in erased:
        await _erase(conn, erasure_id, person, await list_shopper_ids(conn, person))
    await conn.fetchval(_DELETE_BROWSED, [one async for one in _list_told(conn, suppressed, "visitor")])
    await conn.fetchval(_DELETE_TOLD, [one async for one in _list_told(conn, suppressed, "external_id")])
    await forget_returned_subjects(conn, suppressed)
    await forget_columns(conn, suppressed)
    return len(erased)


async def _hold_all(conn: Connection) -> None:
    """Nobody is stored or merged meanwhile; in the order in which all writers take these."""
    await lock_people(conn, shared=False)
    await lock_identity(conn)


async def _erase(conn: Connection, erasure_id: UUID, person: Identifier, shopper_ids: Sequence[UUID]) -> None:
    """All in the caller's transaction."""
    identifiers = {person, *await _list_identifiers(conn, shopper_ids)}
    names = [row["name"] for row in await conn.fetch(_NAMES, shopper_ids)]
    await suppress(conn, erasure_id, identifiers)
    counts = {
        table.name: await erase_rows(conn, table, shopper_ids) for table in PERSONAL_TABLES if table.erase != "keep"
    }
    counts["events"] += await conn.fetchval(
        _DELETE_BROWSED, [value for kind, value in identifiers if kind == "visitor"]
    )
    counts["events"] += await conn.fetchval(
        _DELETE_TOLD, [value for kind, value in identifiers if kind == "external_id"]
    )
    counts["experiment_subjects"] += await forget_subjects(
        conn,
        shoppers=[value for kind, value in identifiers if kind == "external_id"],
        visitors=[value for kind, value in identifiers if kind == "visitor"],
    )
    counts["preorders"] += await forget_guests(conn, [value for kind, value in identifiers if kind == "email"])
    await forget_invited(conn, [value for kind, value in identifiers if kind == "external_id"])
    await _forget_mentions(conn, erasure_id, [*(value for _, value in identifiers), *names])
    await conn.execute(_COUNT, erasure_id, counts)
    await announce_identity(conn)
    await announce_privacy(conn)


async def _list_identifiers(conn: Connection, shopper_ids: Sequence[UUID]) -> list[Identifier]:
    """Everything that these shoppers go by."""
    return [(row["kind"], row["value"]) for row in await conn.fetch(_IDENTIFIERS, shopper_ids)]


async def _forget_mentions(conn: Connection, erasure_id: UUID, values: Sequence[str]) -> None:
    """Old answers that name the person, and what the audit log calls them."""
    quoted = [msgspec.json.encode(value) for value in values]
    await conn.execute(_FORGET_ANSWERS, quoted)
    await conn.execute(_FORGET_AUDIT, list(values), [one.decode() for one in quoted], str(erasure_id))


async def _list_returned(conn: Connection, suppressed: Suppressed) -> AsyncIterator[tuple[UUID, Identifier]]:
    """Shoppers in the record who must not be there: by which erasure, and an id to find them by."""
    after = ""
    while rows := await conn.fetch(_PEOPLE, after, PAGE):
        after = rows[-1]["external_id"]
        for row in rows:
            fields: tuple[tuple[Kind, str | None], ...] = (
                ("external_id", row["external_id"]), ("email", row["email"]), ("phone", row["phone"])
            )  # fmt: skip
            hit = next(((kind, value) for kind, value in fields if value and suppressed.holds(kind, value)), None)
            erasure_id = None if hit is None else await find_erasure(conn, *hit)
            if erasure_id is not None:
                yield erasure_id, ("external_id", row["external_id"])


async def _list_told(
    conn: Connection, suppressed: Suppressed, kind: Literal["visitor", "external_id"]
) -> AsyncIterator[str]:
    """Who must not be there, of those who stand in events that have no shopper of the record."""
    after, listed = "", _BROWSERS if kind == "visitor" else _TOLD
    while rows := await conn.fetch(listed, after, PAGE):
        after = rows[-1]["value"]
        for row in rows:
            if suppressed.holds(kind, row["value"]):
                yield row["value"]


_GET = """
select erasure_id, requested_at, finished_at, counts
from erasures
where erasure_id = $1
"""

_COUNT = """
insert into erasures (erasure_id, counts)
values ($1, $2)
on conflict (tenant_id, erasure_id) do update
set counts = excluded.counts
"""

_FAMILY = """
with roots as (
    select coalesce(merged_into, shopper_id) as root_id
    from shoppers
    where {found}
)
select shopper_id
from shoppers
where shopper_id in (select root_id from roots) or merged_into in (select root_id from roots)
"""

_BY_ID = _FAMILY.format(found="external_id = $1")

_BY_EMAIL = _FAMILY.format(
    found="""lower(email) = $1
        or shopper_id in (select shopper_id from shopper_identifiers where kind = 'email' and lower(value) = $1)"""
)

_IDENTIFIERS = """
select 'external_id' as kind, external_id as value from shoppers where shopper_id = any($1::uuid[])
union
select 'email', email from shoppers where shopper_id = any($1::uuid[]) and email <> ''
union
select 'phone', phone from shoppers where shopper_id = any($1::uuid[]) and phone <> ''
union
select kind, value from shopper_identifiers where shopper_id = any($1::uuid[])
union
select 'visitor', visitor_id from events where shopper_id = any($1::uuid[]) and visitor_id is not null
union
select 'visitor', visitor_id from experiment_subjects where shopper_id = any($1::uuid[]) and visitor_id is not null
"""

# What a merchant may have named after them.
_NAMES = """
select external_id as name from people where shopper_id = any($1::uuid[])
union
select external_id from measurement_profiles where shopper_id = any($1::uuid[])
"""

# What a browser did before its shopper was known; what it did for another shopper is that one's.
_DELETE_BROWSED = """
with done as (
    delete from events
    where visitor_id = any($1::text[]) and shopper_id is null
    returning true
)
select count(*) from done
"""

# What a page told of them before the record knew them.
_DELETE_TOLD = """
with done as (
    delete from events
    where told_shopper = any($1::text[])
    returning true
)
select count(*) from done
"""

_FORGET_ANSWERS = """
delete from idempotency_keys
using unnest($1::bytea[]) as named (quoted)
where position(named.quoted in answer) > 0
"""

_FORGET_AUDIT = """
update audit_log
set subject = $3, details = '{}'
where string_to_array(subject, ' ') && $1::text[] or subject = any($1::text[])
    or exists (select from unnest($2::text[]) as named (quoted) where position(named.quoted in details::text) > 0)
"""

_PEOPLE = """
select external_id, email, phone
from shoppers
where external_id > $1
order by external_id
limit $2
"""

_BROWSERS = """
select distinct visitor_id as value
from events
where shopper_id is null and visitor_id > $1
order by visitor_id
limit $2
"""

_TOLD = """
select distinct told_shopper as value
from events
where told_shopper > $1
order by told_shopper
limit $2
"""
