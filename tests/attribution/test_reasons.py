"""Reasons: every order line and every event can be asked why it was or was not credited."""

from collections.abc import Awaitable, Callable

import pytest

from tenants.attribution_reasons import SENTENCES
from tests.attribution.desk import DAY, HOUR, NOON, REPORT, Desk
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, event, order

Story = Callable[[Desk], Awaitable[object]]


async def plain(desk: Desk, **fields: object) -> None:
    told = event("e001", type="click", shopper_id="s1", occurred_at=(NOON - HOUR).isoformat(), **fields)
    assert (await desk.shop.push("events", [told])).json()["created"] == 1


LINES: dict[str, list[Story]] = {
    "clicked": [lambda desk: desk.do("click"), lambda desk: desk.buy()],
    "added": [lambda desk: desk.do("cart"), lambda desk: desk.buy()],
    "viewed": [lambda desk: desk.do("impression"), lambda desk: desk.buy()],
    "cancelled": [lambda desk: desk.do("click"), lambda desk: desk.buy(status="cancelled")],
    "returned": [lambda desk: desk.do("click"), lambda desk: desk.buy(status="returned")],
    "guest": [lambda desk: desk.do("click"), lambda desk: desk.buy(shopper_id=None)],
    "too_early": [lambda desk: desk.do("click", at=NOON - 8 * DAY), lambda desk: desk.buy()],
    "after_the_order": [lambda desk: desk.do("click", at=NOON + HOUR), lambda desk: desk.buy()],
    "bad_token": [lambda desk: plain(desk, token="x"), lambda desk: desk.buy()],
    "no_token": [lambda desk: plain(desk), lambda desk: desk.buy()],
    "nothing_done": [lambda desk: desk.do("click", "p2"), lambda desk: desk.buy()],
}
EVENTS: dict[str, list[Story]] = {
    "clicked": LINES["clicked"],
    "added": LINES["added"],
    "viewed": LINES["viewed"],
    "overtaken": [lambda desk: desk.do("impression"), lambda desk: desk.do("click"), lambda desk: desk.buy()],
    "not_a_deed": [lambda desk: desk.do("view"), lambda desk: desk.buy()],
    "nobody": [lambda desk: desk.do("click", value=1), lambda desk: desk.buy()],
    "browser_not_linked": [lambda desk: desk.do("click", visitor_id="v1"), lambda desk: desk.buy()],
    "not_bought": [lambda desk: desk.do("click"), lambda desk: desk.buy("p2")],
    "bought_before": [lambda desk: desk.do("click", at=NOON + HOUR), lambda desk: desk.buy()],
    "bought_too_late": [lambda desk: desk.do("click", at=NOON - 8 * DAY), lambda desk: desk.buy()],
    "order_ended": [lambda desk: desk.do("click"), lambda desk: desk.buy(status="cancelled")],
    "views_not_counted": [
        lambda desk: desk.set_days(view_days=0), lambda desk: desk.do("impression"), lambda desk: desk.buy()
    ],
    "no_token": [lambda desk: plain(desk), lambda desk: desk.buy()],
    "wrong": [lambda desk: plain(desk, token="x"), lambda desk: desk.buy()],
    "other_time": [
        lambda desk: plain(desk, token=desk.token("p1", at=NOON - 20 * DAY)), lambda desk: desk.buy()
    ],
    "other_product": [lambda desk: plain(desk, token=desk.token("p2")), lambda desk: desk.buy()],
}  # fmt: skip


@pytest.mark.parametrize("code", LINES)
async def test_b10_a_line_says_why(desk: Desk, code: str) -> None:
    for step in LINES[code]:
        await step(desk)

    [line] = (await desk.explain(order="o1"))["lines"]
    assert (line["code"], line["sentence"]) == (code, SENTENCES[code])  # type: ignore[index]  # a Code
    assert (line["earned"] is None) is (not await desk.earned())


@pytest.mark.parametrize("code", EVENTS)
async def test_b10_an_event_says_why(desk: Desk, code: str) -> None:
    for step in EVENTS[code]:
        await step(desk)

    found = (await desk.explain(event="e001"))["event"]
    assert (found["code"], found["sentence"]) == (code, SENTENCES[code])  # type: ignore[index]  # a Code
    assert [one["order_id"] for one in found["earned"]] == (["o1"] if code in ("clicked", "added", "viewed") else [])


def test_b10_every_code_is_told_by_a_line_or_an_event() -> None:
    # `shopper_unknown` needs a page's proven shopper: see test_shown_events.
    assert {*LINES, *EVENTS, "shopper_unknown"} == {*SENTENCES}


async def test_b10_what_was_overtaken_names_what_overtook_it(desk: Desk) -> None:
    first, last = await desk.do("click", placement="first"), await desk.do("click", placement="last", at=NOON)
    await desk.buy()

    found = (await desk.explain(event=first))["event"]
    assert [(one["event_id"], one["placement"], one["line_id"]) for one in found["overtaken_by"]] == [
        (last, "last", "1")
    ]


async def test_b10_a_click_that_earned_one_of_two_orders_says_so(desk: Desk) -> None:
    clicked = await desk.do("click", at=NOON - 2 * DAY)
    await desk.buy(name="o1", at=NOON - DAY)
    await desk.do("click", placement="last", at=NOON - HOUR)
    await desk.buy(name="o2")

    found = (await desk.explain(event=clicked))["event"]
    assert (found["code"], [one["order_id"] for one in found["earned"]]) == ("clicked", ["o1"])
    assert [one["order_id"] for one in found["overtaken_by"]] == ["o2"]


@pytest.mark.parametrize("asked", [
    {}, {"order": "o1", "event": "e1"}, {"order": ""}, {"order": 1}, {"order": None}, {"event": "x" * 201},
    {"order": "o1", "more": 1},
])  # fmt: skip
async def test_b10_what_cannot_be_explained_is_refused(shop: ShopClient, asked: Document) -> None:
    check_problem(await shop.api.post("/v1/attribution:explain", json=asked), 422)


async def test_b10_an_order_or_event_that_is_not_there_is_not_found(shop: ShopClient, other_shop: ShopClient) -> None:
    await other_shop.push("orders", [order("o1", ["p1"])])
    for asked in ({"order": "o1"}, {"event": "e1"}):
        check_problem(await shop.api.post("/v1/attribution:explain", json=asked), 404)


@pytest.mark.parametrize("query", [
    {"from": "2026-03-01"}, {"to": "2026-03-01"}, REPORT | {"from": "2026-04-01"}, REPORT | {"from": "20260301"},
    REPORT | {"to": "2027-06-01"}, REPORT | {"to": "2026-02-30"}, REPORT | {"by": "shopper"}, REPORT | {"by": ""},
    REPORT | {"format": "xml"}, REPORT | {"table": "x", "format": "csv"}, {"from": "0001-01-01", "to": "0001-01-02"},
    {"from": "9999-12-30", "to": "9999-12-31"}, {"from": "", "to": ""}, REPORT | {"from": "2026-W10-1"},
])  # fmt: skip
async def test_b10_a_report_that_cannot_be_is_refused(shop: ShopClient, query: dict[str, str]) -> None:
    check_problem(await shop.api.get("/v1/attribution/report", params=query), 400)


async def test_b10_a_report_holds_up_to_four_hundred_days(desk: Desk) -> None:
    assert (await desk.report(**{"from": "2026-01-01", "to": "2027-02-04"}))["sales"] == []
    too_long = {"from": "2026-01-01", "to": "2027-02-05"}
    check_problem(await desk.shop.api.get("/v1/attribution/report", params=too_long), 400)
