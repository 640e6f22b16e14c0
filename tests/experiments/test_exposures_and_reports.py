"""What was seen and what it brought: counted once, from the first exposure on, told only of a sound sample."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import pytest

from tests.experiments.lab import (
    HELD,
    ONE,
    THREE,
    act,
    arm_of,
    arms_of,
    buy,
    expose,
    expose_all,
    later,
    report,
    run,
    see,
    takes_part,
    tell,
)
from tests.support.shop import Document, ShopClient, order

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def people(shop: ShopClient) -> dict[str, int]:
    return {arm: found["people"] for arm, found in arms_of(await report(shop)).items()}


async def find(shop: ShopClient, arm: str, kind: str = "visitor", *, but: str = "") -> str:
    """The id of somebody with this arm."""
    for n in count():
        name = f"{kind}-{n:05}"
        if name != but and arm_of(await see(shop, **{kind: name})) == arm:
            return name
    raise AssertionError


async def test_r8_a_subject_is_exposed_once(shop: ShopClient) -> None:
    await run(shop)
    slot = await see(shop, visitor="visitor-0001")
    token = slot["exposure"]

    assert await tell(shop, token, visitor="visitor-0001") == {"accepted": 1, "duplicate": 0}
    assert await tell(shop, token, token, visitor="visitor-0001") == {"accepted": 0, "duplicate": 2}
    assert sum((await people(shop)).values()) == 1


async def test_r8_only_the_senders_own_arm_counts(shop: ShopClient) -> None:
    await run(shop)
    mine = await find(shop, "one")
    other = (await see(shop, visitor=await find(shop, "three")))["exposure"]
    ignored = {"accepted": 0, "duplicate": 0, "ignored": 1}

    for token in (other, None, "invented", "Ω" * 20, other[:-1]):
        assert await tell(shop, token, visitor=mine) == ignored, token
    own = (await see(shop, visitor=mine))["exposure"]
    assert await tell(shop, own) == ignored, "nobody in particular takes no part"
    assert sum((await people(shop)).values()) == 0


async def test_r8_another_shops_token_counts_for_nothing(shop: ShopClient, other_shop: ShopClient) -> None:
    await run(shop)
    await run(other_shop)
    name = await find(shop, "one")
    token = (await see(shop, visitor=name))["exposure"]

    for n in range(10):
        assert (await tell(other_shop, token, visitor=f"visitor-{n:05}"))["accepted"] == 0
    assert sum((await people(other_shop)).values()) == 0


async def test_r8_the_earliest_exposure_counts_in_whatever_order_they_come(shop: ShopClient) -> None:
    await run(shop)
    now = shop.service.clock()
    token = (await see(shop, shopper="ann"))["exposure"]
    async with later(shop, hours=5):
        early = (now + timedelta(hours=1)).isoformat()
        for at in ((now + timedelta(hours=4)).isoformat(), early, (now + timedelta(hours=2)).isoformat()):
            event = {"id": f"event-{at}", "type": "exposure", "token": token, "at": at}
            body = {"key": shop.keys.publishable.secret, "token": shop.token("ann"), "events": [event]}
            assert (await shop.page.post("/public/v1/events", json=body)).status_code == 202
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select exposed_at from experiment_subjects")

    assert [row["exposed_at"].isoformat()[:19] for row in rows] == [early[:19]]


async def test_r8_a_page_cannot_have_seen_it_before_it_began(shop: ShopClient) -> None:
    await run(shop)
    token = (await see(shop, shopper="ann"))["exposure"]
    at = (shop.service.clock() - timedelta(days=3)).isoformat()
    event = {"id": "event-0001", "type": "exposure", "token": token, "at": at}
    body = {"key": shop.keys.publishable.secret, "token": shop.token("ann"), "events": [event]}
    assert (await shop.page.post("/public/v1/events", json=body)).json() == {"accepted": 1, "duplicate": 0}
    began_at = (await shop.api.get("/v1/experiments/trial")).json()["began_at"]
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        exposed_at = await conn.fetchval("select exposed_at from experiment_subjects")

    assert exposed_at.isoformat()[:23] == began_at[:23]


async def test_r8_what_is_told_after_the_stop_does_not_count(shop: ShopClient) -> None:
    await run(shop)
    token = (await see(shop, visitor="visitor-0001"))["exposure"]
    await act(shop, "stop")
    await takes_part(shop, wanted=False)

    assert (await tell(shop, token, visitor="visitor-0001"))["ignored"] == 1


async def test_r8_a_skewed_sample_is_flagged_and_its_results_are_withheld(shop: ShopClient) -> None:
    """A page that forgets to tell of most of its hold-out, as one does that tells of what is in view."""
    await run(shop, HELD, THREE)
    told = 0
    for n in range(120):
        slot = await see(shop, visitor=f"visitor-{n:04}")
        if slot["products"] or told < 15:
            told += not slot["products"]
            await tell(shop, slot["exposure"], visitor=f"visitor-{n:04}")
    found = await report(shop)

    assert [(check["of"], check["flagged"]) for check in found["checks"]] == [("assigned", True), ("counted", True)]
    assert found["checks"][0]["p"] < 0.001
    assert "other numbers of people than their shares give" in found["withheld"]
    assert [arm["result"] for arm in found["arms"]] == [None, None]
    assert arms_of(found)["held"]["people"] == 15, "how many there are is still told"


async def test_r8_a_sound_sample_is_not_flagged(shop: ShopClient) -> None:
    await run(shop, HELD, THREE)
    await expose_all(shop, ({"visitor": f"visitor-{n:04}"} for n in range(120)))
    found = await report(shop)

    assert [check["flagged"] for check in found["checks"]] == [False, False]
    assert found["checks"][0]["p"] > 0.001
    assert found["withheld"] is None
    assert all(arm["result"] is not None for arm in found["arms"])


async def test_r8_purchases_count_from_the_first_exposure_for_the_window(shop: ShopClient) -> None:
    await run(shop, window_days=2)
    names = {"before": -1.0, "early": 1.0, "late": 47.0, "behind": 49.0, "cancelled": 1.0, "guilders": 1.0}
    for name, hours in names.items():
        assert await expose(shop, shopper=name) in ("one", "three")
        more: Document = {"status": "cancelled"} if name == "cancelled" else {}
        more |= {"currency": "NLG"} if name == "guilders" else {}
        async with later(shop, days=2):
            await buy(shop, [name], after=timedelta(hours=hours - 48), **more)
    await expose(shop, shopper="nothing")
    assert {arm["complete"] for arm in (await report(shop))["arms"]} == {0}
    async with later(shop, days=2, seconds=1):
        arms = (await report(shop))["arms"]

    assert sum(arm["complete"] for arm in arms) == 7
    assert sum(arm["result"]["buyers"] for arm in arms) == 2
    assert sum(arm["result"]["revenue_minor"] for arm in arms) == 2000


async def test_r8_totals_are_those_of_plain_sums(shop: ShopClient) -> None:
    await run(shop)
    names = [f"s{n}" for n in range(12)]
    arms = dict(zip(names, await expose_all(shop, ({"shopper": name} for name in names)), strict=True))
    at = shop.service.clock() + timedelta(hours=1)
    bought = {name: n * 111 for n, name in enumerate(names) if n % 3}
    line = {"product_id": "p1", "quantity": 2, "discount_minor": 11}
    orders = [
        order(f"o-{name}", [], ordered_at=at, shopper_id=name) | {"lines": [{**line, "unit_price_minor": price}]}
        for name, price in bought.items()
    ]
    assert (await shop.push("orders", orders)).json()["created"] == len(bought)
    async with later(shop, days=8):
        found = arms_of(await report(shop))

    for arm in ("one", "three"):
        mine = [name for name in names if arms[name] == arm]
        result = found[arm]["result"]
        revenue = sum(2 * bought[name] - 11 for name in mine if name in bought)
        assert (found[arm]["people"], found[arm]["complete"]) == (len(mine), len(mine))
        assert (result["buyers"], result["revenue_minor"]) == (sum(name in bought for name in mine), revenue)
        assert result["revenue_per_person_minor"] == pytest.approx(revenue / len(mine))
        assert result["against_baseline"] is None, "too few for an interval"


async def test_r8_the_greatest_order_there_can_be_breaks_no_report(shop: ShopClient) -> None:
    await run(shop, window_days=1)
    arm = await expose(shop, shopper="ann")
    lines = [{"product_id": "p1", "quantity": 1_000_000, "unit_price_minor": 10**14}] * 1000
    await buy(shop, ["ann"], lines=lines)

    async with later(shop, days=2):
        found = arms_of(await report(shop))[arm]
    assert (found["complete"], found["result"]["buyers"]) == (1, 1)


async def test_r8_what_is_seen_once_more_writes_nothing(shop: ShopClient) -> None:
    await run(shop)
    await expose(shop, visitor="visitor-0001")
    written = await _written(shop)
    await expose(shop, visitor="visitor-0001")

    assert await _written(shop) == written


async def _written(shop: ShopClient) -> Sequence[str]:
    """The transactions that wrote the rows as they are."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return [row["written"] for row in await conn.fetch("select xmin::text as written from experiment_subjects")]


async def test_r8_incremental_revenue_comes_with_an_interval(shop: ShopClient) -> None:
    """In the hold-out every tenth buys, with the widget every second."""
    await run(shop, HELD, THREE)
    names = [f"s{n:03}" for n in range(260)]
    arms = dict(zip(names, await expose_all(shop, ({"shopper": name} for name in names)), strict=True))
    members = {arm: [name for name in names if arms[name] == arm] for arm in ("held", "three")}
    await buy(shop, [*members["held"][::10], *members["three"][::2]])
    async with later(shop, days=8):
        found = await report(shop)
    held, three = (arms_of(found)[arm] for arm in ("held", "three"))
    against, revenue = three["result"]["against_baseline"], three["result"]["revenue_per_person_minor"]

    assert (found["withheld"], held["baseline"], held["result"]["against_baseline"]) == (None, True, None)
    difference = revenue - held["result"]["revenue_per_person_minor"]
    assert against["revenue_per_person_minor"]["difference"] == pytest.approx(difference)
    assert against["conversion"]["low"] > 0.1
    incremental = against["incremental_revenue_minor"]
    assert incremental["difference"] == pytest.approx(difference * len(members["three"]))
    assert 0 < incremental["low"] < incremental["difference"] < incremental["high"]


async def test_r8_who_saw_two_arms_counts_in_none(shop: ShopClient) -> None:
    """By the shopper on all devices, else the browser: who signs in may come to another arm."""
    await run(shop)
    browser = await find(shop, "one")
    same, other = await find(shop, "one", "shopper"), await find(shop, "three", "shopper")
    await shop.push("shoppers", [{"id": same}, {"id": other}])
    assert await expose(shop, visitor=browser) == "one"
    assert await expose(shop, visitor=browser, shopper=same) == "one"
    assert await people(shop) == {"one": 1, "three": 0}, "one person, in one arm"

    second = await find(shop, "one", but=browser)
    assert await expose(shop, visitor=second) == "one"
    assert await expose(shop, visitor=second, shopper=other) == "three"
    found = await report(shop)
    assert found["crossed_over"] == 1
    assert await people(shop) == {"one": 1, "three": 0}


async def test_r8_a_browser_that_the_server_names_is_its_shoppers(shop: ShopClient) -> None:
    await run(shop, unit="visitor")
    one, three = await find(shop, "one"), await find(shop, "three")
    await shop.push("shoppers", [{"id": "ann"}])
    for browser in (one, three):
        await expose(shop, visitor=browser)
    assert await people(shop) == {"one": 1, "three": 1}
    await shop.api.post("/v1/shopper-visitors/ann", json={"visitor_id": one})
    await buy(shop, ["ann"])
    async with later(shop, days=8):
        assert arms_of(await report(shop))["one"]["result"]["buyers"] == 1
    await shop.api.post("/v1/shopper-visitors/ann", json={"visitor_id": three})
    assert (await people(shop), (await report(shop))["crossed_over"]) == ({"one": 0, "three": 0}, 1)


async def test_r8_a_sign_in_after_the_exposure_names_the_browser(shop: ShopClient) -> None:
    """Anonymous on the page with the experiment, signed in at the checkout: the purchase counts."""
    await run(shop, unit="visitor")
    await expose(shop, visitor="visitor-0001")
    view = {"id": "event-0001", "type": "view", "product": "p1"}
    body = {"key": shop.keys.publishable.secret, "visitor": "visitor-0001", "token": shop.token("ann")}
    assert (await shop.page.post("/public/v1/events", json={**body, "events": [view]})).status_code == 202
    await buy(shop, ["ann"])
    async with later(shop, days=8):
        arms = (await report(shop))["arms"]

    assert sum(arm["result"]["buyers"] for arm in arms) == 1


@pytest.mark.parametrize("first", ["exposed", "merged"])
async def test_r8_merged_shoppers_are_one_person_and_can_be_taken_apart(shop: ShopClient, first: str) -> None:
    await run(shop)
    one, three = await find(shop, "one", "shopper"), await find(shop, "three", "shopper")
    await shop.push("shoppers", [{"id": one}, {"id": three}])
    for name in (one, three):
        await expose(shop, shopper=name)
    merged = (await shop.api.post("/v1/merges", json={"keep": one, "absorb": three})).json()["merge_id"]
    if first == "merged":
        await expose(shop, shopper=three)
    assert (await people(shop), (await report(shop))["crossed_over"]) == ({"one": 0, "three": 0}, 1)
    assert (await shop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert (await people(shop), (await report(shop))["crossed_over"]) == ({"one": 1, "three": 1}, 0)


async def test_r8_a_shopper_whom_the_record_learns_of_later_counts(shop: ShopClient) -> None:
    await run(shop)
    await expose(shop, shopper="new-here")
    assert (await shop.api.get("/v1/shoppers/new-here")).status_code == 404
    await buy(shop, ["new-here"])
    async with later(shop, days=8):
        arms = (await report(shop))["arms"]

    assert sum(arm["result"]["buyers"] for arm in arms) == 1


async def test_r8_an_arm_that_is_no_hold_out_is_compared_with_the_first(shop: ShopClient) -> None:
    await run(shop, THREE, ONE)

    assert [arm["baseline"] for arm in (await report(shop))["arms"]] == [True, False]
