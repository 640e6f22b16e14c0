"""Quoted lines: whether the lines of an order may stand on the quotes that they name.

A line pays what its quote says, for the same product, in the same currency, by the same shopper, in time, and no other
line stands on that quote. A line that was made to order once stays so, whatever later versions of its order say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from infra.database import Connection, Row
from infra.errors import FieldError
from tenants.measured import list_consenting
from tenants.named import Named, name_shoppers
from tenants.quoted_measures import COUNT, hold_quotes


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line as the merchant tells it now."""

    order_id: str
    line_id: str
    place: int
    """In its order, from 0."""
    quote_id: UUID | None
    product_id: str
    unit_price_minor: int
    currency: str
    shopper_id: str | None
    """The merchant's id."""
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class NewLine:
    """One that stands on its quote from now on."""

    line: ToldLine
    quote_id: UUID
    lead_days: int


@dataclass(frozen=True, slots=True)
class CheckedLines:
    """What is wrong, by order, and which lines are new."""

    refused: Mapping[str, FieldError] = field(default_factory=dict)
    new: Sequence[NewLine] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the lines are judged by."""

    made: Mapping[tuple[str, str], Row]
    """Lines that are made to order already, by order and line."""
    quotes: Mapping[UUID, Row]
    named: Mapping[str, Named]
    consenting: set[UUID]
    """Shoppers who agree that measurements are kept."""


async def check_lines(conn: Connection, lines: Sequence[ToldLine]) -> CheckedLines:
    """Judge the lines of these orders; their quotes, and the measures of these, are held until the transaction ends.

    One query where none is made to order, six otherwise.
    """
    kept = await conn.fetch(_MADE, [*{one.order_id for one in lines}]) if lines else ()
    made = {(row["order_id"], row["line_id"]): row for row in kept}
    naming = [one.quote_id for one in lines if one.quote_id is not None and (one.order_id, one.line_id) not in made]
    if not made and not naming:
        return CheckedLines()
    # Shoppers before quotes, as a merge locks them.
    named = await name_shoppers(conn, {one.shopper_id for one in lines if one.shopper_id is not None})
    await hold_quotes(conn, naming)
    quotes = {row["quote_id"]: row for row in await conn.fetch(_QUOTES, naming)}
    owners = {row["shopper_id"] for row in quotes.values() if row["shopper_id"] is not None}
    return _judge(lines, _Known(made, quotes, named, await list_consenting(conn, owners)))


async def forget_copies(conn: Connection, order_id: str) -> None:
    """Drop the quotes that take their measures from an order that is deleted: the next order of that id is another."""
    await conn.execute("delete from quotes where copied_order_id = $1", order_id)


def _judge(lines: Sequence[ToldLine], known: _Known) -> CheckedLines:
    refused, new = dict[str, FieldError](), dict[UUID, NewLine]()
    for one in lines:
        kept = known.made.get((one.order_id, one.line_id))
        quote = None if one.quote_id is None else known.quotes.get(one.quote_id)
        errors = _against_kept(one, kept, known) if kept is not None else _against_quote(one, quote, known, new)
        error = next(errors, None)
        if error is not None:
            refused.setdefault(one.order_id, error)
        elif kept is None and quote is not None:
            new[quote["quote_id"]] = NewLine(one, quote["quote_id"], quote["lead_days"])
    return CheckedLines(refused, [one for one in new.values() if one.line.order_id not in refused])


def _against_kept(line: ToldLine, kept: Row, known: _Known) -> Iterator[FieldError]:
    """A line that does not name its quote again is meant as it was."""
    if line.quote_id not in (None, kept["quote_id"]):
        yield _error(line, "quote_id", "is another one than this line was ordered by, which stays")
    yield from _against_terms(line, kept, "ordered")
    if not _is_owner(line, kept, known):
        yield FieldError("shopper_id", "is not the shopper for whom a line of it is made")


def _against_quote(
    line: ToldLine, quote: Row | None, known: _Known, taken: Mapping[UUID, NewLine]
) -> Iterator[FieldError]:
    if line.quote_id is None:
        return
    if quote is None:
        yield _error(line, "quote_id", "is no quote of this shop")
        return
    if quote["ordered"] or line.quote_id in taken:
        yield _error(line, "quote_id", "was ordered before: a quote is for one line or one preorder")
    yield from _against_terms(line, quote, "quoted")
    if not _is_owner(line, quote, known):
        yield FieldError("shopper_id", "is not the shopper who has the quote")
    if quote["expires_at"] <= line.ordered_at:
        yield _error(line, "quote_id", f"had expired at {quote['expires_at'].isoformat()}")
    if quote["measures"] and quote["shopper_id"] not in known.consenting:
        yield _error(line, "quote_id", "is made to measures that the shopper no longer agrees to be kept")
    if quote["measures"] != quote["found"]:
        yield _error(line, "quote_id", "is made to measures that are no longer on record: ask for a new quote")


def _is_owner(line: ToldLine, row: Row, known: _Known) -> bool:
    """What was made for nobody in particular is anybody's."""
    who = known.named.get(line.shopper_id or "")
    return row["shopper_id"] is None or (who is not None and who.shopper_id == row["shopper_id"])


def _against_terms(line: ToldLine, said: Row, verb: str) -> Iterator[FieldError]:
    if line.product_id != said["product_id"]:
        yield _error(line, "product_id", f"must be {said['product_id']!r}, as {verb}")
    if line.unit_price_minor != said["price_minor"]:
        yield _error(line, "unit_price_minor", f"must be {said['price_minor']}, as {verb}")
    if line.currency != said["currency"]:
        yield FieldError("currency", f"must be {said['currency']}, as {verb}")


def _error(line: ToldLine, name: str, reason: str) -> FieldError:
    return FieldError(f"lines[{line.place}].{name}", reason)


_MADE = """
select order_id, line_id, quote_id, product_id, price_minor, made_lines.currency, shopper_id
from made_lines
join orders using (tenant_id, order_id)
where order_id = any($1::text[])
"""

# measures: how many it is made by. found: how many of these can be copied.
_QUOTES = f"""
select quote_id, shopper_id, product_id, price_minor, currency, lead_days, expires_at,
    exists (select from made_lines where made_lines.quote_id = quotes.quote_id)
        or exists (select from preorders where preorders.quote_id = quotes.quote_id) as ordered,
    jsonb_array_length(measured) as measures,
    {COUNT} as found
from quotes
where quote_id = any($1::uuid[])
"""
