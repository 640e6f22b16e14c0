"""/v1/products: the catalogue."""

from collections.abc import Sequence

from msgspec import Struct

from api.resources import Resource
from tenants.products import (
    Product,
    StoredProduct,
    delete_product,
    get_product,
    list_products,
    upsert_products,
)


class ProductPage(Struct, frozen=True, kw_only=True):
    """Products by id."""

    items: Sequence[StoredProduct]
    next: str | None


PRODUCTS = Resource(
    name="products",
    document=Product,
    stored=StoredProduct,
    page=ProductPage,
    store=upsert_products,
    get=get_product,
    list_page=list_products,
    delete=delete_product,
)
