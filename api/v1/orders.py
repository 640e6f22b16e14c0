"""/v1/orders: what was bought. A change queues one training, however many follow."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from msgspec import Struct

from api.resources import Resource
from api.sessions import BOUGHT, Purchases, owner
from api.state import State
from api.writes import Tell
from infra.database import Connection
from recommender.jobs import defer_training
from tenants.consent import list_personalised
from tenants.orders import Order, StoredOrder, check_order, delete_order, get_order, list_orders, upsert_orders

MOST_TOLD = 200


class OrderPage(Struct, frozen=True, kw_only=True):
    """Orders by id."""

    items: Sequence[StoredOrder]
    next: str | None


async def learn_later(conn: Connection, state: State, tenant_id: UUID) -> None:
    """Queue a training that waits a while for more orders."""
    wait = timedelta(seconds=state.settings.train_after_seconds)
    await defer_training(conn, tenant_id, run_at=state.clock() + wait)


async def tell_sessions(conn: Connection, state: State, tenant_id: UUID, orders: Sequence[Order]) -> Tell:
    """Let the sessions of those who bought of late know. Of a large call only the latest orders: it is no live news,
    and the next training learns it all."""
    since = state.clock() - BOUGHT
    recent = [order for order in orders if order.shopper_id is not None and order.ordered_at >= since]
    recent = sorted(recent, key=lambda order: order.ordered_at)[-MOST_TOLD:]
    people = await list_personalised(conn, {order.shopper_id or "" for order in recent}) if recent else {}
    by_owner = defaultdict[str, list[Order]](list)
    for order in recent:
        if order.shopper_id in people:
            by_owner[owner(tenant_id, "shopper", people[order.shopper_id])].append(order)
    return partial(state.sessions.buy, {name: _purchases(orders) for name, orders in by_owner.items()})


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


ORDERS = Resource(
    name="orders",
    document=Order,
    stored=StoredOrder,
    page=OrderPage,
    store=upsert_orders,
    get=get_order,
    list_page=list_orders,
    delete=delete_order,
    check=check_order,
    after=learn_later,
    tell=tell_sessions,
)
