"""/v1/orders: what was bought. A change queues one training, however many follow."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from api.resources import Resource
from api.state import State
from api.telling import tell_orders
from infra.database import Connection
from recommender.jobs import defer_training
from tenants.merges import merged_now
from tenants.orders import Order, StoredOrder, check_order, delete_order, get_order, list_orders, upsert_orders


class OrderPage(Struct, frozen=True, kw_only=True):
    """Orders by id."""

    items: Sequence[StoredOrder]
    next: str | None


async def learn_later(conn: Connection, state: State, tenant_id: UUID) -> None:
    """Queue a training that waits a while for more orders."""
    wait = timedelta(seconds=state.settings.train_after_seconds)
    await defer_training(conn, tenant_id, run_at=state.clock() + wait)


async def learn_of_merges(conn: Connection, state: State, tenant_id: UUID) -> None:
    """Queue one if this transaction merged shoppers: the model is to know them under the id that was kept."""
    if await merged_now(conn):
        await learn_later(conn, state, tenant_id)


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
    tell=tell_orders,
)
