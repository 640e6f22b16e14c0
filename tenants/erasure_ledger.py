"""Erasure ledger: the hashes of who was erased, beside the artifacts, so that no restored backup brings anyone back.

One file an erasure: {"requested_at": …, "identifiers": [["email", "<hex of the keyed hash>"], …]}. Without the tenant's
salt, which is in the database only, a file tells nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from infra.artifacts import Artifacts
from infra.database import Connection
from tenants.erase import replay_erasures
from tenants.suppression import list_hashes, restore_suppressions


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """What was erased, as hashes."""

    erasure_id: UUID
    requested_at: datetime
    identifiers: tuple[tuple[str, str], ...]


async def make_entry(conn: Connection, erasure_id: UUID, requested_at: datetime) -> LedgerEntry:
    hashes = await list_hashes(conn, erasure_id)
    return LedgerEntry(
        erasure_id=erasure_id,
        requested_at=requested_at,
        identifiers=tuple((kind, sha256.hex()) for kind, sha256 in hashes),
    )


async def write_entry(store: Artifacts, tenant_id: UUID, entry: LedgerEntry) -> None:
    """Keep it; one whose identifiers were all let in again goes."""
    key = f"{_folder(tenant_id)}/{entry.erasure_id}.json"
    if entry.identifiers:
        await store.put(key, msgspec.json.encode(entry))
    else:
        await store.delete(key)


async def read_ledger(store: Artifacts, tenant_id: UUID) -> list[LedgerEntry]:
    """All erasures of the tenant, also those that a restored database has never heard of."""
    keys = await store.list_keys(_folder(tenant_id))
    return [msgspec.json.decode(await store.get(key), type=LedgerEntry) for key in keys]


async def replay_ledger(conn: Connection, ledger: Sequence[LedgerEntry]) -> int:
    """Erase again whoever the restored backup brought back; returns how many. Harmless to repeat."""
    for entry in ledger:
        await conn.execute(_REMEMBER, entry.erasure_id, entry.requested_at)
        hashes = [(kind, bytes.fromhex(sha256)) for kind, sha256 in entry.identifiers]
        await restore_suppressions(conn, entry.erasure_id, hashes)
    return await replay_erasures(conn)


def _folder(tenant_id: UUID) -> str:
    return f"{tenant_id}/erasures"


_REMEMBER = """
insert into erasures (erasure_id, requested_at)
values ($1, $2)
on conflict (tenant_id, erasure_id) do nothing
"""
