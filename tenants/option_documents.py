"""Option documents as they are kept: a draft that may change, and published versions that never do.

draft → published (version 1, 2, …) → retired. Orders refer to a version for good; a product has one published document
at the most. Every process hears of a publication and of a retirement when its transaction commits.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from infra.database import Connection, Row
from infra.errors import FieldError, Invalid, NotFound
from tenants.audit import record_audit
from tenants.fields import Moment
from tenants.option_checks import check_document
from tenants.option_plan import Published, make_plan
from tenants.options import OptionDocument
from tenants.upserts import Upserted, make_document, outcomes

MOST = 1000
"""Documents a tenant."""


class NotPublishable(Invalid):
    """The option document cannot be published as it is."""

    code = "not_publishable"
    hint = "The list 'errors' names each part and what is wrong with it; the draft stays as it was stored."


class TooManyOptionDocuments(Invalid):
    """The shop has as many option documents as it may have."""

    code = "too_many_documents"
    hint = "Delete those that are no longer used."


class StoredOptionDocument(OptionDocument, frozen=True, kw_only=True):
    """A draft as we hold it, and what has become of it."""

    created_at: Moment
    updated_at: Moment
    status: Literal["draft", "published", "retired"]
    """Published although the draft has changed since."""
    version: int | None
    """The newest that was published."""
    changed: bool
    """Whether the draft differs from that version."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a document when it was published or retired."""

    id: str
    version: int
    result: Literal["published", "retired", "unchanged"]


async def upsert_option_documents(conn: Connection, documents: Sequence[OptionDocument]) -> Upserted:
    """Store each draft as given, in full; ids must differ. What is published stays. Raises TooManyOptionDocuments."""
    made = {one.id: make_document(one) for one in documents}
    ids = sorted(made)
    rows = await conn.fetch(_UPSERT, ids, [made[name].text for name in ids], [made[name].digest for name in ids])
    if rows and await conn.fetchval("select count(*) from option_documents") > MOST:
        raise TooManyOptionDocuments(f"A shop has at most {MOST} option documents.")
    return outcomes(
        made,
        created=(row["document_id"] for row in rows if row["created"]),
        updated=(row["document_id"] for row in rows if not row["created"]),
    )


async def get_option_document(conn: Connection, name: str) -> StoredOptionDocument:
    """The draft. Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where document_id = $1", name)
    if row is None:
        raise _no_document(name)
    return _stored(row)


async def list_option_documents(conn: Connection, *, after: str, limit: int) -> Sequence[StoredOptionDocument]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where document_id > $1 order by document_id limit $2", after, limit)
    return [_stored(row) for row in rows]


async def delete_option_document(conn: Connection, name: str) -> None:
    """Retire what is published of it and forget the draft; its versions stay for their orders. Raises NotFound."""
    if await conn.fetchrow(_DRAFT, name) is None:
        raise _no_document(name)
    await _retire(conn, name)
    await conn.execute("delete from option_documents where document_id = $1", name)


async def publish_document(conn: Connection, name: str, *, actor: str, now: datetime) -> Publication:
    """Make the draft the version for new orders; the one before is retired. The same draft again changes nothing.

    Raises NotFound, NotPublishable with all that is wrong. Takes up to a second for the worst documents.
    """
    # One at a time in a tenant: two documents could not see that they name the same product otherwise.
    await conn.execute("select pg_advisory_xact_lock(hashtextextended(current_tenant()::text, 12))")
    row = await conn.fetchrow(_DRAFT, name)
    if row is None:
        raise _no_document(name)
    if row["published_digest"] == row["digest"]:
        return Publication(name, row["newest"], "unchanged")
    document = msgspec.convert(row["document"], OptionDocument)
    document = msgspec.structs.replace(document, currency=document.currency or row["currency"])
    if errors := [*await asyncio.to_thread(check_document, document, now), *await _check_products(conn, document)]:
        raise NotPublishable(_sentence(errors), errors=tuple(errors))
    version = (row["newest"] or 0) + 1
    await _publish(conn, document, version, row["digest"], now)
    await record_audit(conn, actor=actor, action=f"publish option document, version {version}", subject=name)
    return Publication(name, version, "published")


async def retire_document(conn: Connection, name: str, *, actor: str) -> Publication:
    """No new orders by it. Raises NotFound; a document that is not published stays as it is."""
    row = await conn.fetchrow(_DRAFT, name)
    if row is None or row["newest"] is None:
        raise NotFound(f"No version of an option document {name!r} was published.")
    if not await _retire(conn, name):
        return Publication(name, row["newest"], "unchanged")
    await record_audit(conn, actor=actor, action="retire option document", subject=name)
    return Publication(name, row["newest"], "retired")


async def find_published(conn: Connection, product_id: str, *, now: datetime) -> Published | None:
    """The version by which the product is made now, if it is made to order."""
    row = await conn.fetchrow(
        _PUBLISHED + "join option_products using (tenant_id, document_id, version) where product_id = $1", product_id
    )
    found = None if row is None else _published(row)
    return found if found is not None and found.in_effect(now) else None


async def get_version(conn: Connection, document_id: str, version: int | None = None) -> Published:
    """A version, retired or not; the newest without a number. Raises NotFound."""
    row = await conn.fetchrow(
        _PUBLISHED + "where document_id = $1 and version = coalesce($2, version) order by version desc limit 1",
        document_id,
        version,
    )
    if row is None:
        raise NotFound(f"There is no such version of an option document {document_id!r}.")
    return _published(row)


async def list_published(conn: Connection) -> Sequence[Published]:
    """All that are published, by document id, in effect at the moment or not."""
    rows = await conn.fetch(_PUBLISHED + "where retired_at is null order by document_id")
    return [_published(row) for row in rows]


async def options_changed_since(conn: Connection, mark: int) -> bool:
    """Whether a version was published or retired since a mark of `products.read_change_mark`."""
    changed: bool = await conn.fetchval(
        "select exists (select from option_versions where changed_in >= $1)", mark
    )  # fmt: skip
    return changed


async def _publish(conn: Connection, document: OptionDocument, version: int, digest: bytes, now: datetime) -> None:
    await _retire(conn, document.id)
    text = make_document(document).text
    await conn.execute(_INSERT, document.id, version, text, digest, secrets.token_bytes(32), now)
    await conn.execute(_ATTACH, document.id, version, list(document.products))
    await _announce(conn)


async def _retire(conn: Connection, name: str) -> bool:
    """Whether a version was published."""
    done = await conn.fetchval(_RETIRE, name)
    if done is None:
        return False
    await conn.execute("delete from option_products where document_id = $1", name)
    await _announce(conn)
    return True


async def _check_products(conn: Connection, document: OptionDocument) -> list[FieldError]:
    """Each product must exist, be priced in the document's currency, and have no other published document."""
    rows = await conn.fetch(_PRODUCTS, list(document.products))
    found = {row["product_id"]: row for row in rows}
    errors: list[FieldError] = []
    for place, name in enumerate(document.products):
        row, field = found.get(name), f"products[{place}]"
        if row is None:
            errors.append(FieldError(field, f"there is no product {name!r}"))
        elif row["document_id"] not in (None, document.id):
            errors.append(FieldError(field, f"{name!r} has the published document {row['document_id']!r}"))
        elif document.has_amounts and row["currency"] != document.currency:
            said = f"{name!r} is priced in {row['currency']}, the amounts are in {document.currency}"
            errors.append(FieldError(field, said))
    return errors


async def _announce(conn: Connection) -> None:
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


def _sentence(errors: Sequence[FieldError]) -> str:
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0].field or 'document'}: {errors[0].reason}{more}."


def _stored(row: Row) -> StoredOptionDocument:
    added = {name: row[name] for name in ("created_at", "updated_at", "status", "version", "changed")}
    return msgspec.convert({**row["document"], **added}, StoredOptionDocument)


def _published(row: Row) -> Published:
    document = msgspec.convert(row["document"], OptionDocument)
    return Published(
        tenant_id=row["tenant_id"],
        document_id=row["document_id"],
        version=row["version"],
        salt=row["salt"],
        published_at=row["published_at"],
        retired_at=row["retired_at"],
        document=document,
        plan=make_plan(document),
    )


def _no_document(name: str) -> NotFound:
    return NotFound(f"There is no option document {name!r}.", hint="GET /v1/option-documents lists them.")


_UPSERT = """
insert into option_documents (document_id, document, digest)
select name, document::jsonb, digest
from unnest($1::text[], $2::text[], $3::bytea[]) as sent (name, document, digest)
on conflict (tenant_id, document_id) do update
set (document, digest, updated_at) = (select excluded.document, excluded.digest, now())
where option_documents.digest <> excluded.digest
returning document_id, xmax = 0 as created
"""

_SELECT = """
select document, created_at, updated_at, newest.version,
    coalesce(newest.digest <> option_documents.digest, true) as changed,
    case
        when newest.version is null then 'draft'
        when newest.retired_at is null then 'published'
        else 'retired'
    end as status
from option_documents
left join lateral (
    select version, digest, retired_at
    from option_versions
    where option_versions.document_id = option_documents.document_id
    order by version desc
    limit 1
) as newest on true
"""

_DRAFT = """
select document, digest, currency,
    (select max(version) from option_versions where document_id = $1) as newest,
    (select digest from option_versions where document_id = $1 and retired_at is null) as published_digest
from option_documents, tenants
where document_id = $1 and tenants.tenant_id = current_tenant()
for update of option_documents
"""

_INSERT = """
insert into option_versions (document_id, version, document, digest, salt, published_at)
values ($1, $2, $3::text::jsonb, $4, $5, $6)
"""

_ATTACH = """
insert into option_products (document_id, version, product_id)
select $1, $2, product_id
from unnest($3::text[]) as named (product_id)
"""

_RETIRE = """
update option_versions
set retired_at = now(), changed_in = pg_current_xact_id()
where document_id = $1 and retired_at is null
returning version
"""

_PRODUCTS = """
select product_id, currency, others.document_id
from unnest($1::text[]) as named (product_id)
join products using (product_id)
left join option_products as others using (product_id)
where products.deleted_at is null
"""

_PUBLISHED = """
select tenant_id, document_id, version, salt, published_at, retired_at, document
from option_versions
"""
