"""Campaign schedule: what happens to campaigns by the clock and by the count."""

from datetime import datetime

from infra.database import Connection
from tenants.campaign_documents import Basis
from tenants.campaign_offers import state_by_clock
from tenants.campaign_states import CLOCK, TAKING, CampaignState, Standing, hold_campaign, move_campaign
from tenants.notices import CAMPAIGN_FAILED
from tenants.preorder_ends import end_preorders
from tenants.preorder_states import MONEY_TAKEN, Held, hold_preorders, move_goods


async def has_due(conn: Connection, *, now: datetime) -> bool:
    """Whether the tenant has a campaign that may have to move, or a reservation that is over."""
    due: bool = await conn.fetchval(_HAS_DUE, now)
    return due


async def list_due(conn: Connection, *, now: datetime) -> list[str]:
    """Campaigns that may have to move, by id."""
    return [row["campaign_id"] for row in await conn.fetch(_DUE, now)]


async def move_if_due(conn: Connection, campaign_id: str, *, now: datetime) -> bool:
    """Whether it moved. Harmless to repeat. Raises NotFound."""
    standing = await hold_campaign(conn, campaign_id)
    return (await move_by_clock(conn, standing, now=now)).state != standing.state


async def move_by_clock(conn: Connection, standing: Standing, *, now: datetime) -> Standing:
    """Take a campaign that is held through all states that are due: its dates, all taken, the decision.

    What was open is not decided in the same transaction: closing it locks what every reservation and cancellation
    waits for, and deciding locks the preorders, which they lock first.
    """
    decides = standing.state == "closed"
    while (to := await _find_next(conn, standing, now, decides=decides)) is not None:
        if to in ("confirmed", "failed"):
            await _settle(conn, standing.campaign_id, to, now)
        standing = await move_campaign(conn, standing, to, now=now, actor=CLOCK)
    return standing


async def _find_next(conn: Connection, standing: Standing, now: datetime, *, decides: bool) -> CampaignState | None:
    due = state_by_clock(standing, now)
    if standing.state == "scheduled" and due == "closed":
        # Nobody looked after it from its start to its end.
        return "open"
    if due != standing.state:
        return due
    if standing.state in TAKING and await conn.fetchval(_ALL_TAKEN, standing.campaign_id):
        return "closed"
    if decides and standing.state == "closed" and not await conn.fetchval(_UNDECIDED, standing.campaign_id):
        return await _decide(conn, standing.campaign_id)
    return None


async def _decide(conn: Connection, campaign_id: str) -> CampaignState:
    """Whether enough came together. Called once, when nobody can join any more; those who joined are locked."""
    row = await conn.fetchrow(_MINIMUM, campaign_id)
    assert row is not None
    joined = await hold_preorders(conn, campaign_id, "joined")
    return "confirmed" if count_units(joined, row["basis"]) >= row["minimum_units"] else "failed"


def count_units(joined: list[Held], basis: Basis) -> int:
    """What counts towards the minimum: everybody's who joined, or theirs whose money was taken."""
    return sum(one.quantity for one in joined if basis == "pledged" or one.payment in MONEY_TAKEN)


async def _settle(conn: Connection, campaign_id: str, decided: CampaignState, now: datetime) -> None:
    """Those who joined are confirmed, or get all of their money back."""
    joined = await hold_preorders(conn, campaign_id, "joined")
    if decided == "failed":
        await end_preorders(conn, joined, "cancelled", now=now, reason=CAMPAIGN_FAILED)
    else:
        await move_goods(conn, joined, "confirmed", now=now, reason="the campaign is confirmed")


_OF_INTEREST = """
state in ('scheduled', 'early_access', 'open', 'paused') and (
    ends_at <= $1
    or (state = 'scheduled' and early_from <= $1)
    or (state in ('scheduled', 'early_access') and starts_at <= $1)
    or (state in ('early_access', 'open') and exists (
        select
        from campaign_caps
        where campaign_caps.campaign_id = campaigns.campaign_id and scope = 'total' and taken >= cap
    ))
)
or state = 'closed'
"""

_DUE = f"""
select campaign_id
from campaigns
where {_OF_INTEREST}
order by campaign_id
"""

_HAS_DUE = f"""
select exists (select from campaigns where {_OF_INTEREST})
    or exists (select from preorders where fulfilment = 'reserved' and reserved_until <= $1)
"""

# What is only reserved may come back, so that the campaign is not over before it is paid for.
_ALL_TAKEN = """
select exists (
    select
    from campaign_caps
    where campaign_id = $1 and scope = 'total' and taken >= cap
) and not exists (
    select
    from preorders
    where campaign_id = $1 and fulfilment = 'reserved'
)
"""

_UNDECIDED = """
select exists (
    select
    from preorders
    where campaign_id = $1 and fulfilment = 'reserved'
)
"""

_MINIMUM = """
select coalesce((document ->> 'minimum_units')::integer, 0) as minimum_units,
    coalesce(document ->> 'basis', 'pledged') as basis
from campaigns
where campaign_id = $1
"""
