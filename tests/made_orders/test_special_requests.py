"""Special requests: requested, quoted, then accepted, declined or expired; accepted ones go into production (C7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

PATH, PAGE = "/v1/special-requests", "/public/v1/special-requests"
STEPS = ("quote", "accept", "decline", "start")


@pytest.fixture
async def desk(shop: ShopClient) -> AsyncIterator[ShopClient]:
    """A shop with two shoppers and a shoe; its clock is put back afterwards."""
    await shop.stock("oxford")
    await shop.push("shoppers", [{"id": "s1"}, {"id": "s2"}])
    await shop.push("people", [{"id": "child-1", "shopper_id": "s1", "relation": "child", "name": "Mia"}])
    yield shop
    shop.service.clock.ahead = timedelta()


def offer(shop: ShopClient, **fields: Any) -> Document:
    until = shop.service.clock() + timedelta(days=7)
    return {
        "price_minor": 42_000, "currency": "EUR", "lead_days": 20, "valid_until": until.isoformat(), "text": "Gladly.",
    } | fields  # fmt: skip


async def opened(shop: ShopClient, **fields: Any) -> str:
    answer = await shop.api.post(PATH, json={"shopper_id": "s1", "text": "With a buckle of silver."} | fields)
    assert answer.status_code == 200, answer.text
    name: str = answer.json()["id"]
    await asyncio.sleep(0.002)  # ids are in order from one millisecond to the next
    return name


async def step(shop: ShopClient, name: str, act: str) -> httpx2.Response:
    body = offer(shop) if act == "quote" else None
    return await shop.api.post(f"{PATH}/{name}/{act}", json=body)


async def brought_to(shop: ShopClient, state: str) -> str:
    """A request in this state."""
    name = await opened(shop)
    ways = {
        "requested": (), "quoted": ("quote",), "expired": ("quote",), "accepted": ("quote", "accept"),
        "declined": ("quote", "decline"), "in_production": ("quote", "accept", "start"),
    }  # fmt: skip
    for act in ways[state]:
        assert (await step(shop, name, act)).status_code == 200
    if state == "expired":
        shop.service.clock.ahead += timedelta(days=8)
    return name


async def state_of(shop: ShopClient, name: str) -> str:
    found: str = (await shop.api.get(f"{PATH}/{name}")).json()["state"]
    return found


async def say(shop: ShopClient, act: str, shopper: str = "s1", **fields: Any) -> httpx2.Response:
    """What a page posts for a proven shopper."""
    body = {"key": shop.keys.publishable.secret, "token": shop.token(shopper)} | fields
    return await shop.page.post(f"{PAGE}{act}", json=body)


async def test_c7_a_request_is_asked_quoted_accepted_and_made(desk: ShopClient) -> None:
    name = await opened(desk, product_id="oxford", person_id="child-1")
    asked = (await desk.api.get(f"{PATH}/{name}")).json()
    assert (asked["state"], asked["offer"], asked["ready_on"]) == ("requested", None, None)
    assert (asked["shopper_id"], asked["person_id"], asked["product_id"]) == ("s1", "child-1", "oxford")

    quoted = (await step(desk, name, "quote")).json()
    assert (quoted["state"], quoted["offer"]["price_minor"], quoted["offer"]["text"]) == ("quoted", 42_000, "Gladly.")
    accepted = (await step(desk, name, "accept")).json()
    assert (accepted["state"], accepted["ready_on"]) == ("accepted", quoted["ready_on"])
    started = (await step(desk, name, "start")).json()
    assert started["state"] == "in_production"
    assert started | {"state": "accepted", "started_at": None} == accepted


ALLOWED = {
    ("requested", "quote"): "quoted",
    ("quoted", "accept"): "accepted",
    ("quoted", "decline"): "declined",
    ("accepted", "start"): "in_production",
}


@pytest.mark.parametrize("act", STEPS)
@pytest.mark.parametrize("state", ["requested", "quoted", "accepted", "declined", "expired", "in_production"])
async def test_c7_only_listed_steps_are_taken_and_all_others_are_409(desk: ShopClient, state: str, act: str) -> None:
    name = await brought_to(desk, state)
    before = (await desk.api.get(f"{PATH}/{name}")).json()
    answer = await step(desk, name, act)

    if (state, act) in ALLOWED:
        assert answer.json()["state"] == await state_of(desk, name) == ALLOWED[state, act]
    else:
        problem = check_problem(answer, 409)
        assert problem["type"].endswith("/wrong_state")
        assert (await desk.api.get(f"{PATH}/{name}")).json() == before


async def test_c7_an_accepted_offer_keeps_its_price_and_its_day_whatever_comes(desk: ShopClient) -> None:
    name = await brought_to(desk, "quoted")
    quoted = (await desk.api.get(f"{PATH}/{name}")).json()
    accepted = (await step(desk, name, "accept")).json()
    await desk.api.put("/v1/work-calendar", json={"working_days": ["mon"]})
    check_problem(await desk.api.post(f"{PATH}/{name}/quote", json=offer(desk, price_minor=1)), 409)
    desk.service.clock.ahead = timedelta(days=30)

    assert (await desk.api.get(f"{PATH}/{name}")).json() == accepted
    assert (accepted["offer"], accepted["ready_on"]) == (quoted["offer"], quoted["ready_on"])


async def test_c7_an_offer_says_when_it_would_be_ready_by_the_calendar_of_now(desk: ShopClient) -> None:
    name = await brought_to(desk, "quoted")
    five = (await desk.api.get(f"{PATH}/{name}")).json()["ready_on"]
    await desk.api.put("/v1/work-calendar", json={"working_days": ["mon"]})
    one = (await desk.api.get(f"{PATH}/{name}")).json()["ready_on"]
    counted = (await desk.api.post("/v1/work-calendar:promise", json={"lead_days": 20})).json()["ready_on"]

    assert one == counted > five


async def test_c7_of_many_who_answer_at_the_same_moment_one_is_heard(desk: ShopClient) -> None:
    name = await brought_to(desk, "quoted")
    answers = await asyncio.gather(*(step(desk, name, act) for act in ("accept", "decline") * 5))

    assert sorted(one.status_code for one in answers) == [200, *[409] * 9]
    assert await state_of(desk, name) in ("accepted", "declined")


async def test_c7_a_proven_shopper_asks_sees_and_answers_from_a_page(desk: ShopClient) -> None:
    asked = (await say(desk, "", text="Wider, please.", product="oxford", person="child-1")).json()
    assert (asked["state"], asked["shopper_id"], asked["person_id"]) == ("requested", "s1", "child-1")
    check_problem(await say(desk, ":accept", id=asked["id"]), 409)
    assert (await step(desk, asked["id"], "quote")).status_code == 200

    assert [one["state"] for one in (await say(desk, ":list")).json()["items"]] == ["quoted"]
    accepted = (await say(desk, ":accept", id=asked["id"])).json()
    assert accepted["state"] == "accepted"
    second = (await say(desk, "", text="And one more.")).json()["id"]
    assert (await step(desk, second, "quote")).status_code == 200
    assert (await say(desk, ":decline", id=second)).json()["state"] == "declined"


async def test_c7_a_shopper_sees_and_answers_none_but_their_own(desk: ShopClient) -> None:
    name = await brought_to(desk, "quoted")
    missing = str(uuid4())

    assert (await say(desk, ":list", "s2")).json() == {"items": []}
    for act in (":accept", ":decline"):
        theirs = check_problem(await say(desk, act, "s2", id=name), 404)
        none = check_problem(await say(desk, act, "s2", id=missing), 404)
        nobody = check_problem(await say(desk, act, "nobody", id=name), 404)
        assert {one["detail"].replace(name, "?").replace(missing, "?") for one in (theirs, none, nobody)} == {
            "There is no special request '?'."
        }
    refused = await say(desk, "", "s2", text="For Mia.", person="child-1")
    assert check_problem(refused, 422)["errors"][0]["field"] == "person_id"
    assert await state_of(desk, name) == "quoted"


@pytest.mark.parametrize(("fields", "status"), [
    ({"token": "a.b.c"}, 401), ({"key": "lb_pk_wrong"}, 401), ({"token": None}, 422), ({"text": ""}, 422),
    ({"text": "x" * 5001}, 422), ({"product": "nothing"}, 422), ({"price_minor": 1}, 422), ({"shopper_id": "s2"}, 422),
])  # fmt: skip
async def test_c7_what_a_page_forges_is_refused_and_nothing_is_stored(
    desk: ShopClient, fields: dict[str, Any], status: int
) -> None:
    check_problem(await say(desk, "", **({"text": "Please."} | fields)), status)

    assert (await desk.api.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(("change", "field"), [
    ({"price_minor": -1}, "price_minor"), ({"price_minor": 1.5}, "price_minor"), ({"currency": "euro"}, "currency"),
    ({"lead_days": -1}, "lead_days"), ({"valid_until": "2020-01-01T00:00:00Z"}, "valid_until"),
    ({"valid_until": "2030-01-01T00:00:00"}, "valid_until"), ({"ready_on": "2030-01-01"}, ""),
])  # fmt: skip
async def test_c7_a_wrong_offer_is_refused_with_the_field(desk: ShopClient, change: dict[str, Any], field: str) -> None:
    name = await opened(desk)
    refused = await desk.api.post(f"{PATH}/{name}/quote", json=offer(desk) | change)

    assert check_problem(refused, 422)["errors"][0]["field"] == field
    assert await state_of(desk, name) == "requested"


async def test_c7_a_page_learns_of_no_product_that_it_does_not_show_the_shopper(desk: ShopClient) -> None:
    await desk.stock("secret", restricted_to_segments=["staff"])
    await desk.stock("soon", available_from=(desk.service.clock() + timedelta(days=1)).isoformat())
    members = {"kind": "shoppers", "shoppers": ["s2"]}
    circle = {"id": "circle", "products": ["oxford"], "audience": members, "exclusive": True}
    assert (await desk.api.put("/v1/collections/circle", json=circle)).status_code == 200

    unknown = check_problem(await say(desk, "", text="This one?", product="nothing"), 422)
    for hidden in ("secret", "soon", "oxford"):
        problem = check_problem(await say(desk, "", text="This one?", product=hidden), 422)
        assert problem["detail"] == unknown["detail"], hidden
        await opened(desk, product_id=hidden)
    assert (await say(desk, "", "s2", text="This one?", product="oxford")).status_code == 200


async def test_c7_an_id_with_a_nul_is_nobodys_and_not_the_one_without_it(desk: ShopClient) -> None:
    await opened(desk)
    assert (await desk.api.get(PATH, params={"shopper_id": "s\x001"})).json() == {"items": [], "next": None}


async def test_c7_requests_are_listed_by_state_and_shopper_the_newest_first(desk: ShopClient) -> None:
    first, second = await opened(desk), await opened(desk, shopper_id="s2")
    await step(desk, first, "quote")

    async def listed(**query: Any) -> list[str]:
        return [one["id"] for one in (await desk.api.get(PATH, params=query)).json()["items"]]

    assert await listed() == [second, first]
    assert await listed(state="quoted") == [first]
    assert await listed(shopper_id="s2") == [second]
    assert await listed(shopper_id="nobody") == []
    page = (await desk.api.get(PATH, params={"limit": 1})).json()
    assert [one["id"] for one in page["items"]] == [second]
    assert await listed(after=page["next"]) == [first]
    desk.service.clock.ahead = timedelta(days=8)
    assert (await listed(state="quoted"), await listed(state="expired")) == ([], [first])
    check_problem(await desk.api.get(PATH, params={"state": "lost"}), 400)


async def test_c7_one_shopper_has_twenty_open_requests_at_the_most(desk: ShopClient) -> None:
    names = [await opened(desk) for _ in range(20)]

    check_problem(await say(desk, "", text="One more."), 409)
    await step(desk, names[0], "quote")
    await step(desk, names[0], "decline")
    assert (await say(desk, "", text="One more.")).status_code == 200


async def test_c7_requests_are_each_tenants_own(desk: ShopClient, other_shop: ShopClient) -> None:
    name = await brought_to(desk, "quoted")

    check_problem(await other_shop.api.get(f"{PATH}/{name}"), 404)
    for act in STEPS:
        check_problem(await step(other_shop, name, act), 404)
    assert (await other_shop.api.get(PATH)).json()["items"] == []
    check_problem(await say(other_shop, ":accept", id=name), 404)
    stolen = {"key": other_shop.keys.publishable.secret, "token": desk.token("s1"), "id": name}
    check_problem(await desk.page.post(f"{PAGE}:accept", json=stolen), 401)
    assert await state_of(desk, name) == "quoted"


async def test_c7_every_step_is_audited_without_a_name(desk: ShopClient) -> None:
    name = await brought_to(desk, "in_production")
    async with desk.service.db.tenant(desk.keys.tenant_id) as conn:
        rows = await conn.fetch("select action, subject from audit_log where subject like 'special%'")

    verbs = ("open", "quote", "accept", "start")
    assert {tuple(row) for row in rows} == {(f"{verb} special request", f"special request {name}") for verb in verbs}


async def test_c7_requests_follow_a_merge_come_back_with_its_undo_and_go_with_an_erasure(desk: ShopClient) -> None:
    name = await brought_to(desk, "quoted")
    merged = (await desk.api.post("/v1/merges", json={"keep": "s2", "absorb": "s1"})).json()["merge_id"]
    late = await opened(desk)
    assert [one["id"] for one in (await say(desk, ":list", "s2")).json()["items"]] == [late, name]
    assert (await desk.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert [one["id"] for one in (await say(desk, ":list", "s2")).json()["items"]] == []

    assert (await desk.api.post("/v1/erasures", json={"shopper_id": "s1"})).json()["counts"]["special_requests"] == 2
    check_problem(await desk.api.get(f"{PATH}/{name}"), 404)
    check_problem(await say(desk, "", text="I am back."), 422)
