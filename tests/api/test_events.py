"""The beacon: what a page tells is recorded once, never believed beyond its place, and changes the next answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, event

VISITOR = "visitor-0001"


def view(event_id: str = "event-0001", product_id: str = "p1", **fields: Any) -> Document:
    return {"id": event_id, "type": "view", "product": product_id} | fields


async def tell(shop: ShopClient, *events: Document, **more: Any) -> httpx2.Response:
    body = {"key": shop.keys.publishable.secret, "events": list(events), **more}
    return await shop.page.post("/public/v1/events", json=body)


async def recorded(shop: ShopClient) -> list[Document]:
    items: list[Document] = (await shop.api.get("/v1/events")).json()["items"]
    return items


async def test_an_event_is_recorded_once_by_its_id(shop: ShopClient) -> None:
    first = await tell(shop, view("event-0001"), view("event-0002"), view("event-0001"))
    again = await tell(shop, view("event-0002"), view("event-0003"))

    assert (first.status_code, first.json()) == (202, {"accepted": 2, "duplicate": 1})
    assert (again.status_code, again.json()) == (202, {"accepted": 1, "duplicate": 1})
    assert len(await recorded(shop)) == 3


async def test_a_page_cannot_take_or_change_an_id_of_the_merchants_server(shop: ShopClient) -> None:
    await shop.push("events", [event("event-0001", product_id="true")])
    await tell(shop, view("event-0001", "false"))

    assert (await shop.api.get("/v1/events/event-0001")).json()["product_id"] == "true"
    assert {(one["source"], one["product_id"]) for one in await recorded(shop)} == {
        ("server", "true"),
        ("client", "false"),
    }


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ("0001-01-01T00:00:00Z", -7),
        ("0001-01-01T00:00:00+14:00", -7),
        ("1969-12-31T23:59:59Z", -7),
        ("9999-12-31T23:59:59Z", 0),
        ("9999-12-31T23:59:59-14:00", 0),
        ("2200-01-01T00:00:00+01:00", 0),
    ],
)
async def test_a_time_far_away_is_brought_near(shop: ShopClient, told: str, days: int) -> None:
    assert (await tell(shop, view(at=told))).status_code == 202

    at = datetime.fromisoformat((await recorded(shop))[0]["occurred_at"])
    nearest = datetime.now(UTC) + timedelta(days=days)
    assert abs(at - nearest) < timedelta(minutes=1)


async def test_a_time_near_now_stays_and_none_is_now(shop: ShopClient) -> None:
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    await tell(shop, view("event-0001", at=hour_ago.isoformat()), view("event-0002"))

    first, second = [datetime.fromisoformat(one["occurred_at"]) for one in await recorded(shop)]
    assert first == hour_ago
    assert abs(second - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "purchase"}, {"type": "order"}, {"type": "rating"}, {"type": ""}, {"type": None}, {"id": "short"},
        {"id": "x" * 101}, {"product": ""}, {"product": "x" * 201}, {"product": "\0"}, {"product": 7},
        {"at": "2026-01-01T00:00:00"}, {"at": "soon"}, {"at": 1}, {"value": 1}, {"price": 1}, {"shopper": "s1"},
        {"occurred_at": "2026-01-01T00:00:00Z"}, {"source": "server"}, {"slot": "x" * 501},
    ],
    ids=str,
)  # fmt: skip
async def test_a_bad_event_is_refused_with_all_of_its_beacon(shop: ShopClient, bad: Document) -> None:
    check_problem(await tell(shop, view("event-0001"), view("event-0002") | bad), 422)

    assert await recorded(shop) == []


async def test_a_beacon_holds_1_to_100_events(shop: ShopClient) -> None:
    check_problem(await tell(shop), 422)
    check_problem(await tell(shop, *(view(f"event-{n:04}") for n in range(101))), 422)
    assert (await tell(shop, *(view(f"event-{n:04}") for n in range(100)))).json()["accepted"] == 100


async def test_an_event_under_a_token_is_the_shoppers_and_without_one_nobodys(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s1"}])
    await tell(shop, view("event-0001"), token=shop.token("s1"), visitor=VISITOR)
    await tell(shop, view("event-0002"), visitor=VISITOR)

    assert [(one.get("shopper_id"), one["visitor_id"]) for one in await recorded(shop)] == [
        ("s1", VISITOR),
        (None, VISITOR),
    ]


async def test_what_a_visitor_views_changes_their_next_answer(shop: ShopClient) -> None:
    beer, tea = [f"beer-{n}" for n in range(4)], [f"tea-{n}" for n in range(4)]
    await shop.stock(*beer, *tea)
    await shop.sell({f"b{n}": beer for n in range(8)} | {f"t{n}": tea for n in range(5)})
    await shop.train()

    async def answer(visitor: str) -> tuple[str, list[str]]:
        filled = (await shop.ask("home-for-you", visitor=visitor)).json()["slots"][0]
        return filled["source"], [card["id"] for card in filled["products"]]

    async def serves() -> bool:
        return (await answer(VISITOR))[0] == "popular"

    await until(serves, seconds=5)
    before = await answer(VISITOR)
    assert before[1][0] in beer
    await tell(shop, view("event-0001", "tea-1"), visitor=VISITOR)

    source, after = await answer(VISITOR)
    assert (source, {*after[:3]}) == ("session", {"tea-0", "tea-2", "tea-3"})
    assert await answer("visitor-0002") == before


async def test_no_number_of_views_makes_a_product_popular(shop: ShopClient) -> None:
    """A page is not believed with what sells."""
    await shop.stock("sold", "viewed")
    await shop.sell({f"s{n}": ["sold"] for n in range(4)})
    await tell(shop, *(view(f"event-{n:04}", "viewed", type="cart") for n in range(100)))
    await shop.train()

    async def serves() -> bool:
        return (await shop.shown("home-popular"))[0] == "sold"

    await until(serves, seconds=5)


@pytest.mark.parametrize("path", ["/public/v1/slots", "/public/v1/events"])
async def test_a_page_of_any_origin_may_ask_without_a_preflight_and_with_one(shop: ShopClient, path: str) -> None:
    origin = {"Origin": "https://shop.example"}
    preflight = await shop.page.options(path, headers={**origin, "Access-Control-Request-Method": "POST"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "content-type"

    body = {"slots": [{"name": "home-popular"}]} if path.endswith("slots") else {"events": [view()]}
    plain = {**origin, "Content-Type": "text/plain;charset=UTF-8"}
    answer = await shop.page.post(
        path, content=httpx2.Request("POST", "http://x", json={"key": shop.keys.publishable.secret} | body).content,
        headers=plain,
    )  # fmt: skip
    assert answer.status_code in (200, 202)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/public/v1/slots", "/public/v1/events"])
async def test_a_page_may_read_why_it_was_refused(shop: ShopClient, path: str) -> None:
    """Without the header, the browser tells the developer of a CORS error and hides the sentence."""
    for body in ({"key": "lb_pk_x"}, {"key": "lb_pk_x", "slots": [{"name": "x"}]}, {"key": "x", "events": [view()]}):
        answer = await shop.page.post(path, json=body, headers={"Origin": "https://shop.example"})
        check_problem(answer, 401, 422)
        assert answer.headers["access-control-allow-origin"] == "*"
