"""Proven: who asks from a page for something of their own: the shopper whom a token vouches for, or a stranger.

Whether a shopper lets pages be personalised plays no part in what they ask, order or delete themselves.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.state import State
from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.named import Named, make_shoppers
from tenants.suppression import ERASED, find_suppressed


class Asker(NamedTuple):
    """The tenant, and the shopper by the merchant's id if a token proves one."""

    tenant_id: UUID
    shopper_id: str | None


class Proven(NamedTuple):
    """The same where there is nothing to see or do for a stranger."""

    tenant_id: UUID
    shopper_id: str


async def open_asker(state: State, *, key: str, token: str | None, now: datetime) -> Asker:
    """Raises Unauthenticated for a bad key or token."""
    if token is not None:
        return Asker(*await open_proven(state, key=key, token=token, now=now))
    return Asker((await state.keys.caller(key, "publishable")).tenant_id, None)


async def open_proven(state: State, *, key: str, token: str, now: datetime) -> Proven:
    """Raises Unauthenticated for a bad key or token."""
    tenant_id = (await state.keys.caller(key, "publishable")).tenant_id
    return Proven(tenant_id, await state.tokens.shopper(token, tenant_id, now.timestamp()))


async def find_asker(conn: Connection, shopper_id: str | None) -> Named | None:
    """Their record, made when the merchant has not told of them yet, and held; None for nobody, and for who was erased.

    Call it before the transaction's first write.
    """
    if shopper_id is None or await find_suppressed(conn, [("external_id", shopper_id)]):
        return None
    return (await make_shoppers(conn, [shopper_id]))[shopper_id]


async def name_proven(conn: Connection, shopper_id: str) -> Named:
    """The same. Raises Invalid for who was erased."""
    named = await find_asker(conn, shopper_id)
    if named is None:
        error = FieldError("token", ERASED)
        raise Invalid(f"The field 'token' is not valid: it {ERASED}.", errors=(error,))
    return named
