"""Shown events: a page hands back the token of what it showed."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.attribution.desk import DAY, HOUR, NOON, Desk
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, event

NOW = {"from": (datetime.now(UTC) - DAY).date().isoformat(), "to": (datetime.now(UTC) + DAY).date().isoformat()}


async def shown(shop: ShopClient, placement: str = "home-popular", **who: str) -> Document:
    """The first card of a slot."""
    card: Document = (await shop.ask(placement, **who)).json()["slots"][0]["products"][0]
    return card


def told(number: int, token: str, kind: str = "click", **fields: str) -> Document:
    return {"id": f"event-{number:04}", "type": kind, "token": token, **fields}


async def stored(shop: ShopClient) -> list[Document]:
    items: list[Document] = (await shop.api.get("/v1/events")).json()["items"]
    return items


async def test_b10_a_page_hands_the_token_back_and_the_order_is_the_placements(desk: Desk) -> None:
    """The whole way: shown, seen, clicked, bought."""
    await desk.shop.stock("p1", "p2")
    await desk.shop.push("shoppers", [{"id": "s1"}])
    card = await shown(desk.shop, shopper="s1")
    answer = await desk.beacon(
        told(1, card["token"], "impression"), told(2, card["token"]), token=desk.shop.token("s1")
    )
    assert answer == {"accepted": 2, "duplicate": 0}
    await desk.buy(card["id"], at=datetime.now(UTC))

    assert await desk.earned(**NOW) == {"home-popular": (1000, 0)}
    assert (await desk.report(**NOW))["deeds_total"] == {"key": "", "impressions": 1, "clicks": 1, "adds": 0}


async def test_b10_a_click_by_a_clock_that_runs_ahead_was_before_the_order_that_followed(desk: Desk) -> None:
    await desk.shop.stock("p1")
    await desk.shop.push("shoppers", [{"id": "s1"}])
    card = await shown(desk.shop, shopper="s1")
    ahead = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    await desk.beacon({**told(1, card["token"]), "at": ahead}, token=desk.shop.token("s1"))
    await desk.buy(card["id"], at=datetime.now(UTC))

    assert await desk.why() == ["clicked"]


async def test_b10_an_event_keeps_what_its_token_said(desk: Desk) -> None:
    await desk.shop.stock("p1")
    card = await shown(desk.shop)
    await desk.beacon(told(1, card["token"]))

    [one] = await stored(desk.shop)
    assert (one["product_id"], one["slot"], one["shown_state"]) == ("p1", "home-popular", "good")
    assert one["shown"] == {
        "placement": "home-popular", "position": 1, "strategy": "popular", "source": "new",
        "day": datetime.now(UTC).date().isoformat(), "experiment": None, "arm": None,
    }  # fmt: skip


async def test_b10_an_experiments_arm_comes_back_with_the_event(desk: Desk) -> None:
    await desk.shop.push(
        "events", [event("e1", type="click", token=desk.token("p1", arm="b"), occurred_at=NOON.isoformat())]
    )

    [one] = await stored(desk.shop)
    assert (one["shown"]["experiment"], one["shown"]["arm"]) == ("exp", "b")


async def test_b10_a_wrong_token_keeps_no_event_out_and_earns_nothing(desk: Desk) -> None:
    await desk.shop.stock("p1")
    token = (await shown(desk.shop))["token"]
    told_at = (datetime.now(UTC) - 3 * DAY).isoformat()
    answer = await desk.beacon(
        told(1, "invented", product="p1"),
        told(2, token[:-1] + ("A" if token[-1] != "A" else "B"), product="p1"),
        told(3, token, product="p2"),
        told(4, token, at=told_at),
        told(5, token),
        token=desk.shop.token("s1"),
    )

    assert (answer["accepted"], answer["duplicate"]) == (5, 0)
    assert [(one["id"], one["code"]) for one in answer["uncredited"]] == [
        ("event-0001", "wrong"), ("event-0002", "wrong"), ("event-0003", "other_product"), ("event-0004", "other_time"),
    ]  # fmt: skip
    assert all(one["reason"].endswith(".") for one in answer["uncredited"])
    assert [one["shown_state"] for one in await stored(desk.shop)] == ["wrong", "wrong", "other_product",
                                                                       "other_time", "good"]  # fmt: skip
    assert [await desk.why_event(f"client:event-000{n}") for n in (1, 3, 4)] == ["wrong", "other_product", "other_time"]


@pytest.mark.parametrize(("days", "good"), [(-2, False), (-1, True), (0, True), (8, True), (9, False)])
async def test_b10_a_token_is_good_for_a_week(desk: Desk, days: int, *, good: bool) -> None:
    at = NOON + timedelta(days=days)
    await desk.shop.push(
        "events", [event("e1", type="click", token=desk.token("p1"), occurred_at=at.isoformat(), shopper_id="s1")]
    )

    assert (await stored(desk.shop))[0]["shown_state"] == ("good" if good else "other_time")


@pytest.mark.parametrize("bad", ["", 7, None, "x" * 4001, "\0"])
async def test_b10_a_token_that_cannot_be_one_is_refused_by_the_server_api(shop: ShopClient, bad: object) -> None:
    answer = await shop.api.put("/v1/events/e1", json=event("e1", token=bad))

    assert check_problem(answer, 422)["errors"][0]["field"] in ("token", "")
    assert await stored(shop) == []


async def test_b10_one_impression_a_token_and_beacon(desk: Desk) -> None:
    await desk.shop.stock("p1")
    token = (await shown(desk.shop))["token"]
    told_twice = [told(1, token, "impression"), told(2, token, "impression"), told(3, token), told(4, token)]

    assert await desk.beacon(*told_twice) == {"accepted": 3, "duplicate": 1}
    assert await desk.beacon(*told_twice) == {"accepted": 0, "duplicate": 4}


async def test_b10_without_consent_a_click_counts_and_earns_nobody(desk: Desk) -> None:
    await desk.shop.stock("p1")
    await desk.beacon(told(1, (await shown(desk.shop))["token"]))
    await desk.buy(at=datetime.now(UTC) + HOUR)

    assert (await desk.report(**NOW))["deeds_total"]["clicks"] == 1
    assert await desk.earned(**NOW) == {}
    assert await desk.why_event("client:event-0001") == "nobody"


async def test_b10_a_proven_shopper_whom_the_record_comes_to_know_later_is_credited(desk: Desk) -> None:
    await desk.shop.stock("p1")
    await desk.beacon(told(1, (await shown(desk.shop))["token"]), token=desk.shop.token("new"))
    assert await desk.why_event("client:event-0001") == "shopper_unknown"
    await desk.buy(shopper_id="new", at=datetime.now(UTC) + timedelta(minutes=1))

    assert await desk.earned(**NOW) == {"home-popular": (1000, 0)}
    assert await desk.why_event("client:event-0001") == "clicked"


async def test_b10_a_token_sent_with_a_view_still_warms_the_session(desk: Desk) -> None:
    """A page may leave out the product where it has the token."""
    await desk.shop.stock("p1", "p2")
    card = await shown(desk.shop)
    await desk.beacon(told(1, card["token"], "view"), visitor="visitor-0001")

    assert (await stored(desk.shop))[0]["product_id"] == card["id"]
