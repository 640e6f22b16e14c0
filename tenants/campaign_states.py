"""Campaign states: which follow which, who may ask for them, and what every step leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from infra.database import Connection
from infra.errors import Conflict, NotFound
from infra.ids import new_id
from tenants.audit import record_audit

CampaignState = Literal[
    "draft",
    "scheduled",
    "early_access",
    "open",
    "paused",
    "closed",
    "confirmed",
    "failed",
    "charging",
    "in_production",
    "shipping",
    "completed",
    "cancelled",
]

TRANSITIONS: Mapping[CampaignState, frozenset[CampaignState]] = {
    "draft": frozenset({"scheduled", "cancelled"}),
    "scheduled": frozenset({"early_access", "open", "cancelled"}),
    "early_access": frozenset({"open", "paused", "closed", "cancelled"}),
    "open": frozenset({"paused", "closed", "cancelled"}),
    "paused": frozenset({"early_access", "open", "closed", "cancelled"}),
    "closed": frozenset({"confirmed", "failed", "cancelled"}),
    "confirmed": frozenset({"charging", "cancelled"}),
    "failed": frozenset({"cancelled"}),
    "charging": frozenset({"in_production", "cancelled"}),
    "in_production": frozenset({"shipping", "cancelled"}),
    "shipping": frozenset({"completed", "cancelled"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
}
"""All there are. Nothing leads back to a draft."""

BY_HAND: frozenset[CampaignState] = frozenset(
    {"paused", "early_access", "open", "closed", "cancelled", "charging", "in_production", "shipping", "completed"}
)
"""What a merchant may ask for; early_access and open of a paused one only. Else the clock opens, and the count decides
whether it is confirmed or failed."""

TAKING: frozenset[CampaignState] = frozenset({"early_access", "open"})
"""In these, preorders are accepted."""
ENDING: frozenset[CampaignState] = frozenset({"scheduled", "early_access", "open", "paused"})
"""In these, the campaign has not come to its end."""
CLOCK = "clock"
"""The actor of what nobody asked for."""


class CampaignStep(Conflict):
    """A campaign's state does not allow that."""

    code = "campaign_step"
    hint = "GET /v1/campaigns/{id} tells the state; GET /v1/campaign-transitions/{id} what led to it."


@dataclass(frozen=True, slots=True)
class CampaignTransition:
    """One step, for good."""

    from_state: CampaignState
    to_state: CampaignState
    at: datetime
    actor: str
    reason: str
    changes: Mapping[str, tuple[str | None, str | None]]
    """Of dates: by name, from what to what."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a campaign stands, and by which dates it moves."""

    campaign_id: str
    state: CampaignState
    early_from: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def dates(self) -> tuple[datetime | None, datetime | None, datetime | None]:
        return self.early_from, self.starts_at, self.ends_at


async def hold_campaign(conn: Connection, campaign_id: str) -> Standing:
    """Lock it: nobody else moves it until the transaction ends. Raises NotFound."""
    row = await conn.fetchrow(_HOLD, campaign_id)
    if row is None:
        raise no_campaign(campaign_id)
    return Standing(**row)


async def move_campaign(
    conn: Connection, standing: Standing, to: CampaignState, *, now: datetime, actor: str, reason: str = ""
) -> Standing:
    """Take a campaign that is held to its next state; audited. Raises CampaignStep when that does not follow."""
    if to not in TRANSITIONS[standing.state]:
        raise CampaignStep(f"The campaign is {standing.state}; {to} does not follow on that.")
    await conn.execute(_MOVE, standing.campaign_id, to, now, to in TAKING)
    await record_transition(conn, standing, to, now=now, actor=actor, reason=reason)
    return Standing(standing.campaign_id, to, *standing.dates)


async def record_transition(
    conn: Connection,
    standing: Standing,
    to: CampaignState,
    *,
    now: datetime,
    actor: str,
    reason: str = "",
    changes: Mapping[str, tuple[str | None, str | None]] | None = None,
) -> None:
    """One row among the campaign's transitions, one in the audit log; who serves the shop is told."""
    action = f"campaign {to}" if changes is None else "change campaign dates"
    await conn.execute(
        _RECORD, new_id(), standing.campaign_id, standing.state, to, now, actor, reason, dict(changes or {})
    )
    await record_audit(conn, actor=actor, action=action, subject=standing.campaign_id)
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


async def list_campaign_transitions(conn: Connection, campaign_id: str) -> list[CampaignTransition]:
    """The first one first. Raises NotFound."""
    if not await conn.fetchval("select true from campaigns where campaign_id = $1", campaign_id):
        raise no_campaign(campaign_id)
    return [CampaignTransition(**row) for row in await conn.fetch(_LIST, campaign_id)]


def no_campaign(campaign_id: str) -> NotFound:
    return NotFound(f"There is no campaign {campaign_id!r}.", hint="GET /v1/campaigns lists them.")


_HOLD = """
select campaign_id, state, early_from, starts_at, ends_at
from campaigns
where campaign_id = $1
for no key update
"""

# With the row that every reservation locks: from here on it accepts, or refuses what waited for it.
_MOVE = """
with gate as (
    update campaign_caps
    set accepts = $4
    where campaign_id = $1 and scope = 'total' and accepts <> $4
)
update campaigns
set state = $2, updated_at = now(),
    decided_at = case when $2 in ('confirmed', 'failed') then $3 else decided_at end,
    published_at = case when $2 = 'scheduled' then $3 else published_at end
where campaign_id = $1
"""

_RECORD = """
insert into campaign_transitions (transition_id, campaign_id, from_state, to_state, at, actor, reason, changes)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_LIST = """
select from_state, to_state, at, actor, reason, changes
from campaign_transitions
where campaign_id = $1
order by place
"""
