"""Visitors: browsers without a name, and the shopper whom the merchant's server names for one."""

from dataclasses import dataclass

from infra.database import Connection
from infra.errors import FieldError, Invalid, NotFound
from tenants.identifier_kinds import read_rules
from tenants.identifiers import Claim, add_claim
from tenants.identity import over_limit
from tenants.merges import lock_identity
from tenants.named import follow_named, name_shoppers
from tenants.suppression import refuse_suppressed


@dataclass(frozen=True, slots=True)
class Attached:
    """What became the shopper's."""

    events: int


async def attach_visitor(conn: Connection, external_id: str, visitor_id: str) -> Attached:
    """Let the visitor's events that are nobody's become the shopper's; events of others stay theirs.

    Call it at each sign-in: again it takes what came since. Several shoppers may share a browser up to its limit.
    Raises NotFound, and Invalid when the browser is over its limit or the visitor was erased.
    """
    erased = await refuse_suppressed(conn, [("", (("visitor_id", "visitor", visitor_id),))])
    if erased:
        raise Invalid("The visitor was erased.", errors=tuple(erased.values()))
    await lock_identity(conn)
    named = (await name_shoppers(conn, [external_id])).get(external_id)
    if named is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    limit = (await read_rules(conn))["visitor"].limit
    if await conn.fetchval(_OTHERS, visitor_id, named.row_id) >= limit:
        error = FieldError("visitor_id", over_limit("visitor", limit))
        raise Invalid(f"The visitor id {error.reason}.", errors=(error,))
    await add_claim(conn, named.row_id, Claim("visitor", visitor_id, True, "visitor_id"))
    rows = await conn.fetch(_TAKE, named.shopper_id, visitor_id)
    await follow_named(conn, "events", ((row["event_id"], named) for row in rows))
    return Attached(len(rows))


_OTHERS = "select count(*) from shopper_identifiers where kind = 'visitor' and value = $1 and shopper_id <> $2"

_TAKE = """
update events
set shopper_id = $1
where visitor_id = $2 and shopper_id is null
returning event_id
"""
