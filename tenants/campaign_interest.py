"""Campaign interest: shoppers who asked to be told. Those who did before early access began come first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Connection
from infra.errors import Forbidden
from infra.ids import new_id
from tenants.campaign_caps import CampaignNotOpen
from tenants.campaign_documents import Early
from tenants.campaign_states import ENDING, no_campaign
from tenants.merges import follow_merges
from tenants.named import Named


class EarlyAccessOnly(Forbidden):
    """Those who were invited come first."""

    code = "early_access_only"
    hint = "It opens for everybody at starts_at. Who recorded interest before early_from may join now, with a token."


@dataclass(frozen=True, slots=True)
class Interest:
    """Since when a shopper is interested."""

    campaign_id: str
    at: datetime


async def record_interest(conn: Connection, campaign_id: str, shopper: Named, *, now: datetime) -> Interest:
    """Once a shopper; the first time counts. The shopper is held. Raises NotFound, CampaignNotOpen."""
    state = await conn.fetchval("select state from campaigns where campaign_id = $1", campaign_id)
    if state is None or state == "draft":
        raise no_campaign(campaign_id)
    if state not in ENDING:
        raise CampaignNotOpen(f"The campaign is {state}: there is nothing to wait for.")
    since = await find_interest(conn, campaign_id, shopper.shopper_id)
    if since is not None:
        return Interest(campaign_id, since)
    interest_id = new_id()
    await conn.execute(_RECORD, interest_id, campaign_id, shopper.shopper_id, now)
    if shopper.merged:
        await follow_merges(conn, "campaign_interest", {str(interest_id): shopper.row_id})
    return Interest(campaign_id, now)


async def find_interest(conn: Connection, campaign_id: str, shopper_id: UUID) -> datetime | None:
    """Since when, or None."""
    since: datetime | None = await conn.fetchval(_FIND, campaign_id, shopper_id)
    return since


async def refuse_uninvited(
    conn: Connection, campaign_id: str, early: Early, shopper_id: UUID | None, *, early_from: datetime | None
) -> None:
    """Raises EarlyAccessOnly for whoever does not come first."""
    if shopper_id is not None:
        if early.shoppers and await conn.fetchval(_INVITED, shopper_id, list(early.shoppers)):
            return
        since = await find_interest(conn, campaign_id, shopper_id) if early.interest else None
        if since is not None and early_from is not None and since < early_from:
            return
    raise EarlyAccessOnly("The campaign is open for those who come first only.")


_RECORD = """
insert into campaign_interest (interest_id, campaign_id, shopper_id, at)
values ($1, $2, $3, $4)
"""

_FIND = "select min(at) from campaign_interest where campaign_id = $1 and shopper_id = $2"

# By any of the ids that lead to the shopper.
_INVITED = """
select exists (
    select
    from shoppers
    where $1 in (shopper_id, merged_into) and external_id = any($2::text[])
)
"""
