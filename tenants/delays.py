"""Delays: a campaign's goods come later than was agreed. Who does not agree gets their money back.

The first delay of at most 30 days may be accepted by silence; a longer one, and every later one, needs a yes by the
link. After the rule for goods ordered by mail (16 CFR 435.2(b)), counted from what each shopper has agreed to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict
from infra.ids import new_id
from tenants.notices import Told, read_notice_settings, write_notices
from tenants.preorder_ends import cancel_preorder
from tenants.preorder_states import Fulfilment, hold_preorder

SILENCE_DAYS = 30
AT_ONCE = 500
AHEAD: tuple[Fulfilment, ...] = ("reserved", "joined", "confirmed", "in_production")
"""In these, the goods are still to come."""
Needs = Literal["silence", "consent"]
Answer = Literal["accepted", "declined"]


class NoDelay(Conflict):
    """There is no new date to answer to."""

    code = "no_delay"
    hint = "The page of the preorder says when it ships, and what was answered."


@dataclass(frozen=True, slots=True)
class OpenDelay:
    """One that nobody has answered in time."""

    preorder_id: UUID
    change_id: UUID


def rule_of(*, agreed: date, wanted: date, delays_before: int) -> Needs | None:
    """What a new ship date needs of a shopper who has agreed to another; None when it is no later."""
    if wanted <= agreed:
        return None
    return "silence" if delays_before == 0 and wanted - agreed <= timedelta(days=SILENCE_DAYS) else "consent"


async def tell_new_dates(
    conn: Connection, campaign_id: str, *, before: date | None, ship_until: date | None, now: datetime
) -> None:
    """A published campaign's dates have changed: everybody whose goods are still to come is told, or asked.

    `before` and `ship_until` are its last ship days before and now. A question that is open is replaced.
    """
    change_id = new_id()
    rows = await conn.fetch(_AGREED, campaign_id, AHEAD)
    if before != ship_until:
        await conn.execute(_REPLACE, [row["preorder_id"] for row in rows], now)
    asked: list[tuple[UUID, date, Needs]] = []
    if before is not None and ship_until is not None and before != ship_until:
        for row in rows:
            agreed = row["agreed"] or before
            needs = rule_of(agreed=agreed, wanted=ship_until, delays_before=row["delays"])
            asked += [] if needs is None else [(row["preorder_id"], agreed, needs)]
        await _ask(conn, change_id, asked, ship_until, now)
    delayed = {preorder_id for preorder_id, _, _ in asked}
    others = [row["preorder_id"] for row in rows if row["preorder_id"] not in delayed]
    told = [Told(one, "delayed", str(change_id)) for one in sorted(delayed)]
    told += [Told(one, "dates_changed", str(change_id)) for one in others]
    await write_notices(conn, told, now=now)


async def answer_delay(conn: Connection, preorder_id: UUID, answer: Answer, *, now: datetime) -> None:
    """As the shopper says: they wait, or all of their money goes back. Raises NotFound, NoDelay, PreorderStep."""
    held = await hold_preorder(conn, preorder_id)
    if held.fulfilment not in AHEAD or not await conn.fetchval(_ANSWER, preorder_id, answer, now):
        raise NoDelay("No new date waits for an answer.")
    if answer == "declined":
        await cancel_preorder(conn, preorder_id, now=now, reason="the new date was declined")


async def has_delay_over(conn: Connection, *, now: datetime) -> bool:
    return bool(await conn.fetch(_OVER, now, AHEAD, 1))


async def list_delays_over(conn: Connection, *, now: datetime) -> list[OpenDelay]:
    """Whose time to answer is over, the oldest first; not of those who could not be told yet."""
    return [OpenDelay(**row) for row in await conn.fetch(_OVER, now, AHEAD, AT_ONCE)]


async def end_delay(conn: Connection, over: OpenDelay, *, now: datetime) -> None:
    """Silence was consent, or the preorder is cancelled and all of its money goes back. Harmless to repeat."""
    held = await hold_preorder(conn, over.preorder_id)
    if held.fulfilment not in AHEAD:
        return
    needs: Needs | None = await conn.fetchval(_END, over.preorder_id, over.change_id, now)
    if needs == "consent":
        await cancel_preorder(conn, over.preorder_id, now=now, reason="the new date was not accepted in time")


async def postpone_answer(conn: Connection, preorder_id: UUID, change_id: str, *, now: datetime) -> None:
    """The notice leaves only now: the time to answer is counted from here."""
    days = (await read_notice_settings(conn)).answer_days
    await conn.execute(_POSTPONE, preorder_id, UUID(change_id), now + timedelta(days=days))


async def _ask(
    conn: Connection, change_id: UUID, asked: Sequence[tuple[UUID, date, Needs]], to_day: date, now: datetime
) -> None:
    if asked:
        until = now + timedelta(days=(await read_notice_settings(conn)).answer_days)
        columns: tuple[Sequence[object], ...] = tuple(zip(*asked, strict=True))
        await conn.execute(_INSERT, *columns, change_id, to_day, until, now)


# What each has agreed to: the last date that they accepted, else the one before the first delay.
_AGREED = """
select preorder_id, coalesce(
        (array_agg(to_day order by earlier.created_at desc) filter (where answer in ('accepted', 'silence')))[1],
        (array_agg(from_day order by earlier.created_at))[1]
    ) as agreed,
    count(change_id) as delays
from preorders
left join preorder_delays as earlier using (tenant_id, preorder_id)
where campaign_id = $1 and fulfilment = any($2::text[])
group by preorder_id
order by preorder_id
"""

_REPLACE = """
update preorder_delays
set answer = 'replaced', answered_at = $2
where preorder_id = any($1::uuid[]) and answer is null
"""

_INSERT = """
insert into preorder_delays (preorder_id, from_day, needs, change_id, to_day, answer_until, created_at)
select preorder_id, from_day, needs, $4, $5, $6, $7
from unnest($1::uuid[], $2::date[], $3::text[]) as asked (preorder_id, from_day, needs)
"""

_ANSWER = """
update preorder_delays
set answer = $2, answered_at = $3
where preorder_id = $1 and answer is null
returning true
"""

_OVER = """
select preorder_id, change_id
from preorder_delays
join preorders using (tenant_id, preorder_id)
where answer is null and answer_until <= $1 and fulfilment = any($2::text[])
    and not exists (
        select
        from notices
        where notices.preorder_id = preorder_delays.preorder_id and kind = 'delayed' and occasion = change_id::text
            and status = 'waiting'
    )
order by answer_until, preorder_id
limit $3
"""

_END = """
update preorder_delays
set answer = case needs when 'silence' then 'silence' else 'lapsed' end, answered_at = $3
where preorder_id = $1 and change_id = $2 and answer is null and answer_until <= $3
returning needs
"""

_POSTPONE = """
update preorder_delays
set answer_until = greatest(answer_until, $3)
where preorder_id = $1 and change_id = $2 and answer is null
"""
