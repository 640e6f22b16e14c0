"""Shoppers: the people a merchant sells to, by the merchant's own ids."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from infra.ids import new_id
from tenants.fields import Attributes, ExternalId, Moment, ShortText
from tenants.upserts import Upserted, make_document, outcomes


class Shopper(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person as the merchant tells us of them."""

    id: ExternalId
    email: Annotated[str, Meta(max_length=320, pattern=r"\A[^@\s]+@[^@\s]+\Z")] | None = None
    email_verified: bool = False
    phone: Annotated[str, Meta(max_length=40, pattern=r"\A\+?[0-9 ()./-]{4,}\Z")] | None = None
    name: ShortText = ""
    locale: Annotated[str, Meta(max_length=35, pattern=r"\A([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?\Z")] = ""
    attributes: Attributes = {}


class StoredShopper(Shopper, frozen=True, kw_only=True):
    """A shopper as we hold them."""

    created_at: Moment
    updated_at: Moment


async def upsert_shoppers(conn: Connection, shoppers: Sequence[Shopper]) -> Upserted:
    """Store each shopper as given, in full; ids must differ. One that only an order had named becomes 'updated'."""
    ordered = sorted(shoppers, key=lambda shopper: shopper.id)
    documents = [make_document(shopper) for shopper in ordered]
    rows = await conn.fetch(
        _UPSERT,
        [new_id() for _ in ordered],
        [document.text for document in documents],
        [document.digest for document in documents],
    )
    return outcomes(
        (shopper.id for shopper in shoppers),
        created=(row["external_id"] for row in rows if row["created"]),
        updated=(row["external_id"] for row in rows if not row["created"]),
    )


async def ensure_shoppers(conn: Connection, external_ids: Iterable[str]) -> None:
    """Make a bare record for each id that has none: an order may name a shopper before the merchant describes them.

    Ids are inserted in order, so that two batches with the same new shoppers wait for each other and never deadlock.
    """
    wanted = sorted(set(external_ids))
    await conn.execute(_ENSURE, [new_id() for _ in wanted], wanted)


async def find_shopper_id(conn: Connection, external_id: str) -> UUID | None:
    """Our id of the merchant's shopper."""
    found: UUID | None = await conn.fetchval("select shopper_id from shoppers where external_id = $1", external_id)
    return found


async def get_shopper(conn: Connection, external_id: str) -> StoredShopper:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where external_id = $1", external_id)
    if row is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    return msgspec.convert(dict(row), StoredShopper)


async def list_shoppers(conn: Connection, *, after: str, limit: int) -> Sequence[StoredShopper]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where external_id > $1 order by external_id limit $2", after, limit)
    return [msgspec.convert(dict(row), StoredShopper) for row in rows]


async def delete_shopper(conn: Connection, external_id: str) -> None:
    """Delete the record; orders and events stay without a name. Raises NotFound."""
    done = await conn.fetchval("delete from shoppers where external_id = $1 returning true", external_id)
    if done is None:
        raise NotFound(f"There is no shopper {external_id!r}.")


_COLUMNS = "email, email_verified, phone, name, locale, attributes"

_UPSERT = f"""
insert into shoppers (shopper_id, external_id, {_COLUMNS}, digest)
select shopper_id, id, {_COLUMNS}, digest
from unnest($1::uuid[], $2::text[], $3::bytea[]) as sent (shopper_id, document, digest),
    json_to_record(sent.document::json) as shopper (
        id text, email text, email_verified boolean, phone text, name text, locale text, attributes jsonb
    )
on conflict (tenant_id, external_id) do update
set (email, email_verified, phone, name, locale, attributes, digest, updated_at) = (
    select excluded.email, excluded.email_verified, excluded.phone, excluded.name, excluded.locale,
        excluded.attributes, excluded.digest, now()
)
where shoppers.digest <> excluded.digest
returning external_id, xmax = 0 as created
"""

_ENSURE = """
insert into shoppers (shopper_id, external_id, digest)
select wanted.shopper_id, wanted.external_id, ''
from unnest($1::uuid[], $2::text[]) as wanted (shopper_id, external_id)
where not exists (select from shoppers where shoppers.external_id = wanted.external_id)
order by wanted.external_id collate "C"
on conflict (tenant_id, external_id) do nothing
"""

_SELECT = f"""
select external_id as id, {_COLUMNS}, created_at, updated_at
from shoppers
"""
