"""Made to your measure: who was measured is shown products as they would be made, anybody else is asked (C4)."""

import pytest

from tests.made_for_you.workshop import WHOLE, both, card, measured, open_workshop, publish
from tests.record_book.shoemaker import agree, days
from tests.support.shop import MONDAY, ShopClient, order

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def test_c4_a_full_record_shows_the_product_ready_with_price_and_days(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)

    shoe = await card(shop, shopper="mei")

    made = shoe["made"]
    assert {name: made[name] for name in ("ready", "prompt", "missing", "complete", "price_minor", "lead_days")} == {
        "ready": True, "prompt": None, "missing": [], "complete": True, "price_minor": 12_000, "lead_days": 10,
    }  # fmt: skip
    assert shoe["reason"]["code"] == "made_to_measure"


async def test_c4_one_key_missing_is_named(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *both("foot_length", 254, 254))

    made = (await card(shop, shopper="mei"))["made"]

    assert (made["ready"], made["missing"], made["prompt"]) == (False, ["ball_girth"], "measure")
    assert (made["price_minor"], made["lead_days"]) == (None, None)


async def test_c4_one_side_is_not_both(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE[1:])

    assert (await card(shop, shopper="mei"))["made"]["missing"] == ["foot_length"]


async def test_c4_without_a_record_or_consent_there_is_a_prompt_and_nothing_personal(shop: ShopClient) -> None:
    await open_workshop(shop, "mei", "jun")
    await measured(shop, "mei", *WHOLE)
    stranger = (await card(shop))["made"]
    unmeasured = (await card(shop, shopper="jun"))["made"]
    unknown = (await card(shop, shopper="nobody"))["made"]
    await agree(shop, "mei", granted=False, at=MONDAY + days(1))
    withdrawn = (await card(shop, shopper="mei"))["made"]

    assert [one["prompt"] for one in (stranger, unmeasured, unknown, withdrawn)] == [
        "identify", "measure", "consent", "consent",
    ]  # fmt: skip
    for one in (stranger, unknown, withdrawn):
        assert one == {**stranger, "prompt": one["prompt"]}, "anybody's answer says the same"
    assert not stranger["ready"]


async def test_c4_a_publishable_key_alone_is_told_nothing_whoever_it_names(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)

    slot = {"name": "home-made-for-you", "person": "mei"}
    answers = [(await shop.ask(slot)).content, (await shop.ask({**slot, "person": "nobody"})).content]

    assert answers[0] == answers[1]
    assert b'"ready":true' not in answers[0]


async def test_c4_the_flag_stands_in_every_other_strategy_too(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)

    for place in ("home-popular", "home-for-you"):
        assert (await card(shop, place, shopper="mei"))["made"]["ready"]
        assert "made" not in await card(shop, place, product="brush", shopper="mei")


async def test_c4_it_is_made_for_the_right_person(shop: ShopClient) -> None:
    await open_workshop(shop, "mei", "jun")
    for name, shopper in (("mei-child", "mei"), ("jun-child", "jun")):
        person = {"id": name, "shopper_id": shopper, "relation": "child"}
        assert (await shop.api.put(f"/v1/people/{name}", json=person)).status_code == 200
    await measured(shop, "mei", *WHOLE, person_id="mei-child")

    async def ready(shopper: str, person: str | None) -> bool | None:
        slot = {"name": "home-made-for-you"} | ({} if person is None else {"person": person})
        made = (await card(shop, slot, shopper=shopper)).get("made")
        return None if made is None else bool(made["ready"])

    assert await ready("mei", "mei-child") is True
    assert await ready("mei", None) is False
    assert await ready("jun", "jun-child") is False
    assert await ready("jun", "mei-child") is None, "another shopper's people are nobody"


async def test_c4_a_new_measurement_changes_the_very_next_answer(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    assert not (await card(shop, shopper="mei"))["made"]["ready"]

    await measured(shop, "mei", *WHOLE)

    assert (await card(shop, shopper="mei"))["made"]["ready"]


async def test_c4_what_the_maker_cannot_make_is_a_matter_to_ask(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *both("foot_length", 325, 325), *both("ball_girth", 240, 241))

    made = (await card(shop, shopper="mei"))["made"]

    assert (made["ready"], made["prompt"]) == (False, "request")


async def test_c4_what_can_be_made_stands_before_what_lacks_a_measure(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await shop.stock("hat")
    girth = {"id": "girth", "kind": "measurement", "key": "head_girth"}
    await publish(shop, {"id": "hats", "products": ["hat"], "options": [girth]})
    await shop.push("orders", [order(f"o{n}", ["hat"], shopper_id=f"s{n}") for n in range(3)])
    assert (await shop.train()).status == "active"
    await measured(shop, "mei", *WHOLE)

    async def shown() -> list[str]:
        return await shop.shown("home-made-for-you", shopper="mei")

    assert await shown() == ["shoe", "hat"]


async def test_c4_a_shop_that_makes_nothing_says_so(shop: ShopClient) -> None:
    await shop.stock("brush")

    slot = (await shop.ask("home-made-for-you")).json()["slots"][0]

    assert (slot["products"], slot["why"]) == ([], "This shop makes no product to measure.")


async def test_c4_another_tenant_with_the_same_ids_is_shown_nothing_of_it(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)
    await open_workshop(other_shop, "mei")

    assert not (await card(other_shop, shopper="mei"))["made"]["ready"]
