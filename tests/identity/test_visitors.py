"""Visitors: a browser becomes a known shopper's when the merchant's server says so, and only then (B4)."""

from tests.identity.merchant import known_by, merge, owners, tell, undo
from tests.support.problems import check_problem
from tests.support.shop import ShopClient, event

VISITOR = "visitor-0001"


async def browse(shop: ShopClient, event_id: str, visitor: str = VISITOR) -> None:
    told = {"id": event_id, "type": "view", "product": "p1"}
    body = {"key": shop.keys.publishable.secret, "visitor": visitor, "events": [told]}
    assert (await shop.page.post("/public/v1/events", json=body)).status_code == 202


async def attach(shop: ShopClient, shopper_id: str, visitor: str = VISITOR) -> int:
    answer = await shop.api.post(f"/v1/shopper-visitors/{shopper_id}", json={"visitor_id": visitor})
    assert answer.status_code == 200, answer.text
    taken: int = answer.json()["events"]
    return taken


async def test_b4_earlier_events_of_a_visitor_become_the_shoppers(shop: ShopClient) -> None:
    await tell(shop, "s/1")
    await browse(shop, "event-0001")
    await browse(shop, "event-0002", "visitor-0002")
    await shop.push("events", [event("e3", visitor_id=VISITOR)])

    assert await attach(shop, "s/1") == 2
    await browse(shop, "event-0004")
    assert await owners(shop, "events") == {
        "client:event-0001": "s/1", "client:event-0002": None, "e3": "s/1", "client:event-0004": None,
    }  # fmt: skip
    assert (await attach(shop, "s/1"), await attach(shop, "s/1")) == (1, 0)
    assert await known_by(shop, "s/1") == [("external", "s/1"), ("visitor", VISITOR)]


async def test_b4_a_shared_browser_is_refused_over_its_limit_and_takes_nothing_from_others(shop: ShopClient) -> None:
    for n in range(4):
        await tell(shop, f"s{n}")
        await browse(shop, f"event-000{n}")
        if n < 3:
            assert await attach(shop, f"s{n}") == 1
    answer = await shop.api.post("/v1/shopper-visitors/s3", json={"visitor_id": VISITOR})

    assert check_problem(answer, 422)["errors"][0]["field"] == "visitor_id"
    assert [*(await owners(shop, "events")).values()] == ["s0", "s1", "s2", None]
    assert await known_by(shop, "s3") == [("external", "s3")]


async def test_b4_events_of_a_merged_shoppers_visitor_go_back_when_the_merge_is_undone(shop: ShopClient) -> None:
    for name in "ab":
        await tell(shop, name)
    merge_id = await merge(shop, "a", "b")
    await browse(shop, "event-0001")
    await attach(shop, "b")

    assert await owners(shop, "events") == {"client:event-0001": "a"}
    await undo(shop, merge_id)
    assert await owners(shop, "events") == {"client:event-0001": "b"}


async def test_b4_a_page_cannot_name_its_visitor(shop: ShopClient) -> None:
    await tell(shop, "s1")
    await browse(shop, "event-0001")
    path, body = "/v1/shopper-visitors/s1", {"visitor_id": VISITOR}
    for secret in (shop.keys.publishable.secret, shop.token("s1")):
        headers = {"Authorization": f"Bearer {secret}"}
        check_problem(await shop.page.post(path, json=body, headers=headers), 401)
    check_problem(await shop.api.post(path, json=body, headers={"Origin": "https://shop.example"}), 403)
    check_problem(await shop.api.post("/v1/shopper-visitors/nobody", json=body), 404)

    assert await owners(shop, "events") == {"client:event-0001": None}


async def test_b4_a_deleted_shoppers_events_do_not_become_the_next_ones(shop: ShopClient) -> None:
    for name in "ab":
        await tell(shop, name)
    await browse(shop, "event-0001")
    await attach(shop, "a")
    await shop.api.delete("/v1/shoppers/a")

    assert await attach(shop, "b") == 0
