"""Members: who may do what in a tenant's portal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from infra.database import Connection

Role = Literal["owner", "admin", "editor", "viewer"]


@dataclass(frozen=True, slots=True)
class Member:
    """An account's role in this tenant."""

    account_id: UUID
    email: str
    role: Role


async def upsert_member(conn: Connection, account_id: UUID, role: Role) -> None:
    """Give the account this role, whatever it had before."""
    await conn.execute(
        """
        insert into members (account_id, role) values ($1, $2)
        on conflict (tenant_id, account_id) do update set role = excluded.role
        """,
        account_id,
        role,
    )


async def list_members(conn: Connection) -> Sequence[Member]:
    rows = await conn.fetch(
        "select account_id, email, role from members join accounts using (account_id) order by email"
    )
    return [Member(**row) for row in rows]
