"""/v1/shoppers: the people a merchant sells to."""

from collections.abc import Sequence

from msgspec import Struct

from api.resources import Resource
from api.v1.orders import learn_later, learn_of_merges
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
    after_delete=learn_later,  # the next model must not know them
)
