"""Contact preferences: a channel that is off receives nothing."""

import pytest

from tenants.contact_preferences import Channel, may_contact
from tenants.shoppers import find_shopper_id
from tests.privacy.people import days, decide
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, ShopClient

CHANNELS: tuple[Channel, ...] = ("email", "sms", "post", "push", "phone")


async def reachable(shop: ShopClient, shopper: str) -> list[str]:
    """The channels that a sender may use."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        shopper_id = await find_shopper_id(conn, shopper)
        assert shopper_id is not None
        return [channel for channel in CHANNELS if await may_contact(conn, shopper_id, channel)]


async def put(shop: ShopClient, shopper: str, **channels: bool) -> None:
    answer = await shop.api.put(f"/v1/contact-preferences/{shopper}", json=channels)
    assert answer.status_code == 200, answer.text


async def test_b11_nobody_is_contacted_who_did_not_agree(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}])
    await put(shop, "ann", email=True)

    assert await reachable(shop, "ann") == []
    await decide(shop, "ann", "contact", granted=True)
    assert await reachable(shop, "ann") == [*CHANNELS]
    await decide(shop, "ann", "contact", granted=False, at=MONDAY + days(1))
    assert await reachable(shop, "ann") == []


@pytest.mark.parametrize("off", CHANNELS)
async def test_b11_a_channel_that_is_off_receives_nothing(shop: ShopClient, off: str) -> None:
    await shop.push("shoppers", [{"id": "ann"}])
    await decide(shop, "ann", "contact", granted=True)

    await put(shop, "ann", **{off: False})

    assert await reachable(shop, "ann") == [channel for channel in CHANNELS if channel != off]
    await put(shop, "ann", **{off: True})
    assert await reachable(shop, "ann") == [*CHANNELS]


async def test_b11_preferences_are_stored_whole(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}])
    await put(shop, "ann", email=True, sms=False)
    await put(shop, "ann", sms=False, post=True)

    answer = await shop.api.get("/v1/contact-preferences/ann")

    assert answer.json() == {"email": None, "sms": False, "post": True, "push": None, "phone": None}


async def test_b11_off_under_one_of_two_merged_ids_is_off(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "ann-2"}])
    await put(shop, "ann", email=True)
    await put(shop, "ann-2", email=False, sms=False)
    await decide(shop, "ann-2", "contact", granted=True)

    assert (await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "ann-2"})).status_code == 200

    assert await reachable(shop, "ann") == await reachable(shop, "ann-2") == ["post", "push", "phone"]


async def test_b11_off_under_one_of_two_merged_ids_is_shown_until_the_person_says_something_newer(
    shop: ShopClient,
) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "ann-2"}])
    await put(shop, "ann", email=True)
    await put(shop, "ann-2", email=False)
    await decide(shop, "ann", "contact", granted=True)
    await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "ann-2"})

    assert (await shop.api.get("/v1/contact-preferences/ann")).json()["email"] is False
    await put(shop, "ann", email=True)

    assert (await shop.api.get("/v1/contact-preferences/ann-2")).json()["email"] is True
    assert "email" in await reachable(shop, "ann-2")


async def test_b11_off_said_under_a_merged_id_stays_off_when_the_merge_is_undone(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "ann-2"}])
    for shopper in ("ann", "ann-2"):
        await decide(shop, shopper, "contact", granted=True)
    await put(shop, "ann-2", sms=True)
    merged = (await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "ann-2"})).json()["merge_id"]
    await put(shop, "ann-2", email=False)
    await put(shop, "ann", sms=False)
    assert await reachable(shop, "ann") == ["post", "push", "phone"]

    await shop.api.post(f"/v1/merges/{merged}/undo")

    assert await reachable(shop, "ann") == ["email", "post", "push", "phone"]
    assert "email" not in await reachable(shop, "ann-2")


async def test_b11_an_unknown_channel_or_shopper_is_refused(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}])

    check_problem(await shop.api.put("/v1/contact-preferences/ann", json={"pigeon": True}), 422)
    check_problem(await shop.api.put("/v1/contact-preferences/bob", json={"email": True}), 404)
    check_problem(await shop.api.get("/v1/contact-preferences/bob"), 404)
