"""Arms where they are seen: stable, as large as their shares, and only for somebody who can be told again."""

import asyncio
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from recommender.serving.experiments import Subject, arrange
from tenants.experiment_documents import Experiment, RunningExperiment
from tenants.placements import Placement
from tests.experiments.lab import (
    HELD,
    ONE,
    PLACE,
    THREE,
    act,
    arm_of,
    experiment,
    expose,
    later,
    run,
    see,
    store,
    takes_part,
)
from tests.support.polling import until
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def trials(salt: bytes, *shares: float) -> RunningExperiment:
    arms = [{"id": f"a{n}", "share": share} for n, share in enumerate(shares)]
    document = msgspec.convert(experiment(*arms), Experiment)
    return RunningExperiment(document=document, salt=salt, began_at=0.0, ends_at=float("inf"))


def give(running: RunningExperiment, name: str) -> str | None:
    given = arrange([running], {PLACE: Placement(id=PLACE, strategy="new")})[PLACE][0].give(Subject(name, None))
    return None if given is None else given[0].arm


def test_r8_arms_get_their_shares_and_the_rest_takes_no_part() -> None:
    found = Counter(give(trials(b"s" * 32, 0.5, 0.2, 0.1), f"shopper-{n}") for n in range(20_000))

    for arm, share in (("a0", 0.5), ("a1", 0.2), ("a2", 0.1), (None, 0.2)):
        assert found[arm] / 20_000 == pytest.approx(share, abs=0.012)


def test_r8_an_arm_follows_from_the_experiments_key_alone() -> None:
    names = [f"shopper-{n}" for n in range(2_000)]
    first, again, other = ([give(trials(salt * 32, 0.5, 0.5), name) for name in names] for salt in (b"s", b"s", b"t"))

    assert first == again
    assert sum(one == two for one, two in zip(first, other, strict=True)) / 2_000 == pytest.approx(0.5, abs=0.05)


async def test_r8_everybody_keeps_to_one_arm(shop: ShopClient) -> None:
    await run(shop)
    people = [{"visitor": f"visitor-{n:04}"} for n in range(30)] + [{"shopper": f"s{n}"} for n in range(30)]
    first = [await see(shop, **who) for who in people]
    again = await asyncio.gather(*(see(shop, **who) for who in people))

    assert [*again] == first
    assert {arm_of(slot) for slot in first} == {"one", "three"}
    assert {slot["heading"] for slot in first if arm_of(slot) == "three"} == {"Three"}
    tokens = {(arm_of(slot), slot["exposure"]) for slot in first}
    assert len(tokens) == 2, "the arm's token is the same for everybody, so that answers are remembered by arm"
    assert not any(word in token for _, token in tokens for word in ("one", "three", "trial"))


async def test_r8_a_shopper_has_the_same_arm_in_every_browser_and_under_every_id(shop: ShopClient) -> None:
    await run(shop)
    await shop.push("shoppers", [{"id": f"s{n}"} for n in range(12)])
    alone = [arm_of(await see(shop, shopper=f"s{n}")) for n in range(12)]
    elsewhere = [arm_of(await see(shop, shopper=f"s{n}", visitor=f"visitor-{n:04}")) for n in range(12)]
    assert elsewhere == alone

    for n in range(0, 12, 2):
        await shop.api.post("/v1/merges", json={"keep": f"s{n}", "absorb": f"s{n + 1}"})

    async def followed() -> bool:
        return [arm_of(await see(shop, shopper=f"s{n}")) for n in range(12)] == [alone[n - n % 2] for n in range(12)]

    await until(followed, seconds=5)


async def test_r8_a_browser_keeps_its_arm_through_a_sign_in_where_the_browser_is_the_unit(shop: ShopClient) -> None:
    await run(shop, unit="visitor")
    for n in range(12):
        before = await see(shop, visitor=f"visitor-{n:04}")
        assert await see(shop, visitor=f"visitor-{n:04}", shopper=f"s{n}") == before
    assert "exposure" in await see(shop, shopper="s1"), "a shopper without a browser's id is a subject too"


async def test_r8_nobody_in_particular_takes_no_part(shop: ShopClient) -> None:
    await run(shop)
    await shop.api.put("/v1/privacy-settings", json={"personalisation": "opt_in"})
    plain = await see(shop)

    assert len(plain["products"]) == 5
    for who in ({}, {"visitor": "visitor-0001", "personalised": False}, {"shopper": "s1", "personalised": False}):
        assert await see(shop, **who) == plain
    assert "exposure" not in plain


async def test_r8_a_hold_out_is_empty_says_why_and_still_tells_of_itself(shop: ShopClient) -> None:
    await run(shop, HELD, THREE)
    slots = [await see(shop, visitor=f"visitor-{n:04}") for n in range(20)]
    held = [slot for slot in slots if not slot["products"]]

    assert 0 < len(held) < 20
    assert {slot["source"] for slot in held} == {"none"}
    assert all("experiment" in slot["why"] and slot["exposure"] for slot in held)


async def test_r8_what_a_hold_out_leaves_may_be_shown_in_another_place(shop: ShopClient) -> None:
    await run(shop, HELD, THREE)
    await shop.api.put("/v1/placements/below", json={"id": "below", "strategy": "popular"})

    async def seen() -> bool:
        pages = [(await shop.ask(PLACE, "below", visitor=f"visitor-{n:04}")).json()["slots"] for n in range(30)]
        numbers = {(len(first["products"]), len(second["products"])) for first, second in pages}
        return numbers == {(0, 5), (3, 2)}

    await until(seen, seconds=5)


async def test_r8_an_experiment_gives_arms_between_its_dates_only(shop: ShopClient) -> None:
    now = shop.service.clock()
    starts_at, ends_at = (now + timedelta(hours=hours) for hours in (1, 2))
    await shop.stock("p1", "p2", "p3", "p4", "p5")
    await store(shop, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat())
    begun = await act(shop, "start")
    assert (begun["state"], begun["began_at"][:19]) == ("running", starts_at.isoformat()[:19])
    async with later(shop, minutes=90):
        await takes_part(shop)
    assert arm_of(await see(shop, visitor="visitor-0001")) == "none"
    async with later(shop, minutes=121):
        assert "exposure" not in await see(shop, visitor="visitor-0001")
        ended = (await shop.api.get("/v1/experiments/trial")).json()
        assert (ended["state"], ended["stopped_at"][:19]) == ("stopped", ends_at.isoformat()[:19])
        assert [one["state"] for one in (await shop.api.get("/v1/experiments")).json()["items"]] == ["stopped"]
        assert (await shop.api.post("/v1/experiments:stop", json={"id": "trial"})).status_code == 409


async def test_r8_a_stopped_experiment_gives_no_arms(shop: ShopClient) -> None:
    await run(shop)
    await act(shop, "stop")
    await takes_part(shop, wanted=False)

    assert len((await see(shop, visitor="visitor-0001"))["products"]) == 5


async def test_r8_both_arms_follow_a_placement_that_is_changed_meanwhile(shop: ShopClient) -> None:
    await run(shop, ONE, {"id": "as-is", "share": 0.5})
    changed = {"id": PLACE, "strategy": "new", "heading": "Changed", "limit": 2}
    assert (await shop.api.put(f"/v1/placements/{PLACE}", json=changed)).status_code == 200

    async def followed() -> bool:
        slots = [await see(shop, visitor=f"visitor-{n:04}") for n in range(12)]
        return {(slot["heading"], len(slot["products"])) for slot in slots} == {("Changed", 1), ("Changed", 2)}

    await until(followed, seconds=5)


async def test_r8_a_strategy_of_an_arm_is_not_remembered_for_the_other(shop: ShopClient) -> None:
    """Both arms draw on the same place; what one would show must not come out of the other's memory."""
    popular = {"id": "popular", "share": 0.5, "changes": {"strategy": "popular"}}
    await run(shop, popular, {"id": "newest", "share": 0.5})
    await shop.sell({f"s{n}": ["p2", "p0"] for n in range(8)})
    assert (await shop.train()).status == "active"

    async def told_apart() -> bool:
        slots = [await see(shop, visitor=f"visitor-{n:04}") for n in range(16)]
        return {(slot["strategy"], slot["source"]) for slot in slots} == {("popular", "popular"), ("new", "new")}

    await until(told_apart, seconds=10)


async def test_r8_a_shop_without_experiments_answers_as_before(shop: ShopClient, other_shop: ShopClient) -> None:
    await run(shop)
    await other_shop.stock("p1", "p2")
    await other_shop.api.put(f"/v1/placements/{PLACE}", json={"id": PLACE, "strategy": "new"})

    async def stocked() -> bool:
        return len((await see(other_shop, visitor="visitor-0001"))["products"]) == 2

    await until(stocked, seconds=5)
    assert await see(other_shop, visitor="visitor-0001") == await see(other_shop)
    assert await expose(other_shop, visitor="visitor-0001") == "none"
