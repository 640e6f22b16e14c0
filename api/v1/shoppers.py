"""/v1/shoppers: the people a merchant sells to."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from msgspec import Struct

from api.resources import Resource
from api.sessions import list_owners
from api.state import State
from api.v1.orders import learn_later, learn_of_merges
from api.writes import Tell
from infra.database import Connection
from tenants.shoppers import (
    Shopper,
    StoredShopper,
    delete_shopper,
    get_shopper,
    list_shoppers,
    upsert_shoppers,
)


class ShopperPage(Struct, frozen=True, kw_only=True):
    """Shoppers by id."""

    items: Sequence[StoredShopper]
    next: str | None


async def forget_shopper(conn: Connection, state: State, tenant_id: UUID, shopper_id: str) -> Tell:
    """The next model must not know them, and their sessions go with them."""
    await learn_later(conn, state, tenant_id)
    return partial(state.sessions.forget, await list_owners(conn, tenant_id, ("external_id", shopper_id)))


SHOPPERS = Resource(
    name="shoppers",
    document=Shopper,
    stored=StoredShopper,
    page=ShopperPage,
    store=upsert_shoppers,
    get=get_shopper,
    list_page=list_shoppers,
    delete=delete_shopper,
    after=learn_of_merges,
    before_delete=forget_shopper,
)
