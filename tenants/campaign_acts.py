"""Campaign acts: what a merchant asks of a campaign by hand, and what it means for those who joined."""

from datetime import datetime

from infra.database import Connection
from tenants.campaign_offers import state_by_clock
from tenants.campaign_states import (
    BY_HAND,
    CampaignState,
    CampaignStep,
    Standing,
    hold_campaign,
    move_campaign,
)
from tenants.preorder_ends import cancel_all
from tenants.preorder_states import hold_preorders, move_goods

CANCELLED = "the campaign was cancelled"


class PreordersUnfinished(CampaignStep):
    """Some of the campaign's preorders are still under way."""

    code = "preorders_unfinished"
    hint = "GET /v1/preorders?campaign=… lists them; each is shipped or cancelled before the campaign is completed."


async def ask_transition(
    conn: Connection, campaign_id: str, to: CampaignState, *, reason: str, now: datetime, actor: str
) -> Standing:
    """Take it to the state that a merchant asks for. What the clock and the count do, nobody can ask for.

    Cancelling ends every preorder that is not shipped, and all that was paid is owed back. Raises NotFound,
    CampaignStep, PreordersUnfinished.
    """
    standing = await hold_campaign(conn, campaign_id)
    _refuse_by_hand(standing, to, now)
    if to == "completed" and await conn.fetchval(_UNFINISHED, campaign_id):
        raise PreordersUnfinished("There are preorders that are neither shipped nor ended.")
    if to == "cancelled":
        await cancel_all(conn, campaign_id, now=now, reason=CANCELLED)
    moved = await move_campaign(conn, standing, to, now=now, actor=actor, reason=reason)
    if to == "cancelled":
        # Those few who came in before that took effect. Preorders are locked before the caps wherever there are many.
        await cancel_all(conn, campaign_id, now=now, reason=CANCELLED)
    if to == "in_production":
        await _begin_production(conn, campaign_id, now)
    return moved


def _refuse_by_hand(standing: Standing, to: CampaignState, now: datetime) -> None:
    if to not in BY_HAND:
        raise CampaignStep(f"Nobody can ask for {to}: the clock and the count decide.")
    if to not in ("open", "early_access"):
        return
    if standing.state != "paused":
        raise CampaignStep(f"The campaign is {standing.state}; only a paused one is opened by hand.")
    due = state_by_clock(Standing(standing.campaign_id, "scheduled", *standing.dates), now)
    if to != due:
        raise CampaignStep(f"By its dates the campaign would be {due} now, not {to}.")


async def _begin_production(conn: Connection, campaign_id: str, now: datetime) -> None:
    """Of everybody who was confirmed, but for those whose money could not be had."""
    held = [one for one in await hold_preorders(conn, campaign_id, "confirmed") if one.payment != "dropped"]
    await move_goods(conn, held, "in_production", now=now, reason="production began")


_UNFINISHED = """
select exists (
    select
    from preorders
    where campaign_id = $1 and fulfilment in ('reserved', 'joined', 'confirmed', 'in_production')
)
"""
