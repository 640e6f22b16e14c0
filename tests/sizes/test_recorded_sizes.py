"""Size advice from the record book: only for a proven shopper who consents, and never with a value in the answer."""

from datetime import timedelta

import pytest

from tenants.keys import open_key
from tests.record_book.shoemaker import agree, feet, length, measure, open_record_book
from tests.sizes.charts import advise, ask, foot, mondopoint, put_chart
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
FEET = [length(251), length("256.3", "right"), length(97, key="foot_width"), length(95, "right", key="foot_width")]


@pytest.fixture
async def boots(shop: ShopClient) -> ShopClient:
    """A shop of boots that knows Mei's feet; her right one is the longer."""
    await shop.stock("boots")
    await put_chart(shop, mondopoint(products=["boots"]))
    await open_record_book(shop, "mei", "lan")
    await measure(shop, feet("mei-feet", *FEET))

    async def is_loaded() -> bool:
        size: str | None = (await ask(shop, "boots", foot(255, 98)))["size"]
        return size == "255/98"

    await until(is_loaded, seconds=5)
    return shop


def holds_no_value(found: Document) -> bool:
    return not any(value in str(found) for value in ("251", "256", "2563", "97", "'95"))


async def test_c6_recorded_feet_lead_to_the_size_without_typing(boots: ShopClient) -> None:
    told = await advise(boots, "boots", [], shopper_id="mei")
    shown = await ask(boots, "boots", [], token=boots.token("mei"))
    for found in (told, shown):
        assert (found["size"], found["used"], found["missing"]) == ("255/98", "recorded", [])
        assert holds_no_value({**found, "equivalents": ()})


async def test_c6_the_equivalents_tell_of_the_chart_and_not_of_the_foot(boots: ShopClient) -> None:
    recorded = await ask(boots, "boots", [], token=boots.token("mei"))
    typed = await ask(boots, "boots", foot(253.5, 101))
    assert recorded["equivalents"] == typed["equivalents"]


async def test_c6_a_page_without_a_token_is_told_of_nobody(boots: ShopClient) -> None:
    stranger = await ask(boots, "boots", [])
    assert (stranger["size"], stranger["used"], stranger["missing"]) == (None, "none", ["foot_length", "foot_width"])
    assert await ask(boots, "boots", [], token=boots.token("lan")) == stranger
    assert await ask(boots, "boots", [], token=boots.token("nobody")) == stranger


async def test_c6_without_consent_the_record_is_not_used(boots: ShopClient) -> None:
    await agree(boots, "mei", granted=False, at=MONDAY + timedelta(days=1))
    for found in (
        await advise(boots, "boots", [], shopper_id="mei"), await ask(boots, "boots", [], token=boots.token("mei")),
    ):  # fmt: skip
        assert (found["size"], found["used"]) == (None, "none")


async def test_c6_what_is_typed_counts_before_what_is_recorded(boots: ShopClient) -> None:
    found = await ask(boots, "boots", [{"key": "foot_length", "value": 27, "unit": "cm"}], token=boots.token("mei"))
    assert (found["size"], found["used"]) == ("270/98", "both")
    assert (await ask(boots, "boots", foot(270, 90), token=boots.token("mei")))["used"] == "typed"


async def test_c6_a_key_that_may_not_read_measurements_gets_no_advice_from_them(boots: ShopClient) -> None:
    async with boots.service.db.tenant(boots.keys.tenant_id) as conn:
        key = await open_key(conn, "secret", scopes=["sizes:read"])
    headers = {"Authorization": f"Bearer {key.secret}"}
    asked = {"product_id": "boots", "measurements": foot(255, 98)}
    assert (await boots.page.post("/v1/size-advice", json=asked, headers=headers)).json()["size"] == "255/98"
    refused = await boots.page.post("/v1/size-advice", json=asked | {"shopper_id": "mei"}, headers=headers)
    assert "measurements:read" in check_problem(refused, 403)["detail"]


async def test_c6_advice_by_old_feet_is_less_sure(boots: ShopClient) -> None:
    fresh = {"measured_at": boots.service.clock().isoformat()}
    await measure(boots, feet("lan-feet", *FEET, shopper="lan", **fresh))
    old = {"measured_at": (boots.service.clock() - timedelta(days=20 * 365)).isoformat()}
    await measure(boots, feet("mei-feet", *FEET, **old))
    found = [(await advise(boots, "boots", [], shopper_id=one))["confidence"] for one in ("lan", "mei")]
    assert found == ["high", "medium"]


async def test_c6_advice_for_a_child_is_by_the_childs_feet(boots: ShopClient) -> None:
    await boots.push("people", [{"id": "tao", "shopper_id": "mei", "relation": "child"}])
    small = [length(221), length(221, "right"), length(91, key="foot_width"), length(90, "right", key="foot_width")]
    await measure(boots, feet("tao-feet", *small, person_id="tao"))
    assert (await advise(boots, "boots", [], shopper_id="mei", person_id="tao"))["size"] == "220/90"
    assert (await ask(boots, "boots", [], token=boots.token("mei"), person="tao"))["size"] == "220/90"
    body = {"key": boots.keys.publishable.secret, "product": "boots", "token": boots.token("lan"), "person": "tao"}
    check_problem(await boots.page.post("/public/v1/size-advice", json=body), 404)


async def test_c6_a_shopper_of_one_tenant_is_nobody_in_another(boots: ShopClient, other_shop: ShopClient) -> None:
    await other_shop.stock("boots")
    await put_chart(other_shop, mondopoint(products=["boots"]))
    body = {"key": other_shop.keys.publishable.secret, "product": "boots", "token": boots.token("mei")}
    check_problem(await other_shop.page.post("/public/v1/size-advice", json=body), 401)
    answer = await other_shop.api.post("/v1/size-advice", json={"product_id": "boots", "shopper_id": "mei"})
    check_problem(answer, 404)
