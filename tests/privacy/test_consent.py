"""Consent: enforced where data is read."""

import pytest

from recommender.registry import find_active_version, load_model
from tests.privacy.people import BEER, days, decide, open_two_tastes, source, store
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
VISITOR = "visitor-0001"


async def is_shown(shop: ShopClient, shopper: str, wanted: str) -> bool:
    return await source(shop, shopper=shopper) == wanted


async def learned(shop: ShopClient) -> set[str]:
    """Whom the active model knows."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        version = await find_active_version(conn)
    assert version is not None
    return set((await load_model(store(shop), shop.keys.tenant_id, version)).shoppers)


async def view(shop: ShopClient, product: str, event_id: str, **more: str) -> None:
    body = {"key": shop.keys.publishable.secret, "visitor": VISITOR, **more}
    event = {"id": event_id, "type": "view", "product": product}
    answer = await shop.page.post("/public/v1/events", json={**body, "events": [event]})
    assert answer.status_code == 202, answer.text


async def test_b7_a_shopper_who_withdraws_is_a_stranger_at_once_and_unknown_to_the_next_model(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    assert await source(shop, shopper="beer-1") == "model"

    answer = await decide(shop, "beer-1", granted=False)

    assert answer.json()["allowed"] == {"personalisation": False, "measurements": False, "contact": False}
    await until(lambda: is_shown(shop, "beer-1", "popular"), seconds=5)
    assert (await shop.ask("home-for-you", shopper="beer-1")).content == (await shop.ask("home-for-you")).content
    assert await source(shop, shopper="beer-2") == "model"
    assert "beer-1" in await learned(shop)
    assert (await shop.train()).status == "active"
    assert await learned(shop) == {f"beer-{n}" for n in range(12) if n != 1} | {f"tea-{n}" for n in range(10)}


async def test_b7_a_session_of_a_shopper_who_withdrew_is_neither_kept_nor_used(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    await decide(shop, "tea-1", granted=False)
    await until(lambda: is_shown(shop, "tea-1", "popular"), seconds=5)

    await view(shop, "tea-2", "event-0001", token=shop.token("tea-1"))

    assert await source(shop, visitor=VISITOR) == "popular"
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        row = await conn.fetchrow("select shopper_id, visitor_id from events where event_id = 'client:event-0001'")
    assert row is not None
    assert tuple(row) == (None, None)
    await view(shop, "tea-2", "event-0002")
    assert await source(shop, visitor=VISITOR) == "session"
    assert await source(shop, visitor=VISITOR, shopper="tea-1") == "popular"


async def test_b7_the_newest_decision_counts_and_all_are_kept(shop: ShopClient) -> None:
    await shop.api.put("/v1/shoppers/s1", json={"id": "s1"})

    for day, granted in ((2, True), (1, False), (3, False), (0, True)):
        assert (await decide(shop, "s1", "contact", granted=granted, at=MONDAY + days(day))).status_code == 200
    again = await decide(shop, "s1", "contact", granted=False, at=MONDAY + days(3))

    history = [consent["granted"] for consent in again.json()["items"]]
    assert history == [False, True, False, True]
    assert again.json()["allowed"]["contact"] is False
    assert again.json()["items"][0] == {
        "purpose": "contact", "granted": False, "at": "2026-03-05T12:00:00Z", "source": "account", "text_version": "v1",
    }  # fmt: skip
    assert (await shop.api.get("/v1/consents/s1")).json() == again.json()


async def test_b7_without_a_decision_only_personalisation_is_allowed_and_a_shop_may_ask_first(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    before = (await shop.api.get("/v1/consents/beer-1")).json()["allowed"]

    stored = await shop.api.put("/v1/privacy-settings", json={"personalised_by_default": False})

    assert before == {"personalisation": True, "measurements": False, "contact": False}
    assert (await shop.api.get("/v1/privacy-settings")).json() == stored.json() == {"personalised_by_default": False}
    await until(lambda: is_shown(shop, "beer-1", "popular"), seconds=5)
    await decide(shop, "beer-2", granted=True)
    await until(lambda: is_shown(shop, "beer-2", "model"), seconds=5)
    assert await source(shop, shopper="beer-1") == "popular"


async def test_b7_a_page_can_ask_for_what_is_not_personalised(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    await view(shop, "tea-2", "event-0001")
    wish = {"name": "home-for-you", "exclude": [BEER[0]]}

    known = await shop.ask(wish, shopper="beer-1", visitor=VISITOR, personalised=False)

    assert known.content == (await shop.ask(wish)).content
    assert known.json()["slots"][0]["source"] == "popular"
    assert known.content != (await shop.ask(wish, shopper="beer-1", visitor=VISITOR)).content


async def test_b7_ids_that_were_merged_share_one_decision(shop: ShopClient) -> None:
    await open_two_tastes(shop)
    merged = await shop.api.post("/v1/merges", json={"keep": "beer-1", "absorb": "beer-2"})
    assert merged.status_code == 200, merged.text

    await decide(shop, "beer-2", granted=False)

    for shopper in ("beer-1", "beer-2"):
        assert (await shop.api.get(f"/v1/consents/{shopper}")).json()["allowed"]["personalisation"] is False
        await until(lambda shopper=shopper: is_shown(shop, shopper, "popular"), seconds=5)  # type: ignore[misc]  # bound at once


@pytest.mark.parametrize("withdrawn", ["ann", "ann-2"])
async def test_b7_what_one_of_two_merged_ids_withdrew_stays_withdrawn_until_a_new_decision(
    shop: ShopClient, withdrawn: str
) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "ann-2"}])
    granted = "ann-2" if withdrawn == "ann" else "ann"
    await decide(shop, withdrawn, "contact", granted=False, at=MONDAY)
    await decide(shop, granted, "contact", granted=True, at=MONDAY + days(1))
    merge_id = await merge_two(shop)

    assert [await may(shop, name) for name in ("ann", "ann-2")] == [False, False]
    await decide(shop, granted, "contact", granted=True, at=MONDAY + days(2))
    assert [await may(shop, name) for name in ("ann", "ann-2")] == [True, True]
    await shop.api.post(f"/v1/merges/{merge_id}/undo")

    assert (await may(shop, withdrawn), await may(shop, granted)) == (False, True)
    assert len((await shop.api.get("/v1/consents/ann")).json()["items"]) == (1 if withdrawn == "ann" else 2)


async def test_b7_what_was_withdrawn_under_a_merged_id_stays_so_when_the_merge_is_undone(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "ann-2"}])
    for name in ("ann", "ann-2"):
        await decide(shop, name, "contact", granted=True)
    merge_id = await merge_two(shop)
    await decide(shop, "ann-2", "contact", granted=False, at=MONDAY + days(1))
    assert await may(shop, "ann") is False

    await shop.api.post(f"/v1/merges/{merge_id}/undo")

    assert (await may(shop, "ann"), await may(shop, "ann-2")) == (True, False)


async def merge_two(shop: ShopClient) -> str:
    merged = await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "ann-2"})
    merge_id: str = merged.json()["merge_id"]
    return merge_id


async def may(shop: ShopClient, shopper: str) -> bool:
    """Whether contact is allowed."""
    allowed: bool = (await shop.api.get(f"/v1/consents/{shopper}")).json()["allowed"]["contact"]
    return allowed


async def test_b7_a_decision_from_the_future_or_of_nobody_is_refused(shop: ShopClient) -> None:
    await shop.api.put("/v1/shoppers/s1", json={"id": "s1"})

    future = await decide(shop, "s1", granted=True, at=shop.service.clock() + days(2))
    nobody = await decide(shop, "s2", granted=True)

    assert check_problem(future, 422)["errors"][0]["field"] == "at"
    check_problem(nobody, 404)


async def test_b7_one_shop_s_decisions_are_nothing_to_another(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await open_two_tastes(one)

    await decide(shop, "beer-1", granted=False)

    await until(lambda: is_shown(shop, "beer-1", "popular"), seconds=5)
    assert await source(other_shop, shopper="beer-1") == "model"
    assert (await other_shop.api.get("/v1/consents/beer-1")).json()["items"] == []
