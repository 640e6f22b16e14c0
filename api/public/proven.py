"""Proven: a page whose shopper is vouched for by a token, where there is nothing to see or do for a stranger."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.state import State
from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.named import Named, make_shoppers
from tenants.suppression import ERASED, list_suppressed


class Proven(NamedTuple):
    """The tenant, and the shopper by the merchant's id."""

    tenant_id: UUID
    shopper_id: str


async def open_proven(state: State, *, key: str, token: str, now: datetime) -> Proven:
    """Whether a shopper lets pages be personalised plays no part: they do something themselves here.

    Raises Unauthenticated for a bad key or token.
    """
    caller = state.keys.find_caller(key, "publishable") or await state.keys.caller(key, "publishable")
    return Proven(caller.tenant_id, await state.tokens.shopper(token, caller.tenant_id, now.timestamp()))


async def name_proven(conn: Connection, proven: Proven) -> Named:
    """Their record, made when the merchant has not told of them yet. Call it before the transaction's first write.

    Raises Invalid for one who was erased.
    """
    if await list_suppressed(conn, "external_id", [proven.shopper_id]):
        error = FieldError("token", ERASED)
        raise Invalid(f"The field 'token' is not valid: it {ERASED}.", errors=(error,))
    return (await make_shoppers(conn, [proven.shopper_id]))[proven.shopper_id]
