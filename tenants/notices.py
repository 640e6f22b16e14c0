"""Notices: what shoppers are told of their preorders by e-mail, each once, written with the step that it tells of.

They are service messages: they carry out what was agreed to, advertise nothing, and so ask no contact preference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection, Row
from infra.ids import new_id
from tenants.fields import Moment
from tenants.webhook_deliveries import Happened, write_deliveries
from tenants.webhooks import WebhookKind

NoticeKind = Literal[
    "joined",
    "upcoming_charge",
    "charged",
    "charge_failed",
    "action_required",
    "dropped",
    "delayed",
    "dates_changed",
    "shipped",
    "refunded",
    "cancelled",
    "campaign_failed",
]
PREORDER_KINDS: dict[NoticeKind, WebhookKind] = {
    "joined": "preorder.joined",
    "upcoming_charge": "preorder.upcoming_charge",
    "charged": "preorder.charged",
    "charge_failed": "preorder.charge_failed",
    "action_required": "preorder.action_required",
    "dropped": "preorder.dropped",
    "delayed": "preorder.delayed",
    "dates_changed": "preorder.dates_changed",
    "shipped": "preorder.shipped",
    "refunded": "preorder.refunded",
    "cancelled": "preorder.cancelled",
    "campaign_failed": "preorder.campaign_failed",
}
"""As webhooks name them."""
NoticeStatus = Literal["waiting", "sent", "failed", "no_address", "overtaken"]

CAMPAIGN_FAILED = "the campaign failed"
NOTHING_LEFT = "nothing was left to pay"
NOT_PAID = "not paid"
"""Reasons of steps, where they decide what is said of them."""

_ON_STEP: dict[tuple[str, str | None, str], NoticeKind] = {
    ("fulfilment", None, "joined"): "joined",
    ("fulfilment", None, "shipped"): "shipped",
    ("fulfilment", "joined", "cancelled"): "cancelled",
    ("fulfilment", "confirmed", "cancelled"): "cancelled",
    ("fulfilment", "in_production", "cancelled"): "cancelled",
    ("payment", "charging", "paid"): "charged",
    ("payment", "charging", "failed"): "charge_failed",
    ("payment", "charging", "action_required"): "action_required",
    ("payment", None, "dropped"): "dropped",
    ("payment", "refund_pending", "refunded"): "refunded",
    ("payment", "refund_pending", "partly_refunded"): "refunded",
}
"""By side, from (None: from wherever) and to. What joining takes is told with joining."""


class NoticeSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When shoppers are told, and how long they have."""

    upcoming_days: Annotated[int, Meta(ge=1, le=60, description="Before a charge, its shopper is told of it.")] = 3
    answer_days: Annotated[
        int, Meta(ge=1, le=90, description="After they were told of a delay, shoppers may answer for so long.")
    ] = 14


class Delay(Struct, frozen=True, kw_only=True):
    """A later ship date, and what the shopper said to it."""

    change_id: UUID
    from_day: date
    to_day: date
    needs: Annotated[
        Literal["silence", "consent"],
        Meta(description="silence: who says nothing has agreed; consent: who says nothing is cancelled and refunded."),
    ]
    answer_until: Moment
    answer: Annotated[
        Literal["accepted", "declined", "silence", "lapsed", "replaced"] | None,
        Meta(description="lapsed: no consent in time; replaced: the date was changed again before."),
    ]
    answered_at: Moment | None


class Notice(Struct, frozen=True, kw_only=True):
    """One notice, as it is kept for evidence: without the secret of the link that was in it."""

    notice_id: UUID
    preorder_id: UUID
    kind: NoticeKind
    occasion: Annotated[str, Meta(description="What it tells of: a step, a change of dates, or the day of a charge.")]
    status: Annotated[
        NoticeStatus,
        Meta(description="overtaken: it was not true any more before it left; no_address: nowhere to send it."),
    ]
    recipient: str | None
    subject: str
    body: str
    attempts: int
    error: str | None
    delay: Annotated[Delay | None, Meta(description="Of a notice of a delay.")]
    created_at: Moment
    done_at: Moment | None


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a preorder's shopper is to be told."""

    preorder_id: UUID
    kind: NoticeKind
    occasion: str


def find_kind(side: str, from_state: str, to_state: str, reason: str) -> NoticeKind | None:
    """What a step of a preorder is told as; None for what its shopper need not hear."""
    kind = _ON_STEP.get((side, from_state, to_state)) or _ON_STEP.get((side, None, to_state))
    if kind == "charged" and reason == NOTHING_LEFT:
        return None
    if kind == "cancelled" and reason == NOT_PAID:
        # It was dropped, and that is told.
        return None
    return "campaign_failed" if kind == "cancelled" and reason == CAMPAIGN_FAILED else kind


async def write_notices(conn: Connection, told: Sequence[Told], *, now: datetime) -> int:
    """Let these be sent, if this transaction commits; each is written once. Returns how many are new."""
    if not told:
        return 0
    ids, preorders = [new_id() for _ in told], [one.preorder_id for one in told]
    kinds, occasions = [one.kind for one in told], [one.occasion for one in told]
    written = await conn.fetch(_WRITE, ids, preorders, kinds, occasions, now)
    await write_deliveries(conn, [_happened(row) for row in written], now=now)
    return len(written)


def _happened(row: Row) -> Happened:
    """A notice as webhooks hear of it."""
    data = {"preorder_id": str(row["preorder_id"]), "campaign_id": row["campaign_id"], "occasion": row["occasion"]}
    return Happened(row["notice_id"], PREORDER_KINDS[row["kind"]], data)


async def list_notices(
    conn: Connection, *, preorder_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Notice]:
    """The oldest first, behind `after`."""
    rows = await conn.fetch(_LIST, preorder_id, after, limit)
    return [msgspec.convert(dict(row), Notice) for row in rows]


async def read_notice_settings(conn: Connection) -> NoticeSettings:
    """What the merchant said, or ours."""
    row = await conn.fetchrow("select upcoming_days, answer_days from notice_settings")
    return NoticeSettings() if row is None else NoticeSettings(**row)


async def put_notice_settings(conn: Connection, settings: NoticeSettings) -> None:
    """From now on; who was told already keeps the days that they were told."""
    await conn.execute(_PUT_SETTINGS, settings.upcoming_days, settings.answer_days)


_WRITE = """
insert into notices (notice_id, preorder_id, kind, occasion, next_try_at, created_at)
select notice_id, preorder_id, kind, occasion, $5, $5
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as told (notice_id, preorder_id, kind, occasion)
on conflict (tenant_id, preorder_id, kind, occasion) do nothing
returning notice_id, preorder_id, kind, occasion,
    (select campaign_id from preorders where preorders.preorder_id = notices.preorder_id) as campaign_id
"""

_LIST = """
select notice_id, notices.preorder_id, kind, occasion, status, recipient, subject, body, attempts, error,
    notices.created_at, done_at,
    case when kind = 'delayed' then jsonb_build_object(
        'change_id', change_id, 'from_day', from_day, 'to_day', to_day, 'needs', needs, 'answer_until', answer_until,
        'answer', answer, 'answered_at', answered_at
    ) end as delay
from notices
left join preorder_delays on kind = 'delayed' and preorder_delays.preorder_id = notices.preorder_id
    and change_id::text = occasion
where ($1::uuid is null or notices.preorder_id = $1) and ($2::uuid is null or notice_id > $2)
order by notice_id
limit $3
"""

_PUT_SETTINGS = """
insert into notice_settings (upcoming_days, answer_days) values ($1, $2)
on conflict (tenant_id) do update
set upcoming_days = excluded.upcoming_days, answer_days = excluded.answer_days
"""
