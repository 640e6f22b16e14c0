"""Notice sending: a notice that waits is taken up, sent outside of any transaction, and its end is noted.

A worker that dies after the mail has left sends it again, under the same id, so that mail programs show it once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.database import Connection
from tenants.delays import AHEAD, postpone_answer
from tenants.notices import NoticeKind, NoticeStatus
from tenants.preorder_links import open_link
from tenants.preorder_states import LIVE, Payment
from tenants.preorder_views import PreorderView, view_preorders

MOST_ATTEMPTS = 10
AT_ONCE = 200
FIRST_PAUSE = timedelta(minutes=5)
"""Doubled after each attempt: the tenth is made on the second day."""

_STILL: dict[NoticeKind, tuple[Payment, ...]] = {
    "charge_failed": ("failed",),
    "action_required": ("action_required",),
    "upcoming_charge": ("card_saved", "deposit_paid"),
}
"""What a preorder's payment must be, for the notice to be true when it leaves."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice that is to leave now: to whom, of what, and the secret of its link."""

    notice_id: UUID
    kind: NoticeKind
    occasion: str
    recipient: str
    secret: str
    view: PreorderView


async def has_waiting_notices(conn: Connection, *, now: datetime) -> bool:
    return bool(await conn.fetch(_WAITING, now, 1))


async def list_waiting_notices(conn: Connection, *, now: datetime) -> list[UUID]:
    """The oldest first."""
    return [row["notice_id"] for row in await conn.fetch(_WAITING, now, AT_ONCE)]


async def take_up_notice(conn: Connection, tenant_id: UUID, notice_id: UUID, *, now: datetime) -> Letter | None:
    """Claim it for one attempt; None when another worker has it, or when it need not be sent any more."""
    row = await conn.fetchrow(_TAKE, notice_id, now)
    if row is None:
        return None
    if row["kind"] == "delayed":
        await postpone_answer(conn, row["preorder_id"], row["occasion"], now=now)
    view = (await view_preorders(conn, preorder_ids=[row["preorder_id"]], now=now))[0]
    if _is_overtaken(row["kind"], row["occasion"], view) or not row["recipient"]:
        await _end(conn, notice_id, "overtaken" if row["recipient"] else "no_address", now)
        return None
    # Whatever becomes of this attempt, the next one is not before its time.
    pause: timedelta = FIRST_PAUSE * 2 ** row["attempts"]
    await conn.execute(_CLAIM, notice_id, now + pause)
    secret = await open_link(conn, tenant_id, row["preorder_id"])
    return Letter(notice_id, row["kind"], row["occasion"], row["recipient"], secret, view)


async def note_sent(conn: Connection, letter: Letter, *, subject: str, body: str, now: datetime) -> None:
    """Keep what was said, and to whom, unless they were erased meanwhile. `body` holds no secret."""
    await conn.execute(_SENT, letter.notice_id, letter.recipient, subject, body, now)


async def note_not_sent(conn: Connection, notice_id: UUID, error: str, *, for_good: bool, now: datetime) -> None:
    """It is tried again, unless it was refused for good or often enough."""
    attempts: int = await conn.fetchval(
        "update notices set error = $2 where notice_id = $1 returning attempts", notice_id, error
    )
    if for_good or attempts >= MOST_ATTEMPTS:
        await _end(conn, notice_id, "failed", now)


def _is_overtaken(kind: NoticeKind, occasion: str, view: PreorderView) -> bool:
    if kind in _STILL:
        return view.payment not in _STILL[kind] or view.fulfilment not in LIVE
    if kind == "delayed":
        return view.delay is None or str(view.delay.change_id) != occasion
    return kind == "dates_changed" and view.fulfilment not in AHEAD


async def _end(conn: Connection, notice_id: UUID, status: NoticeStatus, now: datetime) -> None:
    await conn.execute("update notices set status = $2, done_at = $3 where notice_id = $1", notice_id, status, now)


_WAITING = """
select notice_id
from notices
where status = 'waiting' and next_try_at <= $1
order by next_try_at, notice_id
limit $2
"""

_TAKE = """
select kind, occasion, attempts, preorder_id, coalesce(guest_email, nullif(shoppers.email, '')) as recipient
from notices
join preorders using (tenant_id, preorder_id)
left join shoppers using (tenant_id, shopper_id)
where notice_id = $1 and status = 'waiting' and next_try_at <= $2
for update of notices skip locked
"""

_CLAIM = "update notices set attempts = attempts + 1, next_try_at = $2 where notice_id = $1"

_SENT = """
update notices
set status = 'sent', subject = $3, body = $4, error = null, done_at = $5,
    recipient = (
        select $2
        from preorders
        where preorders.preorder_id = notices.preorder_id and (guest_email is not null or shopper_id is not null)
    )
where notice_id = $1 and status = 'waiting'
"""
