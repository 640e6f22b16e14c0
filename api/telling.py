"""Telling: the sessions of shoppers and visitors hear what the merchant's server stored, as soon as it is committed.

Only what is recent is live news, and of a large call only the latest rows: the next training learns it all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from uuid import UUID

from api.sessions import BOUGHT, BROWSED, BROWSING, Deed, Purchases, owner
from api.state import State
from api.writes import Tell
from infra.database import Connection
from tenants.consent import list_personalised
from tenants.events import Event
from tenants.orders import Order
from tenants.suppression import list_suppressed

MOST_TOLD = 100
"""Rows of one call: telling them takes the event loop four milliseconds."""


async def tell_orders(conn: Connection, state: State, tenant_id: UUID, orders: Sequence[Order]) -> Tell:
    """What was bought, and what was given back or never sent. One read for all of them, none for old orders."""
    since = state.clock() - BOUGHT
    recent = [order for order in orders if order.shopper_id is not None and order.ordered_at >= since]
    recent = sorted(recent, key=lambda order: order.ordered_at)[-MOST_TOLD:]
    owners = await _shoppers(conn, tenant_id, (order.shopper_id for order in recent))
    by_owner = defaultdict[str, list[Order]](list)
    for order in recent:
        name = owners.get(order.shopper_id or "")
        if name is not None:
            by_owner[name].append(order)
    return partial(state.sessions.buy, {name: _purchases(orders) for name, orders in by_owner.items()})


async def tell_events(conn: Connection, state: State, tenant_id: UUID, events: Sequence[Event]) -> Tell:
    """What was viewed and carted: the shopper's if one is named, else the visitor's."""
    since = state.clock() - BROWSED
    recent = [one for one in events if one.type in BROWSING and one.product_id and one.occurred_at >= since]
    recent = sorted(recent, key=lambda event: event.occurred_at)[-MOST_TOLD:]
    shoppers = await _shoppers(conn, tenant_id, (event.shopper_id for event in recent))
    visitors = await _visitors(conn, tenant_id, (event.visitor_id for event in recent))
    by_owner = defaultdict[str, list[Deed]](list)
    for event in recent:
        name = shoppers.get(event.shopper_id) if event.shopper_id else visitors.get(event.visitor_id or "")
        if name is not None:
            by_owner[name].append(Deed(BROWSING[event.type], event.product_id or "", event.occurred_at.timestamp()))
    return partial(state.sessions.browse, by_owner)


async def _shoppers(conn: Connection, tenant_id: UUID, names: Iterable[str | None]) -> Mapping[str, str]:
    """The owners of those who may be personalised, by the names they were told under."""
    told = {name for name in names if name is not None}
    people = await list_personalised(conn, told) if told else {}
    return {name: owner(tenant_id, "shopper", person) for name, person in people.items()}


async def _visitors(conn: Connection, tenant_id: UUID, names: Iterable[str | None]) -> Mapping[str, str]:
    """The same of browsers: all but those of the erased."""
    told = {name for name in names if name is not None}
    erased = await list_suppressed(conn, "visitor", told) if told else set()
    return {name: owner(tenant_id, "visitor", name) for name in told - erased}


def _purchases(orders: Iterable[Order]) -> Purchases:
    """A product of an order that stands and of one that does not was bought."""
    bought, returned = dict[str, float](), set[str]()
    for order in orders:
        products = {line.product_id for line in order.lines}
        if order.status in ("cancelled", "returned"):
            returned |= products
        else:
            bought |= dict.fromkeys(products, order.ordered_at.timestamp())
    return Purchases(bought, returned - bought.keys())
