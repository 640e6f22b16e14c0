"""Campaign caps: how much there is of a campaign, and how much of it live preorders hold.

Every change is one conditional update a row, always in the same order: the variant's, then the total. A shopper's own
cap needs no row: their reservations of a campaign wait for each other, and then the sum over their preorders is right,
also after two shoppers were merged.
"""

from collections.abc import Mapping
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict
from tenants.campaign_documents import Campaign, Caps

TOTAL = "total"
TAKE_TOTAL = """
update campaign_caps
set taken = taken + $2
where campaign_id = $1 and scope = 'total' and accepts and (cap is null or taken + $2 <= cap)
returning taken
"""
"""Of campaign $1, $2 units; no row when there are not so many, or none is accepted. For statements that do more."""


class CampaignSoldOut(Conflict):
    """Every unit of this campaign is already preordered."""

    code = "campaign_sold_out"
    hint = "A reservation that nobody pays ends after half an hour: ask again then, or for fewer units."


class VariantSoldOut(CampaignSoldOut):
    """Every unit of this variant is already preordered."""

    code = "variant_sold_out"


class ShopperCapReached(Conflict):
    """A shopper may preorder only so many units of this campaign."""

    code = "shopper_cap_reached"
    hint = "caps.per_shopper of the campaign says how many, over all their preorders."


class OrderCapReached(Conflict):
    """One preorder may hold only so many units."""

    code = "order_cap_reached"
    hint = "caps.per_order of the campaign says how many."


class CampaignNotOpen(Conflict):
    """The campaign takes no preorders now."""

    code = "campaign_not_open"
    hint = "Its state and its times are in its card: POST /public/v1/campaigns."


def variant_scope(product_id: str, variant_id: str | None) -> str:
    """The name of a variant's row."""
    return f"variant:{product_id}/{variant_id or ''}"


async def make_caps(conn: Connection, campaign: Campaign) -> None:
    """The rows of a campaign that is being published."""
    rows: dict[str, int | None] = {TOTAL: campaign.caps.total}
    rows |= {variant_scope(cap.product_id, cap.variant_id): cap.units for cap in campaign.caps.per_variant}
    await conn.execute(_MAKE, campaign.id, list(rows), list(rows.values()))


async def take_variant(conn: Connection, campaign_id: str, scope: str, quantity: int) -> None:
    """Take units off a variant that has a cap. Raises VariantSoldOut: then the transaction must not commit."""
    if await conn.fetchval(_TAKE, campaign_id, scope, quantity) is None:
        raise VariantSoldOut("There are not so many units of this variant left.")


async def give_back_units(conn: Connection, campaign_id: str, scopes: Mapping[str, int]) -> None:
    """Units of preorders that have ended, by variant scope; what has no row of its own counts in the total only."""
    await exchange_units(conn, campaign_id, {scope: -units for scope, units in scopes.items()}, -sum(scopes.values()))


async def exchange_units(conn: Connection, campaign_id: str, by_scope: Mapping[str, int], total: int) -> int:
    """Take and give back at once: units by scope of a variant that has a cap, and in total, negative for back.

    Returns how many were taken in total before. Raises VariantSoldOut, CampaignSoldOut, CampaignNotOpen: then the
    transaction must not commit.
    """
    for scope, units in sorted(by_scope.items()):
        if units < 0:
            await conn.execute(_GIVE_BACK, campaign_id, scope, -units)
        else:
            await take_variant(conn, campaign_id, scope, units)
    # Last, because every reservation of the campaign waits for this row until the one before has committed.
    taken: int | None = (
        await conn.fetchval(_GIVE_BACK, campaign_id, TOTAL, -total)
        if total < 0
        else await conn.fetchval(TAKE_TOTAL, campaign_id, total)
    )
    if taken is None:
        raise await find_reason(conn, campaign_id)
    return taken - total


async def hold_buyer(conn: Connection, campaign_id: str, buyer: str) -> None:
    """Let this buyer's other reservations of the campaign wait until the transaction ends."""
    await conn.execute(_HOLD_BUYER, campaign_id, buyer)


async def refuse_over_caps(
    conn: Connection,
    campaign_id: str,
    caps: Caps,
    *,
    quantity: int,
    more: int,
    shopper_id: UUID | None,
    guest_email: str | None,
) -> None:
    """For a preorder of so many units, `more` of them new. The buyer must be held if they have a cap.

    Raises OrderCapReached, ShopperCapReached.
    """
    if caps.per_order is not None and quantity > caps.per_order:
        raise OrderCapReached(f"One preorder holds at most {caps.per_order} units.")
    if caps.per_shopper is None or more <= 0:
        return
    held: int = await conn.fetchval(_HELD, campaign_id, shopper_id, guest_email)
    if held + more > caps.per_shopper:
        raise ShopperCapReached(f"A shopper has at most {caps.per_shopper} units of this campaign.")


async def find_reason(conn: Connection, campaign_id: str) -> Conflict:
    """Why the row 'total' did not let anything be taken."""
    if await conn.fetchval("select accepts from campaign_caps where campaign_id = $1 and scope = 'total'", campaign_id):
        return CampaignSoldOut("There are not so many units left.")
    return CampaignNotOpen("The campaign has just stopped taking preorders.")


_MAKE = """
insert into campaign_caps (campaign_id, scope, cap)
select $1, scope, cap
from unnest($2::text[], $3::bigint[]) as made (scope, cap)
"""

_TAKE = """
update campaign_caps
set taken = taken + $3
where campaign_id = $1 and scope = $2 and taken + $3 <= cap
returning taken
"""

_GIVE_BACK = """
update campaign_caps
set taken = taken - $3
where campaign_id = $1 and scope = $2
returning taken
"""

_HOLD_BUYER = """
select pg_advisory_xact_lock(hashtextextended(current_tenant()::text || chr(1) || $1 || chr(1) || $2, 17))
"""

_HELD = """
select coalesce(sum(quantity), 0)::bigint
from preorders
where campaign_id = $1 and fulfilment not in ('expired', 'cancelled')
    and (shopper_id = $2 or guest_email = $3)
"""
