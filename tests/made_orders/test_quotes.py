"""Quotes: the server computes the price, the record fills the measures, a forged word is refused (C5, C10)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.made_orders.shoemaker import (
    PRICE,
    SHOE,
    ask,
    ask_page,
    line,
    measure_feet,
    push,
    quote,
)
from tests.options.shoes import publish_at
from tests.record_book.shoemaker import agree
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

CHOSEN = {"sole": "rubber", "initials": "ML"}


async def count_quotes(shop: ShopClient) -> int:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        number: int = await conn.fetchval("select count(*) from quotes")
    return number


async def test_c5_a_quote_is_computed_by_the_server_and_holds_no_measure(workshop: ShopClient) -> None:
    made = await quote(workshop, answers=CHOSEN, quantity=2, expected_price_minor=PRICE + 800)

    assert (made["price_minor"], made["total_minor"], made["currency"]) == (PRICE + 800, 2 * (PRICE + 800), "EUR")
    assert (made["lead_days"], made["configuration_id"][:4]) == (13, "cfg_")
    assert made["answers"] == {"sole": "rubber", "colour": "black", "initials": "ML"}
    assert [(one["label"], one["value"]) for one in made["summary"]][:3] == [
        ("Sole", "Rubber"), ("Colour", "Black"), ("Initials", "ML"),
    ]  # fmt: skip
    places = [(one["option"], one["key"], one["side"]) for one in made["measured_by"]]
    assert places[:2] == [("length", "foot_length", "left"), ("length", "foot_length", "right")]
    expires, now = datetime.fromisoformat(made["expires_at"]), workshop.service.clock()
    assert timedelta(days=13, hours=23) < expires - now <= timedelta(days=14)
    assert "2453" not in str(made)
    assert "245.3" not in str(made)
    assert (await workshop.api.get(f"/v1/quotes/{made['quote_id']}")).json() == made


async def test_c5_a_page_gets_the_same_quote_for_a_proven_shopper(workshop: ShopClient) -> None:
    server = await quote(workshop, answers=CHOSEN)
    page = (await ask_page(workshop, product="oxford", answers=CHOSEN)).json()

    for name in ("price_minor", "configuration_id", "answers", "summary", "lead_days", "measured_by"):
        assert page[name] == server[name], name


async def test_c8_a_quote_promises_by_the_shops_calendar(workshop: ShopClient) -> None:
    await workshop.api.put("/v1/work-calendar", json={"time_zone": "Asia/Shanghai", "working_days": ["tue"]})
    made = await quote(workshop)
    counted = (await workshop.api.post("/v1/work-calendar:promise", json={"lead_days": made["lead_days"]})).json()

    assert made["promise"] == counted
    assert made["promise"]["confirm_by"].endswith("+08:00")


async def test_c5_a_stranger_is_quoted_what_needs_no_measure_and_nothing_else(workshop: ShopClient) -> None:
    belt = (await ask_page(workshop, shopper=None, product="belt", answers={"buckle": "silver"})).json()
    assert (belt["price_minor"], belt["shopper_id"], belt["measured_by"]) == (6000, None, [])

    for answer in (await ask_page(workshop, shopper=None, product="oxford"), await ask(workshop, shopper_id=None)):
        problem = check_problem(answer, 422)
        assert {one["field"] for one in problem["errors"]} == {"answers.length", "answers.girth"}
    refused = check_problem(await ask_page(workshop, shopper=None, product="belt", person="lin"), 422)
    assert refused["errors"][0]["field"] == "person_id"


async def test_c5_without_consent_nothing_is_made_to_measure(workshop: ShopClient) -> None:
    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))

    for answer in (await ask(workshop), await ask_page(workshop, product="oxford")):
        assert check_problem(answer, 409)["type"].endswith("/measurements_not_allowed")
    assert await count_quotes(workshop) == 0


async def test_c5_a_quote_is_for_the_right_person(workshop: ShopClient) -> None:
    problem = check_problem(await ask(workshop, person_id="lin"), 422)
    assert {one["field"] for one in problem["errors"]} == {"answers.length", "answers.girth"}

    await measure_feet(workshop, 1803, 1809, id="lins-feet", person_id="lin")
    made = await quote(workshop, person_id="lin")
    assert made["person_id"] == "lin"
    check_problem(await ask(workshop, person_id="nobody"), 404)


FORGED: list[tuple[Document, int, str]] = [
    ({"price_minor": 1}, 422, ""), ({"unit_price_minor": 1}, 422, ""), ({"configuration_id": "cfg_0"}, 422, ""),
    ({"profile_id": "feet"}, 422, ""), ({"measurements": {"foot_length": 2600}}, 422, ""), ({"version": 1}, 422, ""),
    ({"expected_price_minor": 1}, 409, "expected_price_minor"), ({"answers": {"sole": "gold"}}, 422, "answers.sole"),
    ({"answers": {"wings": "two"}}, 422, "answers.wings"), ({"answers": {"length": 2600}}, 422, "answers.length"),
    ({"answers": {"initials": "MLXYZ"}}, 422, "answers.initials"),
    ({"answers": {"initials": "<b>"}}, 422, "answers.initials"),
    ({"quantity": 0}, 422, "quantity"), ({"quantity": 1_000_001}, 422, "quantity"), ({"locale": "?"}, 422, "locale"),
    ({"region": "Mars"}, 422, "region"),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "status", "field"), FORGED, ids=lambda part: str(part)[:40])
async def test_c5_a_forged_wish_is_refused_with_the_field_and_nothing_is_stored(
    workshop: ShopClient, wish: Document, status: int, field: str
) -> None:
    for answer in (await ask(workshop, **wish), await ask_page(workshop, **{"product": "oxford"} | wish)):
        assert check_problem(answer, status)["errors"][0]["field"] == field
    assert await count_quotes(workshop) == 0


async def test_c9_pages_are_quoted_nothing_of_a_collection_that_is_closed_to_them(workshop: ShopClient) -> None:
    await workshop.push("shoppers", [{"id": "jun"}])
    await push(workshop, "o1", line(await quote(workshop, product_id="belt", shopper_id="jun")), shopper_id="jun")
    circle = {"id": "circle", "products": ["belt"], "exclusive": True}
    members = {"kind": "shoppers", "shoppers": ["mei"]}

    async def statuses(**window: Any) -> list[int]:
        put = await workshop.api.put("/v1/collections/circle", json=circle | window)
        assert put.status_code == 200, put.text
        asked = [await ask_page(workshop, shopper=who, product="belt") for who in ("mei", "jun", None)]
        asked.append(await ask_page(workshop, "quotes:reorder", "jun", order="o1", line="1"))
        asked.append(await ask(workshop, product_id="belt", shopper_id="jun"))
        return [answer.status_code for answer in asked]

    assert await statuses(audience=members) == [200, 404, 404, 404, 200]
    assert await statuses(audience=members, ends_at=MONDAY.isoformat()) == [404, 404, 404, 404, 200]
    assert await statuses() == [200, 200, 200, 200, 200]


async def test_c9_who_does_not_want_to_be_recognised_is_a_stranger_to_a_circle(workshop: ShopClient) -> None:
    members = {"kind": "shoppers", "shoppers": ["mei"]}
    circle = {"id": "circle", "products": ["belt"], "exclusive": True, "audience": members}
    assert (await workshop.api.put("/v1/collections/circle", json=circle)).status_code == 200
    said = {"purpose": "personalisation", "granted": False, "at": MONDAY.isoformat(), "source": "account"}
    assert (await workshop.api.put("/v1/consents/mei", json=said)).status_code == 200

    hidden = check_problem(await ask_page(workshop, product="belt"), 404)
    unknown = check_problem(await ask_page(workshop, product="nothing"), 404)
    assert hidden["detail"].replace("belt", "nothing") == unknown["detail"]


async def test_c3_a_forbidden_combination_is_refused_naming_the_rule_and_both_options(workshop: ShopClient) -> None:
    problem = check_problem(await ask(workshop, answers={"sole": "rubber", "colour": "red"}), 422)

    assert problem["type"].endswith("/not_orderable")
    assert "rule 'red-cloth': 'colour' and 'sole'" in problem["errors"][0]["reason"]
    assert await count_quotes(workshop) == 0


@pytest.mark.parametrize("body", [
    {"product": "mug"}, {"product": "nothing"}, {"key": "lb_pk_wrong", "product": "oxford"},
    {"token": "a.b.c", "product": "oxford"},
])  # fmt: skip
async def test_c5_a_forged_product_key_or_token_is_refused(workshop: ShopClient, body: dict[str, Any]) -> None:
    check_problem(await ask_page(workshop, **body), 401, 404)
    assert await count_quotes(workshop) == 0


async def test_c5_a_quote_of_another_tenant_does_not_exist(workshop: ShopClient, other_shop: ShopClient) -> None:
    made = await quote(workshop)

    check_problem(await other_shop.api.get(f"/v1/quotes/{made['quote_id']}"), 404)
    check_problem(await ask(other_shop), 404)
    stolen = {"key": other_shop.keys.publishable.secret, "token": workshop.token("mei"), "product": "oxford"}
    check_problem(await workshop.page.post("/public/v1/quotes", json=stolen), 401)
    check_problem(await workshop.api.get(f"/v1/quotes/{uuid4()}"), 404)
    check_problem(await workshop.api.get("/v1/quotes/forged"), 404)


async def test_c5_the_price_is_todays_with_its_sale(workshop: ShopClient) -> None:
    now = workshop.service.clock()
    sale = {
        "sale_price_minor": 15_000,
        "sale_from": now.isoformat(),
        "sale_until": (now + timedelta(days=1)).isoformat(),
    }
    await workshop.stock("oxford", title="Oxford of cloth", price_minor=PRICE, **sale)
    assert (await quote(workshop, answers={"colour": "red"}))["price_minor"] == 15_375
    workshop.service.clock.ahead = timedelta(days=2)

    assert (await quote(workshop))["price_minor"] == PRICE
    check_problem(await ask(workshop, expected_price_minor=15_000), 409)


async def test_c5_a_hidden_or_withdrawn_product_is_not_quoted(workshop: ShopClient) -> None:
    await workshop.stock("belt", status="hidden", price_minor=4000)
    check_problem(await ask(workshop, product_id="belt"), 404)
    await workshop.stock("belt", restricted_to_segments=["vip"], price_minor=4000)
    check_problem(await ask_page(workshop, product="belt"), 404)
    assert (await ask(workshop, product_id="belt")).status_code == 200
    await workshop.api.post("/v1/option-documents:retire", json={"id": "belt"})
    check_problem(await ask(workshop, product_id="belt"), 404)


async def test_c10_measures_or_free_words_are_exempt_and_presets_are_not(workshop: ShopClient) -> None:
    """And the notice is there before anything is ordered."""
    preset = await quote(workshop, product_id="belt", answers={"buckle": "silver"})
    words = await quote(workshop, product_id="belt", answers={"engraving": "MEI"})
    measured = await quote(workshop)

    assert preset["withdrawal"] == {"exempt": False, "notice": ""}
    assert [one["withdrawal"]["exempt"] for one in (words, measured)] == [True, True]
    assert "right of withdrawal does not apply" in measured["withdrawal"]["notice"]
    chinese = await quote(workshop, locale="zh-CN")
    assert "不适用七日无理由退货" in chinese["withdrawal"]["notice"]


async def test_c10_a_shop_has_its_own_words_and_gets_ours_back(workshop: ShopClient) -> None:
    shipped = (await workshop.api.get("/v1/withdrawal-notice")).json()
    assert {"en", "de", "zh"} <= {*shipped["texts"]}
    own = {"texts": {"de": "Kein Widerruf.", "en": "No returns."}}
    assert (await workshop.api.put("/v1/withdrawal-notice", json=own)).json() == own

    assert (await quote(workshop, locale="de-AT"))["withdrawal"]["notice"] == "Kein Widerruf."
    assert (await quote(workshop, locale="zh"))["withdrawal"]["notice"] == "No returns."
    await workshop.api.put("/v1/withdrawal-notice", json={"texts": {}})
    assert (await workshop.api.get("/v1/withdrawal-notice")).json() == shipped
    check_problem(await workshop.api.put("/v1/withdrawal-notice", json={"texts": {"en": ""}}), 422)


async def test_c5_for_how_long_quotes_hold_is_the_shops_to_say(workshop: ShopClient) -> None:
    assert (await workshop.api.get("/v1/quote-settings")).json() == {"valid_days": 14}
    await workshop.api.put("/v1/withdrawal-notice", json={"texts": {"en": "No returns."}})
    assert (await workshop.api.put("/v1/quote-settings", json={"valid_days": 2})).json() == {"valid_days": 2}
    made = await quote(workshop)

    days = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert (days, made["withdrawal"]["notice"]) == (timedelta(days=2), "No returns.")
    for wrong in (0, 366, 1.5, None):
        check_problem(await workshop.api.put("/v1/quote-settings", json={"valid_days": wrong}), 422)
    assert (await workshop.api.get("/v1/quote-settings")).json() == {"valid_days": 2}


async def test_c5_a_quote_keyed_twice_is_one_quote(workshop: ShopClient) -> None:
    body, headers = {"product_id": "oxford", "shopper_id": "mei"}, {"Idempotency-Key": "once"}
    first = await workshop.api.post("/v1/quotes", json=body, headers=headers)
    again = await workshop.api.post("/v1/quotes", json=body, headers=headers)

    assert (first.json(), await count_quotes(workshop)) == (again.json(), 1)


async def test_c5_what_takes_too_long_or_costs_too_much_is_not_promised(workshop: ShopClient) -> None:
    slow = SHOE | {"id": "slow", "products": ["mug"], "base_lead_days": 3650}
    await publish_at(workshop, slow)
    assert (await ask(workshop, product_id="mug", answers={"initials": None})).status_code == 200
    assert check_problem(await ask(workshop, product_id="mug", answers=CHOSEN), 422)["type"].endswith("not_orderable")
    await workshop.stock("belt", price_minor=10**14)
    assert check_problem(await ask(workshop, product_id="belt", quantity=2), 422)["errors"][0]["field"] == "quantity"
