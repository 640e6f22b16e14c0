"""When an attribute was last told: its time moves when its value does, and only then (B5, B6)."""

from tests.profile.merchant import known, profile, tell
from tests.support.shop import Document, ShopClient


async def times(shop: ShopClient) -> dict[str, str]:
    return {name: one["updated_at"] for name, one in (await known(shop, "s1")).items()}


async def test_b6_only_the_time_of_a_changed_value_moves(shop: ShopClient) -> None:
    await tell(shop, "s1", size=42, colour="red")
    first = await times(shop)
    await tell(shop, "s1", size=42, colour="red")
    assert await times(shop) == first

    await tell(shop, "s1", size=42, colour="blue", shape="round")
    second = await times(shop)

    assert second["size"] == first["size"]
    assert second["colour"] > first["colour"]
    assert second["shape"] == second["colour"]


async def test_b6_a_value_that_was_taken_back_and_told_again_is_new(shop: ShopClient) -> None:
    await tell(shop, "s1", size=42)
    first = await times(shop)
    await tell(shop, "s1")
    assert await times(shop) == {}
    await tell(shop, "s1", size=42)

    assert (await times(shop))["size"] > first["size"]


async def test_b6_a_change_elsewhere_moves_no_attribute(shop: ShopClient) -> None:
    await tell(shop, "s1", size=42)
    first = await times(shop)
    document: Document = {"id": "s1", "name": "Ada", "attributes": {"size": 42}}
    answer = await shop.api.put("/v1/shoppers/s1", json=document)

    assert answer.json()["result"] == "updated"
    assert await times(shop) == first


async def test_b6_a_shopper_whom_only_an_order_named_has_an_empty_profile(shop: ShopClient) -> None:
    await shop.sell({"s1": ["p1"]})

    assert await profile(shop, "s1") == {
        "id": "s1",
        "attributes": [],
        "measurements": [],
        "completeness": {"score": 1.0, "missing": [], "stale": []},
        "next_question": None,
        "people": [],
    }
