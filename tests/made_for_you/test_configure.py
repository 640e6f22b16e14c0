"""The configurator's address: one answer for what is chosen, what it costs, when it is ready, and what is missing."""

from datetime import timedelta
from typing import Any

import pytest

from tests.made_for_you.workshop import WHOLE, configure, configured, measured, open_workshop
from tests.support.polling import until
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def test_c3_price_and_days_come_from_the_server_for_a_page_and_for_a_server_alike(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)
    answers = {"sole": "rubber", "initials": "ML"}

    page = await configured(shop, shopper="mei", answers=answers)
    body = {"product": "shoe", "shopper_id": "mei", "answers": answers}
    server = (await shop.api.post("/v1/option-documents:evaluate", json=body)).json()

    assert page == {**server, "promise": page["promise"]}
    result = page["result"]
    assert (result["price_minor"], result["lead_days"]) == (12_900, 12)
    assert [(one["option"], one["amount_minor"]) for one in result["prices"]] == [("sole", 900)]
    assert (result["complete"], result["consistent"], page["fit"]["ready"]) == (True, True, True)
    assert page["promise"]["ready_on"] > page["promise"]["starts_on"]


async def test_c3_a_price_or_id_that_a_page_makes_up_is_refused(shop: ShopClient) -> None:
    await open_workshop(shop)
    for forged in ({"price_minor": 1}, {"configuration_id": "cfg_0"}, {"measured": {"foot_length": 1}}):
        answer = await configure(shop, **forged)
        assert answer.status_code == 422, forged
        assert next(iter(forged)) in answer.text


async def test_c3_a_preference_on_record_is_put_in_for_its_owner_alone(shop: ShopClient) -> None:
    await open_workshop(shop, "mei", "jun")
    await measured(shop, "mei", *WHOLE)
    wishes = {"preferences": {"initials": "ML"}, "special_needs": []}
    assert (await shop.api.put("/v1/wishes/mei", json=wishes)).status_code == 200

    async def initials(**who: Any) -> object:
        return (await configured(shop, **who))["answers"].get("initials")

    assert (await initials(shopper="mei"), await initials(shopper="jun"), await initials()) == ("ML", None, None)


async def test_c8_what_takes_longer_than_any_quote_promises_has_no_promise(shop: ShopClient) -> None:
    await open_workshop(shop, "mei", base_lead_days=3650)
    await measured(shop, "mei", *WHOLE)

    async def promised(sole: str) -> bool:
        return (await configured(shop, shopper="mei", answers={"sole": sole}))["promise"] is not None

    assert (await promised("cloth"), await promised("rubber")) == (True, False)


async def test_c10_what_is_made_for_one_person_is_said_before_ordering(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)

    withdrawal = (await configured(shop, shopper="mei"))["withdrawal"]

    assert withdrawal["exempt"]
    assert withdrawal["notice"] != ""


async def test_c4_a_stranger_is_asked_and_sees_what_there_is_to_choose(shop: ShopClient) -> None:
    await open_workshop(shop)

    seen = await configured(shop)

    assert seen["fit"] == {
        "who": "stranger", "consent": False, "ready": False, "missing": [], "stale": [], "person": None,
    }  # fmt: skip
    assert [one["id"] for one in seen["document"]["options"]] == ["sole", "initials", "length", "girth"]
    assert seen["promise"] is None


async def test_c4_no_measurement_value_is_ever_in_the_answer(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    await measured(shop, "mei", *WHOLE)

    said = (await configure(shop, shopper="mei")).text

    for value in ("2541", "2539", "254.1", "25.41", "2410"):
        assert value not in said


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"product": "brush"}, 404),
        ({"product": "no such"}, 404),
        ({"person": "no such", "shopper": "mei"}, 422),
        ({"region": "Mars"}, 422),
        ({"locale": "<b>"}, 422),
        ({"answers": {"sole": ["rubber"]}}, 422),
    ],
)
async def test_c3_what_cannot_be_meant_is_refused_with_a_sentence(
    shop: ShopClient, change: dict[str, Any], status: int
) -> None:
    await open_workshop(shop, "mei")
    answer = await configure(shop, **change)
    assert (answer.status_code, answer.json()["hint"] != "") == (status, True), answer.text


async def test_c9_a_product_of_a_closed_collection_is_as_unknown_as_none(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    members = {"kind": "shoppers", "shoppers": ["mei"]}
    circle = {"id": "circle", "products": ["shoe"], "audience": members, "exclusive": True}
    assert (await shop.api.put("/v1/collections/circle", json=circle)).status_code == 200

    async def closed() -> bool:
        return (await configure(shop)).status_code == 404

    await until(closed)
    assert (await configure(shop, shopper="mei")).status_code == 200


async def test_c9_a_circle_is_open_to_its_members_from_its_first_moment_on(shop: ShopClient) -> None:
    await open_workshop(shop, "mei")
    members, opens = {"kind": "shoppers", "shoppers": ["mei"]}, shop.service.clock() + timedelta(hours=1)
    circle = {"id": "circle", "products": ["shoe"], "audience": members, "exclusive": True}
    stored = await shop.api.put("/v1/collections/circle", json=circle | {"starts_at": opens.isoformat()})
    assert stored.status_code == 200

    async def closed() -> bool:
        return (await configure(shop, shopper="mei")).status_code == 404

    await until(closed)
    try:
        shop.service.clock.ahead = timedelta(hours=1, seconds=1)
        assert (await configure(shop, shopper="mei")).status_code == 200
    finally:
        shop.service.clock.ahead = timedelta()


async def test_c3_a_hidden_product_is_as_unknown_as_none(shop: ShopClient) -> None:
    await open_workshop(shop)
    unknown = (await configure(shop, product="nowhere")).json()

    await shop.stock("shoe", status="hidden")

    async def gone() -> bool:
        return (await configure(shop)).status_code == 404

    await until(gone)
    hidden = (await configure(shop)).json()
    said = {"detail": "The product 'shoe' is not made to order.", "request_id": hidden["request_id"]}
    assert hidden == {**unknown, **said}
