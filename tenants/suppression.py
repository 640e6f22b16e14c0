"""Suppressions: identifiers of people who were erased and may not come back by a feed, kept as keyed hashes only."""

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.database import Connection
from infra.errors import FieldError

Kind = Literal["external_id", "email", "phone", "visitor"]
Row = tuple[str, Sequence[tuple[str, Kind, str | None]]]
"""A document's id, and its identifying fields: name, kind, value."""

ERASED = "names a person who was erased and may come back only by fresh consent (POST /v1/erasures:lift)"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """All suppressed identifiers of a tenant, to ask in memory."""

    salt: bytes = b""
    hashes: frozenset[bytes] = frozenset()
    lifted: Mapping[bytes, datetime] = field(default_factory=dict)
    """Those that are let in again, and when they were erased."""

    def holds(self, kind: Kind, value: str) -> bool:
        return bool(self.hashes) and hash_identifier(self.salt, kind, value) in self.hashes

    def began_anew(self, kind: Kind, value: str, *, since: datetime) -> bool:
        """Whether who came back was erased after `since`: what is older must not be used."""
        erased_at = self.lifted.get(hash_identifier(self.salt, kind, value)) if self.lifted else None
        return erased_at is not None and erased_at >= since


async def suppress(conn: Connection, erasure_id: UUID, identifiers: Iterable[tuple[Kind, str]]) -> int:
    """Keep these identifiers out from now on; returns how many. Harmless to repeat."""
    salt = await _read_salt(conn)
    named = [(kind, hash_identifier(salt, kind, value)) for kind, value in identifiers]
    await restore_suppressions(conn, erasure_id, named)
    return len(named)


async def restore_suppressions(conn: Connection, erasure_id: UUID, hashes: Iterable[tuple[str, bytes]]) -> None:
    """The same for identifiers that are known by their hashes only."""
    named = sorted(set(hashes))
    await conn.execute(_SUPPRESS, [kind for kind, _ in named], [sha256 for _, sha256 in named], erasure_id)


async def find_erasure(conn: Connection, kind: Kind, value: str) -> UUID | None:
    """The erasure that keeps this identifier out."""
    sha256 = hash_identifier(await _read_salt(conn), kind, value)
    found: UUID | None = await conn.fetchval(_ERASURE, kind, sha256)
    return found


async def lift_erasure(conn: Connection, erasure_id: UUID) -> None:
    """Let all identifiers of an erasure in again."""
    await conn.execute(
        "update suppressions set lifted_at = now() where erasure_id = $1 and lifted_at is null", erasure_id
    )


async def list_hashes(conn: Connection, erasure_id: UUID) -> list[tuple[str, bytes]]:
    """Kind and hash of what an erasure keeps out."""
    rows = await conn.fetch(
        "select kind, sha256 from suppressions where erasure_id = $1 and lifted_at is null", erasure_id
    )
    return [(row["kind"], bytes(row["sha256"])) for row in rows]


async def find_suppressed(conn: Connection, wanted: Collection[tuple[Kind, str]]) -> set[tuple[Kind, str]]:
    """Those that may not come back: kind and value. Two short queries while nobody was erased.

    Call it before a transaction's first write: see `lock_people`.
    """
    if not wanted:
        return set()
    salt = await lock_people(conn, shared=True)
    if not await conn.fetchval("select exists (select from suppressions where lifted_at is null)"):
        return set()
    hashes = {(kind, value): hash_identifier(salt, kind, value) for kind, value in wanted}
    rows = await conn.fetch(_FIND, [kind for kind, _ in hashes], list(hashes.values()))
    found = {(row["kind"], bytes(row["sha256"])) for row in rows}
    return {(kind, value) for (kind, value), sha256 in hashes.items() if (kind, sha256) in found}


async def list_suppressed(conn: Connection, kind: Kind, values: Iterable[str]) -> set[str]:
    """The same for values of one kind."""
    wanted = {(kind, value) for value in values}
    return {value for _, value in await find_suppressed(conn, wanted)}


async def refuse_suppressed(conn: Connection, rows: Iterable[Row]) -> dict[str, FieldError]:
    """The rows to refuse, by their ids, each with the first field that names an erased person."""
    given = list(rows)
    erased = await find_suppressed(conn, {(kind, value) for _, fields in given for _, kind, value in fields if value})
    if not erased:
        return {}
    named = (
        (name, field) for name, fields in given for field, kind, value in reversed(fields) if (kind, value) in erased
    )
    return {name: FieldError(field, ERASED) for name, field in named}


async def lock_people(conn: Connection, *, shared: bool) -> bytes:
    """Hold an erasure off while people are written (shared), or writers while a person is erased; returns the salt.

    Taken before anything else in a transaction, so that nobody waits in a circle. Without it a batch that looked
    before an erasure committed would bring the person back.
    """
    salt: bytes = await conn.fetchval(_LOCK_SHARED if shared else _LOCK)
    return salt


async def read_suppressed(conn: Connection) -> Suppressed:
    """All of them."""
    rows = await conn.fetch("select sha256, erased_at, lifted_at from suppressions")
    return Suppressed(
        await _read_salt(conn),
        frozenset(bytes(row["sha256"]) for row in rows if row["lifted_at"] is None),
        {bytes(row["sha256"]): row["erased_at"] for row in rows if row["lifted_at"] is not None},
    )


def hash_identifier(salt: bytes, kind: Kind, value: str) -> bytes:
    """32 bytes: HMAC-SHA256 over the kind and the identifier in its normal form, keyed with the tenant's salt."""
    return hmac.digest(salt, f"{kind}:{normalise(kind, value)}".encode(), "sha256")


def normalise(kind: Kind, value: str) -> str:
    """Spellings of the same address or number become one; ids are taken as they are."""
    if kind == "email":
        return value.strip().casefold()
    if kind == "phone":
        return "".join(character for character in value if character.isdigit()).lstrip("0")
    return value


async def _read_salt(conn: Connection) -> bytes:
    salt: bytes = await conn.fetchval("select privacy_salt from tenants where tenant_id = current_tenant()")
    return salt


_LOCK = """
select privacy_salt, pg_advisory_xact_lock(hashtextextended(tenant_id::text, 7))
from tenants
where tenant_id = current_tenant()
"""

_LOCK_SHARED = _LOCK.replace("xact_lock", "xact_lock_shared")

_FIND = """
select kind, sha256
from suppressions
join unnest($1::text[], $2::bytea[]) as asked (kind, sha256) using (kind, sha256)
where lifted_at is null
"""

_SUPPRESS = """
insert into suppressions (kind, sha256, erasure_id)
select kind, sha256, $3
from unnest($1::text[], $2::bytea[]) as named (kind, sha256)
order by kind, sha256
on conflict (tenant_id, kind, sha256) do update
set lifted_at = null, erasure_id = excluded.erasure_id, erased_at = now()
where suppressions.lifted_at is not null
"""

_ERASURE = """
select erasure_id
from suppressions
where kind = $1 and sha256 = $2 and lifted_at is null
"""
