"""Made preorders: preorders that are made to order, frozen as they were joined: options, measures and price.

What is edited later (the profile, the option document, the catalogue) leaves them as they are. Measures stand in them:
masked unless whoever asks may see them, gone with their shopper, or with a reservation that nobody paid.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.errors import NotFound
from tenants.fields import Moment, Scalar
from tenants.made_lines import MadeMeasurement
from tenants.measured import MeasurementsNotAllowed
from tenants.option_answers import SummaryLine
from tenants.preorder_states import Fulfilment, Payment
from tenants.quoted_measures import COPY
from tenants.quotes import Withdrawal

MAKING: tuple[Fulfilment, ...] = ("joined", "confirmed", "in_production")
"""Preorders that are still to be made: their measures are needed whatever became of the consent."""


class MadePreorder(Struct, frozen=True, kw_only=True):
    """A preorder as it was joined."""

    preorder_id: UUID
    campaign_id: str
    quote_id: UUID
    product_id: str
    product_title: Annotated[str, Meta(description="As it was called then.")]
    quantity: Annotated[int, Meta(description="As the preorder says now.")]
    shopper_id: str | None
    person_id: str | None
    fulfilment: Fulfilment
    payment: Payment
    document_id: str
    version: int
    configuration_id: str
    answers: dict[str, Scalar]
    summary: tuple[SummaryLine, ...]
    measurements: tuple[MadeMeasurement, ...]
    region: str | None
    locale: str
    price_minor: Annotated[int, Meta(description="Of one, before what is off for coming early.")]
    currency: str
    lead_days: int
    withdrawal: Withdrawal
    frozen_at: Moment


async def freeze_preorder(conn: Connection, preorder_id: UUID, quote_id: UUID, *, now: datetime) -> None:
    """Copy what the quote says, and the measures: after `quoted_preorders.quote_offer`, which holds both."""
    await conn.execute(_FREEZE, preorder_id, quote_id, now)


async def get_made_preorder(conn: Connection, preorder_id: UUID, *, reveal: bool = False) -> MadePreorder:
    """Raises NotFound when it is not made to order, MeasurementsNotAllowed when measures may not be revealed."""
    row = await conn.fetchrow(_SELECT + "where preorder_id = $1", preorder_id)
    if row is None:
        raise NotFound("There is no such preorder that is made to order.")
    if reveal and not may_reveal(row):
        raise MeasurementsNotAllowed("The shopper no longer agrees that measurements are kept.")
    return make_preorder(row, reveal=reveal)


async def list_made_rows(conn: Connection, campaign_id: str, states: Sequence[Fulfilment]) -> Sequence[Row]:
    """Of a campaign, the oldest first; their measures in them."""
    return await conn.fetch(_SELECT + _OF_CAMPAIGN, campaign_id, list(states))


def may_reveal(row: Row) -> bool:
    """Whether the measures may be seen, if there are any: while it is to be made, and as long as the shopper agrees."""
    return not row["measurements"] or row["fulfilment"] in MAKING or row["allowed"]


def make_preorder(row: Row, *, reveal: bool) -> MadePreorder:
    """From one of these rows."""
    known = {name: row[name] for name in MadePreorder.__struct_fields__ if name != "withdrawal"}
    if not reveal:
        known["measurements"] = [{**one, "value_tenth_mm": None} for one in known["measurements"]]
    withdrawal = {"exempt": row["withdrawal_exempt"], "notice": row["withdrawal_notice"]}
    return msgspec.convert({**known, "withdrawal": withdrawal}, MadePreorder)


_FREEZE = f"""
insert into made_preorders (
    preorder_id, quote_id, product_id, person_id, document_id, version, configuration_id, answers, summary,
    measurements, region, locale, price_minor, currency, lead_days, withdrawal_exempt, withdrawal_notice, frozen_at
)
select $1, quote_id, product_id, people.external_id, document_id, version, configuration_id, answers, summary,
    {COPY},
    region, locale, price_minor, currency, lead_days, withdrawal_exempt, withdrawal_notice, $3
from quotes
left join people on people.person_id = quotes.person_id
where quote_id = $2
"""

_SELECT = """
select made_preorders.*, campaign_id, product_title, quantity, fulfilment, payment,
    shoppers.external_id as shopper_id, preorders.shopper_id as owner_id,
    coalesce(
        (
            select granted
            from consents
            where consents.shopper_id = preorders.shopper_id and purpose = 'measurements'
            order by at desc, consent_id desc
            limit 1
        ),
        false
    ) as allowed
from made_preorders
join preorders using (tenant_id, preorder_id)
left join shoppers using (tenant_id, shopper_id)
"""

_OF_CAMPAIGN = """
where campaign_id = $1 and fulfilment = any($2::text[])
order by preorder_id
"""
