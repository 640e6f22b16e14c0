"""Fit feedback: what those who wore a size of a product said of it, in returns and ratings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, NotFound
from tenants.fields import ExternalId, Moment
from tenants.fit_leaning import Leaning
from tenants.merges import forget_moves
from tenants.named import follow_named, name_shoppers
from tenants.upserts import Upserted, make_document, outcomes

SizeName = Annotated[str, Meta(min_length=1, max_length=50, description="As it stands on the label: 42, M, 255/98.")]


class FitFeedback(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One voice: how a size of a product turned out."""

    id: ExternalId
    product_id: ExternalId
    size: SizeName
    verdict: Annotated[
        Literal["small", "true", "large"], Meta(description="small: smaller than its size says. true: as it says.")
    ]
    source: Literal["return", "rating"]
    order_id: ExternalId | None = None
    shopper_id: ExternalId | None = None


class StoredFitFeedback(FitFeedback, frozen=True, kw_only=True):
    """A voice as we hold it."""

    created_at: Moment
    updated_at: Moment


async def upsert_fit_feedback(conn: Connection, voices: Sequence[FitFeedback]) -> Upserted:
    """Store each as given, in full; ids must differ. One of a shopper that does not exist is refused."""
    named = await name_shoppers(conn, {one.shopper_id for one in voices if one.shopper_id is not None})
    refused = {
        one.id: FieldError("shopper_id", "is not a shopper of this shop")
        for one in voices
        if one.shopper_id is not None and one.shopper_id not in named
    }
    good = sorted((one for one in voices if one.id not in refused), key=lambda one: one.id)
    who = {one.id: named[one.shopper_id] for one in good if one.shopper_id is not None}
    documents = [make_document(one) for one in good]
    rows = await conn.fetch(
        _UPSERT,
        [who[one.id].shopper_id if one.id in who else None for one in good],
        [document.text for document in documents],
        [document.digest for document in documents],
    )
    updated = [row["feedback_id"] for row in rows if not row["created"]]
    await forget_moves(conn, "fit_feedback", updated)
    await follow_named(conn, "fit_feedback", ((row["feedback_id"], who.get(row["feedback_id"])) for row in rows))
    created = (row["feedback_id"] for row in rows if row["created"])
    return replace(outcomes((one.id for one in good), created=created, updated=updated), refused=refused)


async def get_fit_feedback(conn: Connection, name: str) -> StoredFitFeedback:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where feedback_id = $1", name)
    if row is None:
        raise _no_feedback(name)
    return msgspec.convert(dict(row), StoredFitFeedback)


async def list_fit_feedback(conn: Connection, *, after: str, limit: int) -> Sequence[StoredFitFeedback]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where feedback_id > $1 order by feedback_id limit $2", after, limit)
    return [msgspec.convert(dict(row), StoredFitFeedback) for row in rows]


async def delete_fit_feedback(conn: Connection, name: str) -> None:
    """Raises NotFound."""
    if not await conn.fetchval("delete from fit_feedback where feedback_id = $1 returning true", name):
        raise _no_feedback(name)
    await forget_moves(conn, "fit_feedback", [name])


async def read_leaning(conn: Connection, product_id: str) -> Leaning:
    """How many people said what of a product last, of all its sizes together."""
    rows = await conn.fetch(_LEANING, product_id)
    return Leaning(**{row["verdict"]: row["voices"] for row in rows})


def _no_feedback(name: str) -> NotFound:
    return NotFound(f"There is no fit feedback {name!r}.")


_FIELDS = "product_id, size, verdict, source, order_id"

_UPSERT = f"""
insert into fit_feedback (feedback_id, shopper_id, {_FIELDS}, digest)
select voice.id, sent.shopper_id, {_FIELDS}, sent.digest
from unnest($1::uuid[], $2::text[], $3::bytea[]) as sent (shopper_id, document, digest),
    json_to_record(sent.document::json) as voice (
        id text, product_id text, size text, verdict text, source text, order_id text
    )
order by voice.id collate "C"
on conflict (tenant_id, feedback_id) do update
set (shopper_id, {_FIELDS}, digest, updated_at) = (
    select excluded.shopper_id, excluded.product_id, excluded.size, excluded.verdict, excluded.source,
        excluded.order_id, excluded.digest, now()
)
where fit_feedback.digest <> excluded.digest
returning feedback_id, xmax = 0 as created
"""

_SELECT = """
select feedback_id as id, product_id, size, verdict, source, order_id, shoppers.external_id as shopper_id,
    fit_feedback.created_at, fit_feedback.updated_at
from fit_feedback
left join shoppers using (tenant_id, shopper_id)
"""

# Without a shopper each is somebody else's.
_LEANING = """
select verdict, count(*) as voices
from (
    select distinct on (coalesce(shopper_id::text, feedback_id)) verdict
    from fit_feedback
    where product_id = $1
    order by coalesce(shopper_id::text, feedback_id), updated_at desc, feedback_id desc
) as people
group by verdict
"""
