"""Idempotency: the answer to a keyed call, stored with its effect and given again when the call is repeated."""

from dataclasses import dataclass

from infra.database import Connection
from infra.errors import Invalid


class KeyReused(Invalid):
    """An Idempotency-Key stands for one request only."""

    code = "idempotency_key_reused"
    hint = "Use a new Idempotency-Key for a different request; repeat the same bytes to get the same answer."


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered the first time."""

    status: int
    body: bytes


async def take_key(conn: Connection, key: str, request_sha256: bytes) -> StoredAnswer | None:
    """Claim the key for this transaction (None), or return the answer that it already has.

    A second call at the same moment waits here until the first commits. Raises KeyReused when the request differs.
    """
    claimed = await conn.fetchval(
        """
        insert into idempotency_keys (idempotency_key, request_sha256) values ($1, $2)
        on conflict (tenant_id, idempotency_key) do nothing
        returning true
        """,
        key,
        request_sha256,
    )
    return None if claimed else await _stored(conn, key, request_sha256)


async def keep_answer(conn: Connection, key: str, answer: StoredAnswer) -> None:
    """Remember the answer; it becomes visible with the effect."""
    await conn.execute(
        "update idempotency_keys set status = $2, answer = $3 where idempotency_key = $1",
        key,
        answer.status,
        answer.body,
    )


async def forget_old_keys(conn: Connection, *, hours: int = 48) -> int:
    """Drop what no client will repeat any more; returns how many."""
    rows = await conn.fetch(
        "delete from idempotency_keys where created_at < now() - make_interval(hours => $1) returning true", hours
    )
    return len(rows)


async def _stored(conn: Connection, key: str, request_sha256: bytes) -> StoredAnswer:
    row = await conn.fetchrow(
        "select request_sha256, status, answer from idempotency_keys where idempotency_key = $1", key
    )
    assert row is not None
    if row["request_sha256"] != request_sha256:
        raise KeyReused(f"The Idempotency-Key {key!r} was used for another request.")
    return StoredAnswer(row["status"], row["answer"])
