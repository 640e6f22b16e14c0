"""Campaign audiences: shoppers whom a merchant invites to come first, as many as the budget allows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from infra.database import Connection
from infra.errors import FieldError, Invalid
from tenants.audit import record_audit
from tenants.campaign_documents import Campaign
from tenants.campaign_states import hold_campaign
from tenants.campaigns import CampaignPublished, get_campaign, upsert_campaigns
from tenants.consent import list_personalised
from tenants.shopper_filters import AttributeFilter, keep_segment, list_segment
from tenants.suppression import Suppressed, lock_people, read_suppressed

PART = 1_000
"""Shoppers that are looked at at once."""
MOST_INVITED = 10_000
"""As many as a campaign document holds."""


def audience_size(*, budget_minor: int, unit_cost_minor: int, most: int | None) -> int:
    """How many can be paid for, and no more than are asked for."""
    return min(budget_minor // unit_cost_minor, MOST_INVITED if most is None else most)


async def refuse_unknown_products(conn: Connection, products: Sequence[str]) -> None:
    """Raises Invalid, also for none at all."""
    unknown: str | None = await conn.fetchval(_UNKNOWN, list(products))
    if unknown is not None:
        raise _wrong_products(f"names {unknown!r}, which is no product of this shop")
    if not products:
        raise _wrong_products("must not be empty: the campaign has none either")


async def choose_audience(
    conn: Connection,
    ranked: Iterable[Sequence[str]],
    filters: Sequence[AttributeFilter],
    *,
    size: int,
    learned_at: datetime,
) -> Sequence[str]:
    """The first `size` of those ranked for whom the filters hold and who may be personalised, each once, by the
    external id that stands for theirs.

    Left out: who objected or never agreed, who was erased or has gone, and what a model of before an erasure, which
    began at `learned_at`, knows of who came back since.
    """
    suppressed, chosen = await read_suppressed(conn), dict[str, None]()
    for part in ranked:
        if len(chosen) >= size:
            break
        people = await list_personalised(conn, part)
        held = await keep_segment(conn, filters, {*people.values()})
        known = ((told, people[told]) for told in part if people.get(told) in held)
        chosen |= dict.fromkeys(
            person for told, person in known if not any(_is_gone(suppressed, one, learned_at) for one in (told, person))
        )
    return list(chosen)[:size]


async def read_segment(conn: Connection, filters: Sequence[AttributeFilter]) -> Iterator[Sequence[str]]:
    """All of a segment, in the order of their ids."""
    everybody = await list_segment(conn, filters)
    return (everybody[start : start + PART] for start in range(0, len(everybody), PART))


async def hold_audience(conn: Connection, campaign_id: str) -> None:
    """Before an audience is chosen to be invited: keeps erasures and other changes of the campaign out until the
    transaction ends. Raises NotFound, CampaignPublished: who is invited stands with the rest."""
    await lock_people(conn, shared=True)
    standing = await hold_campaign(conn, campaign_id)
    if standing.state != "draft":
        raise CampaignPublished(f"The campaign is {standing.state}: who is invited was published with it.")


async def invite_audience(conn: Connection, campaign_id: str, shoppers: Sequence[str], *, actor: str) -> None:
    """Let these, instead of those who were invited before, come first. The campaign must be held; audited."""
    before = await get_campaign(conn, campaign_id)
    told = {name: getattr(before, name) for name in Campaign.__struct_fields__}
    early = msgspec.structs.replace(before.early_for, shoppers=tuple(shoppers))
    await upsert_campaigns(conn, [Campaign(**(told | {"early_for": early}))])
    await record_audit(conn, actor=actor, action="invite campaign audience", subject=campaign_id)


def _is_gone(suppressed: Suppressed, name: str, learned_at: datetime) -> bool:
    erased_since = suppressed.began_anew("external_id", name, since=learned_at)
    return erased_since or suppressed.holds("external_id", name)


def _wrong_products(reason: str) -> Invalid:
    error = FieldError("products", reason)
    return Invalid(f"The field 'products' is not valid: {reason}.", errors=(error,))


_UNKNOWN = """
select name
from unnest($1::text[]) with ordinality as asked (name, place)
where not exists (select from products where product_id = name and deleted_at is null)
order by place
limit 1
"""
