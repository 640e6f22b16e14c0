"""Campaign states: only listed steps, each audited (P1); decided once by what came together (P3)."""

from datetime import timedelta
from typing import get_args

import pytest

from tenants.audit import list_audit
from tenants.campaign_states import TRANSITIONS, CampaignState, CampaignStep, hold_campaign, move_campaign
from tests.campaigns.merchant import (
    campaign,
    join,
    later,
    launch,
    look,
    read,
    reserve,
    state,
    steps,
    store,
    tick,
    transition,
)
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

STATES = get_args(CampaignState)


async def audited(shop: ShopClient) -> list[tuple[str, str]]:
    """Actions on c1 with who did them, the first one first."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await list_audit(conn)
    return [(row.action, row.actor.partition(" ")[0]) for row in reversed(rows) if row.subject == "c1"]


def test_p1_every_state_is_in_the_table_and_nothing_leads_back_to_a_draft() -> None:
    assert {*TRANSITIONS} == {*STATES}
    assert [one for one, following in TRANSITIONS.items() if "draft" in following] == []
    assert [one for one in STATES if "cancelled" not in TRANSITIONS[one]] == ["completed", "cancelled"]


@pytest.mark.parametrize("start", STATES)
async def test_p1_only_listed_steps_are_taken(shop: ShopClient, start: CampaignState) -> None:
    await store(shop, campaign(shop))
    taken = set()
    for to in STATES:
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute(
                """
                update campaigns
                set state = $1, published_at = null,
                    decided_at = case when $1 in ('draft', 'scheduled', 'early_access', 'open', 'paused', 'closed')
                        then null else now() end
                """,
                start,
            )
            standing = await hold_campaign(conn, "c1")
        try:
            async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
                await move_campaign(conn, standing, to, now=shop.service.clock(), actor="test")
        except CampaignStep:
            continue
        taken.add(to)

    assert taken == TRANSITIONS[start]


async def test_p1_a_campaign_goes_its_way_by_the_clock_and_by_hand_and_every_step_is_audited(shop: ShopClient) -> None:
    now = shop.service.clock()
    await launch(
        shop,
        early_from=(now + timedelta(hours=1)).isoformat(),
        starts_at=(now + timedelta(hours=2)).isoformat(),
    )
    assert await state(shop) == "scheduled"
    with later(shop, hours=1.5):
        await tick(shop)
        assert await state(shop) == "early_access"
    with later(shop, hours=3):
        await tick(shop)
        assert (await transition(shop, "paused")).json()["state"] == "paused"
        assert (await transition(shop, "open")).json()["state"] == "open"
        preorder = await join(shop)
    with later(shop, days=8):
        await tick(shop)
        assert await state(shop) == "confirmed"
        for to in ("charging", "in_production", "shipping"):
            assert (await transition(shop, to)).status_code == 200
        unfinished = check_problem(await transition(shop, "completed"), 409)
        for to in ("shipped", "completed"):
            moved = await shop.api.post("/v1/preorders:move", json={"id": preorder["preorder_id"], "to": to})
            assert moved.status_code == 200, moved.text
        assert (await transition(shop, "completed")).json()["state"] == "completed"

    assert unfinished["type"].endswith("/preorders_unfinished")
    walked = await steps(shop)
    assert walked == [
        "draft", "scheduled", "early_access", "open", "paused", "open", "closed", "confirmed", "charging",
        "in_production", "shipping", "completed",
    ]  # fmt: skip
    said = [one for one in await audited(shop) if one[0] != "store campaign"]
    clock = {"early_access", "closed", "confirmed"}
    assert said[:3] == [("campaign scheduled", "key"), ("campaign early_access", "clock"), ("campaign open", "clock")]
    assert [action for action, _ in said] == [f"campaign {to}" for to in walked[1:]]
    assert {action for action, actor in said if actor == "clock"} == {f"campaign {to}" for to in {*clock, "open"}}


@pytest.mark.parametrize("to", ["draft", "scheduled", "early_access", "open", "confirmed", "failed"])
async def test_p1_what_the_clock_and_the_count_decide_nobody_can_ask_for(shop: ShopClient, to: str) -> None:
    await launch(shop, starts_at=(shop.service.clock() + timedelta(days=1)).isoformat())

    check_problem(await transition(shop, to), 409)

    assert await state(shop) == "scheduled"


async def test_p1_a_published_campaign_stands_and_its_copy_is_a_draft(shop: ShopClient) -> None:
    await launch(shop)
    changed = await shop.api.put("/v1/campaigns/c1", json=campaign(shop, minimum_units=5))
    assert check_problem(changed, 422)["errors"][0]["field"] == "id"
    check_problem(await shop.api.delete("/v1/campaigns/c1"), 409)

    cloned = await shop.api.post("/v1/campaigns:clone", json={"id": "c1", "new_id": "c2"})

    copy = cloned.json()
    assert (copy["state"], copy["title"], copy["starts_at"]) == ("draft", {"en": "Winter boots", "zh": "冬靴"}, None)
    check_problem(await shop.api.post("/v1/campaigns:clone", json={"id": "c1", "new_id": "c2"}), 409)
    assert (await shop.api.delete("/v1/campaigns/c2")).status_code == 204


async def test_p1_a_campaign_that_cannot_move_holds_up_no_other(shop: ShopClient) -> None:
    now = shop.service.clock()
    for name in ("a", "b", "c"):
        await launch(shop, name, starts_at=(now + timedelta(hours=1)).isoformat())
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute(
            "update campaigns set document = document - 'minimum_units' || '{\"minimum_units\": \"many\"}',"
            " state = 'closed' where campaign_id = 'b'"
        )

    with later(shop, hours=2):
        assert await tick(shop) == 2

    assert [await state(shop, name) for name in ("a", "c")] == ["open", "open"]


async def test_p1_nobody_looked_after_it_and_it_catches_up(shop: ShopClient) -> None:
    await launch(shop, starts_at=(shop.service.clock() + timedelta(hours=1)).isoformat())

    with later(shop, days=9):
        await tick(shop)

    assert await steps(shop) == ["draft", "scheduled", "open", "closed", "failed"]


async def test_p1_who_comes_at_the_opening_opens_it(shop: ShopClient) -> None:
    """The worker's round comes once a minute; the first shopper need not wait for it."""
    await launch(shop, starts_at=(shop.service.clock() + timedelta(hours=1)).isoformat())

    with later(shop, hours=1, seconds=1):
        await reserve(shop)

    assert await steps(shop) == ["draft", "scheduled", "open"]


async def test_p1_dates_change_with_a_reason_that_is_kept(shop: ShopClient) -> None:
    await launch(shop)
    until = str((shop.service.clock() + timedelta(days=90)).date())

    changed = await shop.api.post("/v1/campaigns:dates", json={"id": "c1", "ship_until": until, "reason": "leather"})

    assert changed.json()["ship_until"] == until
    last = (await shop.api.get("/v1/campaign-transitions/c1")).json()["items"][-1]
    assert (last["reason"], last["changes"]["ship_until"][1]) == ("leather", until)
    assert ("change campaign dates", "key") in await audited(shop)
    past = {"id": "c1", "ends_at": "2020-01-01T00:00:00Z", "reason": "x"}
    assert check_problem(await shop.api.post("/v1/campaigns:dates", json=past), 422)["errors"][0]["field"] == "ends_at"


async def test_p1_cancelling_ends_every_preorder_and_owes_all_money_back(shop: ShopClient) -> None:
    await launch(shop, cancellation={"until": "never", "fee_basis_points": 5000})
    paid, reserved = await join(shop), await reserve(shop)

    assert (await transition(shop, "cancelled")).json()["state"] == "cancelled"

    after = await read(shop, paid)
    assert (after["fulfilment"], after["payment"], after["owed_back_minor"]) == ("cancelled", "refund_pending", 1000)
    after = await read(shop, reserved)
    assert (after["fulfilment"], after["payment"], after["owed_back_minor"]) == ("cancelled", "none", 0)
    assert (await look(shop))["units_taken"] == 0


@pytest.mark.parametrize(("joined", "decided"), [(2, "failed"), (3, "confirmed")])
async def test_p3_pledged_counts_who_joined_and_the_minimum_itself_is_enough(
    shop: ShopClient, joined: int, decided: str
) -> None:
    await launch(shop, minimum_units=3, basis="pledged")
    preorder = await join(shop, quantity=joined)
    await reserve(shop, quantity=5)

    with later(shop, days=8):
        await tick(shop)

    assert await state(shop) == decided
    after = await read(shop, preorder)
    states = ("confirmed", "paid", 0) if decided == "confirmed" else ("cancelled", "refund_pending", 1000 * joined)
    assert (after["fulfilment"], after["payment"], after["owed_back_minor"]) == states


@pytest.mark.parametrize(("paid", "decided"), [(2, "failed"), (3, "confirmed")])
async def test_p3_collected_counts_whose_money_was_taken(shop: ShopClient, paid: int, decided: str) -> None:
    deposit = {"mode": "deposit", "deposit_basis_points": 2000}
    await launch(shop, minimum_units=3, basis="collected", payment=deposit)
    await join(shop, quantity=paid)
    disputed = await join(shop, quantity=1)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute(
            "update preorders set payment = 'disputed' where preorder_id = $1::text::uuid", disputed["preorder_id"]
        )

    with later(shop, days=8):
        await tick(shop)

    assert await state(shop) == decided


async def test_p3_it_is_decided_once_and_after_the_last_reservation(shop: ShopClient) -> None:
    await launch(shop, minimum_units=1)
    with later(shop, days=6, hours=23, minutes=50):
        preorder = await reserve(shop)
    with later(shop, days=7, minutes=1):
        await tick(shop)
        assert await state(shop) == "closed"
        await tick(shop)
        assert await state(shop) == "closed"
    with later(shop, days=7, hours=1):
        await tick(shop)
        assert await state(shop) == "failed"
        assert (await read(shop, preorder))["fulfilment"] == "expired"
        await tick(shop)

    assert (await steps(shop)).count("failed") == 1


async def test_p3_collected_is_refused_where_cards_are_charged_only_later(shop: ShopClient) -> None:
    await shop.stock("p1")
    await store(shop, campaign(shop, basis="collected", payment={"mode": "card_saved"}))

    refused = check_problem(await shop.api.post("/v1/campaigns:publish", json={"id": "c1"}), 422)

    assert [error["field"] for error in refused["errors"]] == ["basis"]
