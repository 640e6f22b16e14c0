"""Campaigns: preorder campaigns in the record. Drafts are stored whole, as often as the merchant likes; a published one
stands, and moves by its states."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from infra.database import Connection, Row
from infra.errors import Conflict, FieldError, Invalid
from tenants.campaign_documents import Campaign
from tenants.campaign_states import ENDING, CampaignState, CampaignStep, hold_campaign, no_campaign, record_transition
from tenants.delays import tell_new_dates
from tenants.fields import ExternalId, Moment
from tenants.suppression import ERASED, Kind, find_suppressed
from tenants.upserts import Upserted, make_document, outcomes

MOST_DRAFTS = 1000


class CampaignPublished(Conflict):
    """A published campaign stands as it is."""

    code = "campaign_published"
    hint = "POST /v1/campaigns:clone makes a new draft of it; POST /v1/campaigns:dates changes its dates."


class CampaignExists(Conflict):
    """A campaign of that id exists."""

    code = "campaign_exists"
    hint = "Choose an id that no campaign has."


class TooManyDrafts(Invalid):
    """The shop has as many campaigns in draft as it may have."""

    code = "too_many_drafts"
    hint = "Delete those that will not come."


class StoredCampaign(Campaign, frozen=True, kw_only=True):
    """A campaign as we hold it."""

    state: CampaignState
    units_taken: Annotated[int, Meta(description="Held by live preorders, reservations included.")]
    units_joined: Annotated[int, Meta(description="Of these, by shoppers who joined.")]
    first_ends_at: Annotated[Moment | None, Meta(description="The end that was published first.")]
    published_at: Moment | None
    decided_at: Moment | None
    created_at: Moment
    updated_at: Moment


class NewDates(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Dates to change; what is not said stays."""

    id: ExternalId
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    early_from: Moment | UnsetType = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType = UNSET
    ship_from: date | UnsetType = UNSET
    ship_until: date | UnsetType = UNSET

    def changes(self) -> dict[str, date | datetime]:
        said = {name: getattr(self, name) for name in DATES}
        return {name: value for name, value in said.items() if value is not UNSET}


DATES = ("early_from", "starts_at", "ends_at", "ship_from", "ship_until")


async def upsert_campaigns(conn: Connection, campaigns: Sequence[Campaign]) -> Upserted:
    """Store drafts as given, in full; ids must differ. One that is published already is refused, unless it is the same.

    Raises TooManyDrafts.
    """
    erased = await _find_erased(conn, campaigns)
    made = {one.id: make_document(one) for one in campaigns if one.id not in erased}
    ids = sorted(made)
    rows = await conn.fetch(_UPSERT, ids, [made[name].text for name in ids], [made[name].digest for name in ids])
    refused = {
        row["campaign_id"]: FieldError("id", f"is a campaign that is {row['state']} and stands as it was published")
        for row in await conn.fetch(_STANDING, ids, [made[name].digest for name in ids])
    }
    if rows and await conn.fetchval("select count(*) from campaigns where state = 'draft'") > MOST_DRAFTS:
        raise TooManyDrafts(f"A shop has at most {MOST_DRAFTS:,} campaigns in draft.")
    stored = outcomes(
        made.keys() - refused.keys(),
        created=(row["campaign_id"] for row in rows if row["created"]),
        updated=(row["campaign_id"] for row in rows if not row["created"]),
    )
    return replace(stored, refused={**erased, **refused})


async def _find_erased(conn: Connection, campaigns: Sequence[Campaign]) -> dict[str, FieldError]:
    """Campaigns that invite somebody who was erased."""
    invited: set[tuple[Kind, str]] = {("external_id", name) for one in campaigns for name in one.early_for.shoppers}
    gone = {name for _, name in await find_suppressed(conn, invited)}
    names = [one.id for one in campaigns if not gone.isdisjoint(one.early_for.shoppers)]
    return dict.fromkeys(names, FieldError("early_for.shoppers", ERASED))


async def forget_invited(conn: Connection, external_ids: Sequence[str]) -> None:
    """Shoppers who were erased are invited nowhere any more."""
    await conn.execute(_FORGET, list(external_ids))


async def get_campaign(conn: Connection, campaign_id: str) -> StoredCampaign:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where campaign_id = $1", campaign_id)
    if row is None:
        raise no_campaign(campaign_id)
    return _stored(row)


async def list_campaigns(conn: Connection, *, after: str, limit: int) -> Sequence[StoredCampaign]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where campaign_id > $1 order by campaign_id limit $2", after, limit)
    return [_stored(row) for row in rows]


async def delete_campaign(conn: Connection, campaign_id: str) -> None:
    """A draft only: what was published is part of what shoppers agreed to. Raises NotFound, CampaignPublished."""
    standing = await hold_campaign(conn, campaign_id)
    if standing.state != "draft":
        raise CampaignPublished(f"The campaign is {standing.state} and cannot be deleted.")
    await conn.execute("delete from campaigns where campaign_id = $1", campaign_id)


async def clone_campaign(conn: Connection, campaign_id: str, new_id: str) -> StoredCampaign:
    """A draft with all but its dates and its checklist. Raises NotFound, CampaignExists."""
    row = await conn.fetchrow("select document from campaigns where campaign_id = $1", campaign_id)
    if row is None:
        raise no_campaign(campaign_id)
    document = {name: value for name, value in row["document"].items() if name not in (*DATES, "checklist")}
    copy = make_document(msgspec.convert(document | {"id": new_id}, Campaign))
    if not await conn.fetchval(_INSERT, new_id, copy.text, copy.digest):
        raise CampaignExists(f"There is a campaign {new_id!r} already.")
    return await get_campaign(conn, new_id)


async def change_dates(conn: Connection, dates: NewDates, *, now: datetime, actor: str) -> StoredCampaign:
    """Move a published campaign's dates, but for what has begun or ended; audited. Who preordered is told, or asked.

    Raises NotFound, Invalid naming the date, CampaignStep.
    """
    standing = await hold_campaign(conn, dates.id)
    before = await get_campaign(conn, dates.id)
    _refuse_past(before, dates, now)
    changed = {name: value for name, value in dates.changes().items() if value != getattr(before, name)}
    if changed:
        document = _with_dates(before, changed)
        await conn.execute(_CHANGE, dates.id, make_document(document).text, *(getattr(document, n) for n in DATES[:3]))
        said = {name: (_text(getattr(before, name)), _text(value)) for name, value in changed.items()}
        await record_transition(conn, standing, standing.state, now=now, actor=actor, reason=dates.reason, changes=said)
        await tell_new_dates(conn, dates.id, before=before.ship_until, ship_until=document.ship_until, now=now)
    return await get_campaign(conn, dates.id)


def _text(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _with_dates(before: StoredCampaign, changed: Mapping[str, date | datetime]) -> Campaign:
    """Raises Invalid where the dates do not fit one another."""
    told = {name: getattr(before, name) for name in Campaign.__struct_fields__}
    try:
        return Campaign(**(told | dict(changed)))
    except ValueError as wrong:
        error = FieldError(next(iter(changed)), str(wrong))
        raise Invalid(f"The dates do not fit: {wrong}.", errors=(error,)) from None


def _refuse_past(before: StoredCampaign, dates: NewDates, now: datetime) -> None:
    """A window changes while it is ahead; the ship window until all is shipped."""
    if before.state == "draft":
        raise CampaignStep("The campaign is a draft: store it with its new dates.")
    if before.state in ("failed", "completed", "cancelled"):
        raise CampaignStep(f"The campaign is {before.state}.")
    changes = dates.changes()
    if "ends_at" in changes and before.state not in ENDING:
        raise CampaignStep(f"The campaign is {before.state}: its end has come.")
    if changes.keys() & {"starts_at", "early_from"} and before.state != "scheduled":
        raise CampaignStep(f"The campaign is {before.state}: it has begun.")
    for name in ("early_from", "starts_at", "ends_at"):
        moment = changes.get(name)
        if isinstance(moment, datetime) and moment <= now:
            raise Invalid("A date can only be moved into the future.", errors=(FieldError(name, "has passed"),))


def _stored(row: Row) -> StoredCampaign:
    return msgspec.convert({**row["document"], **{name: row[name] for name in _BESIDES}}, StoredCampaign)


_BESIDES = (
    "state",
    "units_taken",
    "units_joined",
    "first_ends_at",
    "published_at",
    "decided_at",
    "created_at",
    "updated_at",
)

_INSERT = """
insert into campaigns (campaign_id, document, digest) values ($1, $2::text::jsonb, $3)
on conflict (tenant_id, campaign_id) do nothing
returning true
"""

_UPSERT = """
insert into campaigns (campaign_id, document, digest)
select name, document::jsonb, digest
from unnest($1::text[], $2::text[], $3::bytea[]) as sent (name, document, digest)
on conflict (tenant_id, campaign_id) do update
set (document, digest, updated_at) = (select excluded.document, excluded.digest, now())
where campaigns.digest <> excluded.digest and campaigns.state = 'draft'
returning campaign_id, xmax = 0 as created
"""

_STANDING = """
select campaign_id, state
from unnest($1::text[], $2::bytea[]) as sent (campaign_id, digest)
join campaigns using (campaign_id)
where campaigns.digest <> sent.digest and state <> 'draft'
"""

_FORGET = """
update campaigns
set document = jsonb_set(document, '{early_for,shoppers}', (document #> '{early_for,shoppers}') - $1::text[])
where document #> '{early_for,shoppers}' ?| $1::text[]
"""

# The digest stays that of the document as it was sent, so that sending it again is harmless.
_CHANGE = """
update campaigns
set document = $2::text::jsonb, early_from = $3, starts_at = $4, ends_at = $5, updated_at = now()
where campaign_id = $1
"""

_SELECT = """
select document, state, first_ends_at, published_at, decided_at, created_at, updated_at,
    coalesce((
        select taken from campaign_caps where campaign_caps.campaign_id = campaigns.campaign_id and scope = 'total'
    ), 0) as units_taken,
    coalesce((
        select sum(quantity)::bigint
        from preorders
        where preorders.campaign_id = campaigns.campaign_id
            and fulfilment in ('joined', 'confirmed', 'in_production', 'shipped', 'completed')
    ), 0) as units_joined
from campaigns
"""
