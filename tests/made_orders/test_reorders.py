"""Reorders: what was made is ordered again, with the same configuration and measures (C5)."""

from datetime import timedelta
from typing import Any

from tests.made_orders.shoemaker import (
    LEFT,
    PRICE,
    RIGHT,
    SHOE,
    ask_page,
    lengths,
    line,
    lines_of,
    measure_feet,
    ordered,
    push,
)
from tests.options.shoes import measure, publish_at
from tests.record_book.shoemaker import agree
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

NO_QUOTE = "01a20272-efe9-7d38-a228-1dd03a6d0d4d"
CHOSEN = {"sole": "rubber", "initials": "ML"}


async def reorder(shop: ShopClient, **fields: Any) -> Document:
    answer = await shop.api.post("/v1/quotes:reorder", json={"order_id": "o1", "line_id": "1"} | fields)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def test_c5_reorder_reproduces_the_line(workshop: ShopClient) -> None:
    quoted = await ordered(workshop, answers=CHOSEN, quantity=3)
    await measure_feet(workshop, 2501, 2502)
    again = await reorder(workshop)
    same = (
        "configuration_id",
        "answers",
        "summary",
        "price_minor",
        "quantity",
        "measured_by",
        "person_id",
        "shopper_id",
    )
    assert {name: again[name] for name in same} == {name: quoted[name] for name in same}
    assert (await push(workshop, "o2", line(again))).status_code == 200

    [first], [second] = await lines_of(workshop), await lines_of(workshop, "o2")
    new = {"order_id", "quote_id", "promise", "frozen_at"}
    assert {name: value for name, value in second.items() if name not in new} == {
        name: value for name, value in first.items() if name not in new
    }


async def test_c5_reorder_by_the_record_of_now_takes_the_new_measures(workshop: ShopClient) -> None:
    await ordered(workshop, answers=CHOSEN)
    await measure_feet(workshop, 2501, 2502)
    again = await reorder(workshop, measurements="current", quantity=2)
    await push(workshop, "o2", line(again))

    [made] = await lines_of(workshop, "o2")
    assert (lengths(made)["foot_length", "left"], made["quantity"], made["answers"]["initials"]) == (2501, 2, "ML")


async def test_c5_a_reorder_survives_the_profile_but_not_the_consent(workshop: ShopClient) -> None:
    await ordered(workshop)
    await workshop.api.delete("/v1/measurement-profiles/feet")
    await push(workshop, "o2", line(await reorder(workshop)))
    assert lengths((await lines_of(workshop, "o2"))[0])["foot_length", "left"] == LEFT

    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))
    for choice in ("as_ordered", "current"):
        body = {"order_id": "o1", "line_id": "1", "measurements": choice}
        refused = check_problem(await workshop.api.post("/v1/quotes:reorder", json=body), 409)
        assert refused["type"].endswith("/measurements_not_allowed")


async def test_c5_a_reorder_costs_what_it_costs_today(workshop: ShopClient) -> None:
    await ordered(workshop, answers=CHOSEN)
    await workshop.stock("oxford", title="Oxford of cloth", price_minor=PRICE + 100)

    assert (await reorder(workshop))["price_minor"] == PRICE + 900
    body = {"order_id": "o1", "line_id": "1", "expected_price_minor": PRICE + 800}
    assert check_problem(await workshop.api.post("/v1/quotes:reorder", json=body), 409)["type"].endswith(
        "/price_changed"
    )


async def test_c5_what_is_no_longer_offered_is_named_when_it_is_ordered_again(workshop: ShopClient) -> None:
    await ordered(workshop, answers=CHOSEN)
    fewer = [one for one in SHOE["options"] if one["id"] != "initials"]
    await publish_at(workshop, SHOE | {"options": fewer})
    body = {"order_id": "o1", "line_id": "1"}

    problem = check_problem(await workshop.api.post("/v1/quotes:reorder", json=body), 422)
    assert problem["errors"][0]["field"] == "answers.initials"


async def test_c5_a_reorder_never_takes_the_measures_of_another_order_with_the_same_id(workshop: ShopClient) -> None:
    await ordered(workshop)
    again = await reorder(workshop)
    assert (await workshop.api.delete("/v1/orders/o1")).status_code == 204
    await measure_feet(workshop, 2501, 2502)
    await ordered(workshop)

    refused = check_problem(await push(workshop, "o2", line(again)), 422)
    assert refused["errors"][0]["field"] == "lines[0].quote_id"


async def test_c5_a_reorder_by_options_that_need_fewer_measures_copies_those_under_their_names_of_now(
    workshop: ShopClient,
) -> None:
    await ordered(workshop)
    kept = [one for one in SHOE["options"] if one["id"] not in ("length", "girth")]
    renamed = measure("foot", key="foot_length", sided="each", min=1500, max=3000)
    await publish_at(workshop, SHOE | {"options": [*kept, renamed]})

    assert (await push(workshop, "o2", line(await reorder(workshop)))).status_code == 200

    [made] = await lines_of(workshop, "o2")
    assert lengths(made) == {("foot_length", "left"): LEFT, ("foot_length", "right"): RIGHT}
    assert {one["option"] for one in made["measurements"]} == {"foot"}


async def test_c5_a_proven_shopper_sees_and_reorders_their_own_and_no_others(workshop: ShopClient) -> None:
    await workshop.push("shoppers", [{"id": "other"}])
    await ordered(workshop, answers=CHOSEN)
    own = (await ask_page(workshop, "made-orders")).json()["items"]
    assert [(one["order_id"], one["line_id"], one["answers"]["initials"]) for one in own] == [("o1", "1", "ML")]
    assert {one["value_tenth_mm"] for one in own[0]["measurements"]} == {None}
    again = (await ask_page(workshop, "quotes:reorder", order="o1", line="1")).json()
    assert (await push(workshop, "o2", line(again))).status_code == 200
    assert [one["order_id"] for one in (await ask_page(workshop, "made-orders")).json()["items"]] == ["o2", "o1"]

    assert (await ask_page(workshop, "made-orders", "other")).json() == {"items": []}
    theirs = check_problem(await ask_page(workshop, "quotes:reorder", "other", order="o1", line="1"), 404)
    none = check_problem(await ask_page(workshop, "quotes:reorder", "other", order="o0", line="1"), 404)
    assert theirs["detail"].replace("o1", "o0") == none["detail"]
    check_problem(await ask_page(workshop, "made-orders", None), 422)


async def test_c5_a_strangers_quote_is_anybodys_to_order(workshop: ShopClient) -> None:
    belt = (await ask_page(workshop, shopper=None, product="belt", answers={"engraving": "MEI"})).json()
    assert (await push(workshop, "o1", line(belt), shopper_id=None)).status_code == 200
    [made] = await lines_of(workshop)

    assert (made["measurements"], made["answers"], made["withdrawal"]["exempt"]) == (
        [], {"buckle": "brass", "engraving": "MEI"}, True
    )  # fmt: skip
    again = await reorder(workshop)
    assert (again["shopper_id"], again["configuration_id"]) == (None, belt["configuration_id"])
