"""Shoppers: the people a merchant sells to, by the merchant's own ids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import NotFound
from infra.ids import new_id
from tenants.attribute_values import refuse_wrong_attributes
from tenants.fields import Attributes, ExternalId, Moment, ShortText
from tenants.identifiers import Claim, Email, Identifier, Phone, claims_of, replace_claims
from tenants.identity import Claimant, Plan, carry_out, plan_identity
from tenants.merges import announce_identity, lock_identity
from tenants.suppression import Kind, refuse_suppressed
from tenants.upserts import Upserted, make_document, outcomes


class Shopper(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person as the merchant tells us of them."""

    id: ExternalId
    email: Email | None = None
    email_verified: bool = False
    phone: Phone | None = None
    phone_verified: bool = False
    name: ShortText = ""
    locale: Annotated[str, Meta(max_length=35, pattern=r"\A([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?\Z")] = ""
    attributes: Attributes = {}


class StoredShopper(Shopper, frozen=True, kw_only=True):
    """A shopper as we hold them. Merged ones are one: what was told last, under the id of the one who was kept."""

    identifiers: tuple[Identifier, ...] = ()
    created_at: Moment
    updated_at: Moment


async def upsert_shoppers(conn: Connection, shoppers: Sequence[Shopper]) -> Upserted:
    """Store each shopper as given, in full; ids must differ. One that only an order had named becomes 'updated'.

    Whoever names an erased person, or has an attribute against its definition, is refused; so is whoever would bring a
    shared identifier over its limit. Who has a verified identifier of somebody else becomes one with them.
    """
    refused = await refuse_suppressed(conn, ((shopper.id, _identifiers(shopper)) for shopper in shoppers))
    refused |= await refuse_wrong_attributes(conn, "shopper", {one.id: one.attributes for one in shoppers})
    shoppers = [shopper for shopper in shoppers if shopper.id not in refused]
    ordered = sorted(shoppers, key=lambda shopper: shopper.id)
    claims = {one.id: _claims(one) for one in ordered}
    documents = {one.id: make_document(one) for one in ordered}
    plan = await plan_identity(conn, [Claimant(name, claims[name], one.digest) for name, one in documents.items()])
    refused |= plan.refused
    wanted = [one for name, one in documents.items() if name not in refused]
    texts, digests = [one.text for one in wanted], [one.digest for one in wanted]
    rows = await conn.fetch(_UPSERT, [new_id() for _ in wanted], texts, digests)
    if rows:
        await _keep_identity(conn, rows, claims, plan)
    stored = outcomes(
        (shopper.id for shopper in shoppers if shopper.id not in refused),
        created=(row["external_id"] for row in rows if row["created"]),
        updated=(row["external_id"] for row in rows if not row["created"]),
    )
    return replace(stored, refused=refused)


async def find_shopper_id(conn: Connection, external_id: str) -> UUID | None:
    """Our id of who stands for the merchant's shopper: the same one for all ids that were merged."""
    found: UUID | None = await conn.fetchval(_FIND, external_id)
    return found


async def hold_shopper(conn: Connection, external_id: str) -> UUID:
    """The same for one who writes rows of the shopper: until the transaction ends nobody merges or deletes them.

    Raises NotFound.
    """
    found: UUID | None = await conn.fetchval(_FIND + "for key share", external_id)
    if found is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    return found


async def get_shopper(conn: Connection, external_id: str) -> StoredShopper:
    """By any of their ids. Raises NotFound."""
    row = await conn.fetchrow(_SELECT + f"where shopper_id = ({_FIND})", external_id)
    if row is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    return msgspec.convert(dict(row), StoredShopper)


async def list_shoppers(conn: Connection, *, after: str, limit: int) -> Sequence[StoredShopper]:
    """By id, starting behind `after` ('' from the start). Merged ones come once, under the id that was kept."""
    rows = await conn.fetch(
        _SELECT + "where external_id > $1 and merged_into is null order by external_id limit $2", after, limit
    )
    return [msgspec.convert(dict(row), StoredShopper) for row in rows]


async def delete_shopper(conn: Connection, external_id: str) -> None:
    """Delete the person with all their ids; orders and events stay without a name, and without what it was made by.

    Raises NotFound.
    """
    await lock_identity(conn)
    shopper_id = await find_shopper_id(conn, external_id)
    if shopper_id is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    if await conn.fetchval("select exists (select from shoppers where merged_into = $1)", shopper_id):
        await announce_identity(conn)
    # Nor by the browser: it may become somebody else's.
    await conn.execute("update events set visitor_id = null where shopper_id = $1", shopper_id)
    await conn.execute(_DELETE_MADE, shopper_id)
    await conn.execute("delete from shoppers where shopper_id = $1", shopper_id)


async def _keep_identity(
    conn: Connection, rows: Sequence[Row], claims: Mapping[str, Sequence[Claim]], plan: Plan
) -> None:
    """After these rows changed: their identifiers, what is shown of the merged ones, and who is one from now on."""
    await replace_claims(conn, [(row["shopper_id"], claims[row["external_id"]]) for row in rows])
    if plan.joins or any(row["merged_into"] for row in rows):
        await _show(conn, {row["external_id"]: row["shopper_id"] for row in rows}, plan)


async def _show(conn: Connection, changed: Mapping[str, UUID], plan: Plan) -> None:
    """Merge as planned, and let each one show what was told of them last, as if the rows had come one by one."""
    waiting: list[UUID] = []
    for name in sorted(changed):
        joins = [join for join in plan.joins if join.claimant == name] if plan.joins else []
        if joins:
            await conn.execute(_SHOW, waiting, list(changed.values()))
            await carry_out(conn, joins, changed)
            waiting = []
        waiting.append(changed[name])
    await conn.execute(_SHOW, waiting, list(changed.values()))


def _claims(shopper: Shopper) -> list[Claim]:
    return claims_of(
        email=shopper.email,
        email_verified=shopper.email_verified,
        phone=shopper.phone,
        phone_verified=shopper.phone_verified,
    )


def _identifiers(shopper: Shopper) -> Sequence[tuple[str, Kind, str | None]]:
    return (("id", "external_id", shopper.id), ("email", "email", shopper.email), ("phone", "phone", shopper.phone))


_COLUMNS = "email, email_verified, phone, phone_verified, name, locale, attributes"

_UPSERT = f"""
insert into shoppers (shopper_id, external_id, {_COLUMNS}, digest)
select shopper_id, id, {_COLUMNS}, digest
from unnest($1::uuid[], $2::text[], $3::bytea[]) as sent (shopper_id, document, digest),
    json_to_record(sent.document::json) as shopper (
        id text, email text, email_verified boolean, phone text, phone_verified boolean, name text, locale text,
        attributes jsonb
    )
on conflict (tenant_id, external_id) do update
set ({_COLUMNS}, digest, updated_at, shown_from, told) = (
    select excluded.email, excluded.email_verified, excluded.phone, excluded.phone_verified, excluded.name,
        excluded.locale, excluded.attributes, excluded.digest, now(), null::uuid, null::jsonb
)
where shoppers.digest <> excluded.digest
returning shopper_id, external_id, merged_into, xmax = 0 as created
"""

# Of these rows the last by id is shown, unless the person's own is among all that changed and comes after it.
_SHOW = f"""
update shoppers as person
set told = coalesce(person.told, jsonb_build_object(
        'email', person.email, 'email_verified', person.email_verified, 'phone', person.phone,
        'phone_verified', person.phone_verified, 'name', person.name, 'locale', person.locale,
        'attributes', person.attributes
    )),
    ({_COLUMNS}, shown_from, updated_at) = (
        select latest.email, latest.email_verified, latest.phone, latest.phone_verified, latest.name, latest.locale,
            latest.attributes, latest.shopper_id, now()
    )
from (
    select distinct on (merged_into) *
    from shoppers
    where shopper_id = any($1::uuid[]) and merged_into is not null
    order by merged_into, external_id collate "C" desc
) as latest
where person.shopper_id = latest.merged_into
    and not (person.shopper_id = any($2::uuid[]) and person.external_id collate "C" > latest.external_id collate "C")
"""

_DELETE_MADE = """
with unmade as (
    delete from made_preorders
    where preorder_id in (select preorder_id from preorders where shopper_id = $1)
)
delete from made_lines
where order_id in (select order_id from orders where shopper_id = $1)
"""

_FIND = "select coalesce(merged_into, shopper_id) from shoppers where external_id = $1 "

_SELECT = f"""
select external_id as id, {_COLUMNS}, created_at, updated_at,
    (
        with person as (
            select shopper_id, external_id, created_at
            from shoppers as merged
            where merged.shopper_id = shoppers.shopper_id or merged.merged_into = shoppers.shopper_id
        )
        select jsonb_agg(jsonb_build_object(
            'kind', kind, 'value', value, 'verified', verified, 'source', source, 'created_at', created_at
        ) order by kind = 'external' desc, kind, created_at, value collate "C")
        from (
            select 'external' as kind, external_id as value, true as verified, 'document' as source, created_at
            from person
            union all
            select kind, value, bool_or(verified), max(source), min(shopper_identifiers.created_at)
            from shopper_identifiers
            join person using (shopper_id)
            group by kind, value
        ) as known
    ) as identifiers
from shoppers
"""
