"""Collections: limited ones, products under a theme that are shown together for a time, to everybody or to some.

An exclusive collection's products are shown nowhere outside its window and to nobody outside its audience. A product
of two of them is shown where either is open.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, NotFound
from tenants.attributes import AttributeDefinition, Locale, find_definitions
from tenants.consent import allowed
from tenants.fields import ExternalId, Moment, ShortText, check_moments, check_period
from tenants.named import name_shoppers
from tenants.shop_documents import delete_document, find_document, list_documents, refuse_too_many, upsert_documents
from tenants.shopper_filters import AttributeFilter, all_hold, find_wrong_filter
from tenants.upserts import Upserted


class Audience(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """To whom it is open. Only a shopper who is proven and may be recognised is held by a list or by attributes."""

    kind: Literal["everyone", "shoppers", "attributes"] = "everyone"
    shoppers: Annotated[
        tuple[ExternalId, ...], Meta(max_length=1000, description="For more, give them an attribute.")
    ] = ()
    attributes: Annotated[tuple[AttributeFilter, ...], Meta(max_length=20, description="All must hold.")] = ()

    def __post_init__(self) -> None:
        if self.shoppers and self.kind != "shoppers":
            raise ValueError("a list of shoppers belongs to an audience of the kind 'shoppers'")
        if bool(self.attributes) != (self.kind == "attributes"):
            raise ValueError("attributes belong to an audience of the kind 'attributes', and it needs some")
        if len({*self.shoppers}) < len(self.shoppers):
            raise ValueError("shoppers must differ from one another")

    @property
    def personal(self) -> bool:
        return self.kind != "everyone"


class Collection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Products under a theme, when, and for whom."""

    id: ExternalId
    title: Annotated[dict[Locale, Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=100)] = {}
    theme: ShortText = ""
    products: Annotated[
        tuple[ExternalId, ...], Meta(min_length=1, max_length=1000, description="In the order in which they are shown.")
    ]
    starts_at: Moment | None = None
    ends_at: Annotated[Moment | None, Meta(description="The first moment at which it is no longer open.")] = None
    audience: Audience = Audience()
    exclusive: Annotated[
        bool, Meta(description="true: its products are shown nowhere else, at no other time and to nobody else.")
    ] = False

    def __post_init__(self) -> None:
        if len({*self.products}) < len(self.products):
            raise ValueError("products must differ from one another")
        check_moments(starts_at=self.starts_at, ends_at=self.ends_at)
        check_period(start=self.starts_at, end=self.ends_at, name="the window (starts_at, ends_at)")


class StoredCollection(Collection, frozen=True, kw_only=True):
    """A collection as we hold it."""

    created_at: Moment
    updated_at: Moment


async def upsert_collections(conn: Connection, collections: Sequence[Collection]) -> Upserted:
    """Store each as given, in full; ids must differ. One whose audience names shoppers that there are not, or compares
    attributes as they cannot be, is refused. Raises TooManyDocuments."""
    refuse_too_many("collections", len(collections))
    named = await name_shoppers(conn, {one for collection in collections for one in collection.audience.shoppers})
    definitions = await find_definitions(conn, "shopper")
    found = {one.id: _find_wrong(one, named.keys(), definitions) for one in collections}
    refused = {name: error for name, error in found.items() if error is not None}
    good = [one for one in collections if one.id not in refused]
    stored = await upsert_documents(conn, "collections", [_without_shoppers(one) for one in good])
    members = [(one.id, named[shopper].row_id) for one in good for shopper in one.audience.shoppers]
    changed = await _store_members(conn, [one.id for one in good], members)
    outcomes = {
        name: "updated" if outcome == "unchanged" and name in changed else outcome
        for name, outcome in stored.outcomes.items()
    }
    return replace(stored, outcomes=outcomes, refused=refused)


async def get_collection(conn: Connection, name: str) -> StoredCollection:
    """Raises NotFound."""
    found = await find_document(conn, "collections", name, StoredCollection)
    if found is None:
        raise _no_collection(name)
    return (await _with_shoppers(conn, [found]))[0]


async def list_collections(conn: Connection, *, after: str, limit: int) -> Sequence[StoredCollection]:
    """By id, starting behind `after` ('' from the start)."""
    return await _with_shoppers(
        conn, await list_documents(conn, "collections", StoredCollection, after=after, limit=limit)
    )


async def delete_collection(conn: Connection, name: str) -> None:
    """Raises NotFound."""
    if not await delete_document(conn, "collections", name):
        raise _no_collection(name)
    await conn.execute("delete from collection_shoppers where collection_id = $1", name)


async def read_collections(conn: Connection) -> Sequence[StoredCollection]:
    """All of a shop, to serve from: without the shoppers whom they name."""
    return await list_documents(conn, "collections", StoredCollection)


async def collections_changed_since(conn: Connection, mark: int) -> bool:
    """Whether one was stored or deleted since a mark of `products.read_change_mark`."""
    changed: bool = await conn.fetchval("select exists (select from collections where changed_in >= $1)", mark)
    return changed


async def list_open_to(conn: Connection, shopper_id: UUID, *, now: datetime) -> frozenset[str]:
    """Ids of the collections with a personal audience that are open now and hold this shopper, by any of their ids.

    Whether the shopper may be recognised is for the caller to know. An audience that goes by an attribute which is no
    longer defined so holds nobody.
    """
    rows = await conn.fetch(_OPEN_PERSONAL, shopper_id, now)
    held = {row["document_id"] for row in rows if row["named"]}
    wanted = {
        row["document_id"]: msgspec.convert(row["attributes"], tuple[AttributeFilter, ...])
        for row in rows
        if row["kind"] == "attributes"
    }
    return frozenset(held | await _matching(conn, shopper_id, wanted)) if wanted else frozenset(held)


async def is_closed(conn: Connection, product_id: str, shopper_id: UUID | None, *, now: datetime) -> bool:
    """Whether the product is of exclusive collections and none of them is open to this shopper (None: a stranger, as
    is one who does not want to be recognised)."""
    rows = await conn.fetch(_EXCLUSIVE, product_id, now)
    if not rows or any(row["open"] and row["kind"] == "everyone" for row in rows):
        return False
    personal = {row["document_id"] for row in rows if row["open"]}
    if not personal or shopper_id is None or not await allowed(conn, shopper_id, "personalisation"):
        return True
    return personal.isdisjoint(await list_open_to(conn, shopper_id, now=now))


async def _matching(conn: Connection, shopper_id: UUID, wanted: Mapping[str, Sequence[AttributeFilter]]) -> set[str]:
    """Names of those filters that all hold for the shopper."""
    definitions = await find_definitions(conn, "shopper")
    tests, values = list[str](), list[object]()
    for name, filters in wanted.items():
        if any(find_wrong_filter(one, definitions) for one in filters):
            continue
        condition = all_hold(filters, definitions, first=len(values) + 2)
        values += [*condition.values, name]
        tests.append(f"case when {condition.sql} then ${len(values) + 1}::text end")
    if not tests:
        return set()
    found = await conn.fetchval(
        f"select array_remove(array[{', '.join(tests)}], null) from shoppers where shopper_id = $1", shopper_id, *values
    )
    return {*(found or ())}


def _find_wrong(
    collection: Collection, shoppers: Container[str], definitions: Mapping[str, AttributeDefinition]
) -> FieldError | None:
    """The first thing in its audience that cannot be."""
    for at, name in enumerate(collection.audience.shoppers):
        if name not in shoppers:
            return FieldError(f"audience.shoppers[{at}]", "is not a shopper of this shop")
    for at, one in enumerate(collection.audience.attributes):
        wrong = find_wrong_filter(one, definitions)
        if wrong is not None:
            return FieldError(f"audience.attributes[{at}].{wrong.field}", wrong.reason)
    return None


def _without_shoppers(collection: Collection) -> Collection:
    """As it is stored: a digest or a document that names people would outlive them."""
    audience = msgspec.structs.replace(collection.audience, shoppers=())
    return msgspec.structs.replace(collection, audience=audience)


async def _store_members(
    conn: Connection, collection_ids: Sequence[str], members: Sequence[tuple[str, UUID]]
) -> set[str]:
    """Let these collections name these shoppers and nobody else; returns those for which that changed."""
    rows = await conn.fetch(
        _STORE_MEMBERS, collection_ids, [name for name, _ in members], [shopper for _, shopper in members]
    )
    return {row["collection_id"] for row in rows}


async def _with_shoppers(conn: Connection, collections: Sequence[StoredCollection]) -> list[StoredCollection]:
    rows = await conn.fetch(_MEMBERS, [one.id for one in collections if one.audience.kind == "shoppers"])
    named = {row["collection_id"]: tuple(row["shoppers"]) for row in rows}
    return [
        msgspec.structs.replace(one, audience=msgspec.structs.replace(one.audience, shoppers=named.get(one.id, ())))
        for one in collections
    ]


def _no_collection(name: str) -> NotFound:
    return NotFound(f"There is no collection {name!r}.", hint="GET /v1/collections lists them.")


_STORE_MEMBERS = """
with told (collection_id, shopper_id) as (
    select *
    from unnest($2::text[], $3::uuid[])
), gone as (
    delete from collection_shoppers
    where collection_id = any($1::text[]) and (collection_id, shopper_id) not in (select * from told)
    returning collection_id
), fresh as (
    insert into collection_shoppers (collection_id, shopper_id)
    select *
    from told
    on conflict do nothing
    returning collection_id
)
select collection_id from gone
union
select collection_id from fresh
"""

_MEMBERS = """
select collection_id, array_agg(external_id order by external_id collate "C") as shoppers
from collection_shoppers
join shoppers using (tenant_id, shopper_id)
where collection_id = any($1::text[])
group by collection_id
"""

_OPEN = """
coalesce((document ->> 'starts_at')::timestamptz <= $2, true)
    and coalesce((document ->> 'ends_at')::timestamptz > $2, true)
"""

_EXCLUSIVE = f"""
select document_id, document -> 'audience' ->> 'kind' as kind, {_OPEN} as open
from collections
where deleted_at is null and (document ->> 'exclusive')::boolean and document -> 'products' ? $1
"""

_OPEN_PERSONAL = f"""
select document_id, document -> 'audience' ->> 'kind' as kind, document -> 'audience' -> 'attributes' as attributes,
    exists (
        select
        from collection_shoppers
        join shoppers using (tenant_id, shopper_id)
        where collection_id = document_id and $1 in (shoppers.shopper_id, merged_into)
    ) as named
from collections
where deleted_at is null and document -> 'audience' ->> 'kind' <> 'everyone' and {_OPEN}
"""
