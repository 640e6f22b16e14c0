"""Members: who may do what in a tenant's portal."""

from typing import Literal
from uuid import UUID

from infra.database import Connection

Role = Literal["owner", "admin", "editor", "viewer"]


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
