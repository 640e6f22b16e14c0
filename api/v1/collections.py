"""/v1/collections: limited collections: a theme, a window, an audience."""

from collections.abc import Sequence

from msgspec import Struct

from api.resources import Resource
from tenants.collections import (
    Collection,
    StoredCollection,
    delete_collection,
    get_collection,
    list_collections,
    upsert_collections,
)


class CollectionPage(Struct, frozen=True, kw_only=True):
    """Collections by id."""

    items: Sequence[StoredCollection]
    next: str | None


COLLECTIONS = Resource(
    name="collections",
    document=Collection,
    stored=StoredCollection,
    page=CollectionPage,
    store=upsert_collections,
    get=get_collection,
    list_page=list_collections,
    delete=delete_collection,
    audited=True,
)
