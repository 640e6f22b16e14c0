"""Quoted preorders: whether a preorder may stand on the quote that it names, and what it takes from it.

It pays what the quote says, less what is off for coming early, for the same product, by the same shopper, in time, and
nothing else stands on that quote.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from infra.database import Connection, Row
from infra.errors import FieldError, Invalid
from tenants.campaign_offers import Offer
from tenants.measured import require_consent
from tenants.quoted_measures import COUNT, hold_quotes


class QuoteNeeded(Invalid):
    """This product of the campaign is made to order, so it is joined with a quote."""

    code = "quote_needed"
    hint = "POST /v1/quotes, or /public/v1/quotes from a page, computes one; send its quote_id."


class QuoteRefused(Invalid):
    """This preorder cannot stand on that quote."""

    code = "quote_refused"
    hint = "Ask for a new quote, and join with that one."


async def quote_offer(
    conn: Connection,
    offer: Offer,
    quote_id: UUID | None,
    *,
    product_id: str,
    region: str,
    shopper_id: UUID | None,
    now: datetime,
) -> Offer:
    """The offer at the quote's price, with what was chosen; as it is where nothing is made to order.

    The quote and its measures are held until the transaction ends. Raises QuoteNeeded, QuoteRefused,
    MeasurementsNotAllowed.
    """
    if not offer.made:
        if quote_id is not None:
            raise _refused("is not for this product of the campaign, which is not made to order")
        return offer
    if quote_id is None:
        error = FieldError("quote_id", "is missing: this product is made to order")
        raise QuoteNeeded("The product is made to order: it is joined with a quote.", errors=(error,))
    await hold_quotes(conn, [quote_id])
    row = await conn.fetchrow(_QUOTE, quote_id)
    if row is None or row["shopper_id"] not in (None, shopper_id):
        # Nor is told that somebody else has it.
        raise _refused("is no quote of this shopper's")
    for reason in _wrong(row, offer, product_id, region, now):
        raise _refused(reason)
    if row["measures"]:
        await require_consent(conn, row["shopper_id"])
    return replace(offer, list_price_minor=row["price_minor"], attributes=row["chosen"])


def _wrong(row: Row, offer: Offer, product_id: str, region: str, now: datetime) -> Iterator[str]:
    if row["used"]:
        yield "was used before: a quote is for one order line or one preorder"
    if row["product_id"] != product_id:
        yield f"is for the product {row['product_id']!r}"
    if row["expires_at"] <= now:
        yield f"had expired at {row['expires_at'].isoformat()}"
    if row["currency"] != offer.currency:
        yield f"is in {row['currency']}, and the product sells in {offer.currency} now"
    if region and row["region"] and region != row["region"]:
        yield f"is for the region {row['region']}"
    if row["measures"] != row["found"]:
        yield "is made to measures that are no longer on record"


def _refused(reason: str) -> QuoteRefused:
    return QuoteRefused(f"The quote {reason}.", errors=(FieldError("quote_id", reason),))


# chosen: what can be counted over many preorders, so neither texts nor measures.
_QUOTE = f"""
select shopper_id, product_id, price_minor, currency, region, expires_at,
    exists (select from made_lines where made_lines.quote_id = quotes.quote_id)
        or exists (select from preorders where preorders.quote_id = quotes.quote_id) as used,
    jsonb_array_length(measured) as measures,
    {COUNT} as found,
    coalesce(
        (
            select jsonb_object_agg(option ->> 'id', answers -> (option ->> 'id'))
            from option_versions, jsonb_array_elements(document -> 'options') as option
            where option_versions.document_id = quotes.document_id and option_versions.version = quotes.version
                and option ->> 'kind' in ('choice', 'number') and answers ->> (option ->> 'id') is not null
        ),
        '{{}}'
    ) as chosen
from quotes
where quote_id = $1
"""
