"""Campaign demand: what live preorders of a campaign hold, summed by what is to be made; and when they joined.

What a unit is was frozen when it was preordered, so that no later edit of the catalogue changes a sum.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.campaign_documents import Basis
from tenants.fields import Scalar
from tenants.preorder_states import LIVE, MONEY_TAKEN, Fulfilment, Payment

JOINED: tuple[Fulfilment, ...] = tuple(state for state in LIVE if state != "reserved")
SIZE = "size"
"""The attribute of a variant, or the option, that says its size, in letters of any case."""
MOST_PAST = 50
MadeKey = tuple[str, str | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class DemandCell:
    """Units of one variant, or of one choice of options, in one pair of states."""

    product_id: str
    title: str
    variant_id: str | None
    variant_title: str
    attributes: Mapping[str, Scalar]
    """The variant's, or by option what was chosen; as on preordering."""
    fulfilment: Fulfilment
    payment: Payment
    units: int

    @property
    def key(self) -> MadeKey:
        """What is the same to whoever makes it."""
        return self.product_id, self.variant_id, tuple(sorted((name, str(it)) for name, it in self.attributes.items()))

    @property
    def size(self) -> str | None:
        return next((_text(value) for name, value in self.attributes.items() if name.casefold() == SIZE), None)

    @property
    def options(self) -> dict[str, str]:
        """What else the variant is, by name."""
        return {name: _text(value) for name, value in sorted(self.attributes.items()) if name.casefold() != SIZE}


class DemandRow(Struct, frozen=True, kw_only=True):
    """What is wanted of one variant, of one choice of options, or of a product without any."""

    product_id: str
    title: str
    variant_id: str | None
    variant_title: str
    size: Annotated[str | None, Meta(description="The variant's attribute, or the option, `size`; as on preordering.")]
    options: Annotated[dict[str, str], Meta(description="Its other attributes or options, but no text of a shopper's.")]
    units: Annotated[int, Meta(description="Held by live preorders, reservations included.")]
    fulfilment: Annotated[dict[Fulfilment, int], Meta(description="Of these, by where the goods are.")]
    payment: Annotated[dict[Payment, int], Meta(description="Of these, by where the money is.")]


@dataclass(frozen=True, slots=True)
class Join:
    """A preorder that joined and is live."""

    at: datetime
    quantity: int


async def list_demand(conn: Connection, campaign_id: str) -> Sequence[DemandCell]:
    """By product and variant; empty also for a campaign that there is not."""
    rows = await conn.fetch(_CELLS, campaign_id, LIVE)
    return [DemandCell(**row) for row in rows]


def sum_demand(cells: Iterable[DemandCell]) -> Sequence[DemandRow]:
    """A row a variant or choice, in the order of the cells."""
    kinds: dict[MadeKey, list[DemandCell]] = {}
    for cell in cells:
        kinds.setdefault(cell.key, []).append(cell)
    return [_row(found) for found in kinds.values()]


def count_demand(cells: Iterable[DemandCell], basis: Basis) -> int:
    """Units that count towards the minimum: of all who joined, or of those whose money was taken."""
    return sum(
        cell.units
        for cell in cells
        if cell.fulfilment in JOINED and (basis == "pledged" or cell.payment in MONEY_TAKEN)
    )


async def list_joins(conn: Connection, campaign_id: str) -> Sequence[Join]:
    """The first one first."""
    return [Join(**row) for row in await conn.fetch(_JOINS, campaign_id, JOINED)]


async def list_past_joins(conn: Connection, *, besides: str, elapsed: float) -> Sequence[tuple[int, int]]:
    """Of each campaign that ran to its end: how many had joined when this share of its window was over, and how many at
    its end. What was sold out or closed before is left out: nobody knows what it would have come to."""
    rows = await conn.fetch(_PAST, besides, elapsed, MOST_PAST)
    return [(row["until_then"], row["in_all"]) for row in rows]


def _row(cells: Sequence[DemandCell]) -> DemandRow:
    first, fulfilment, payment = cells[0], Counter[Fulfilment](), Counter[Payment]()
    for cell in cells:
        fulfilment[cell.fulfilment] += cell.units
        payment[cell.payment] += cell.units
    return DemandRow(
        product_id=first.product_id,
        title=first.title,
        variant_id=first.variant_id,
        variant_title=first.variant_title,
        size=first.size,
        options=first.options,
        units=fulfilment.total(),
        fulfilment=dict(fulfilment),
        payment=dict(payment),
    )


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# A title that was corrected meanwhile makes no second row: of each the latest that was frozen.
_CELLS = """
select product_id, (array_agg(product_title order by preorder_id desc))[1] as title,
    variant_id, (array_agg(variant_title order by preorder_id desc))[1] as variant_title,
    attributes, fulfilment, payment, sum(quantity)::bigint as units
from preorders
where campaign_id = $1 and fulfilment = any($2::text[])
group by product_id, variant_id, attributes, fulfilment, payment
order by product_id, variant_id nulls first, attributes, fulfilment, payment
"""

_JOINS = """
select at, quantity
from preorders
join preorder_transitions using (tenant_id, preorder_id)
where campaign_id = $1 and fulfilment = any($2::text[]) and side = 'fulfilment' and to_state = 'joined'
order by at
"""

_PAST = """
with ended as (
    select tenant_id, campaign_id, coalesce(early_from, starts_at) as began_at, ends_at
    from campaigns
    where campaign_id <> $1 and decided_at is not null and coalesce(early_from, starts_at) < ends_at
        and exists (
            select
            from campaign_transitions as step
            where step.campaign_id = campaigns.campaign_id and to_state = 'closed' and step.at >= ends_at
        )
    order by decided_at desc, campaign_id
    limit $3
)
select count(*) filter (where step.at <= began_at + (ends_at - began_at) * $2::float8) as until_then,
    count(*) as in_all
from ended
join preorders using (tenant_id, campaign_id)
join preorder_transitions as step
    on step.tenant_id = preorders.tenant_id and step.preorder_id = preorders.preorder_id
    and side = 'fulfilment' and to_state = 'joined'
where not exists (
    select
    from preorder_transitions as gone
    where gone.preorder_id = preorders.preorder_id and gone.side = 'fulfilment' and gone.to_state = 'cancelled'
        and gone.at < ends_at
)
group by campaign_id
order by campaign_id
"""
