"""Merges: both ids go on resolving everywhere, nothing is lost, and undoing puts back exactly what was moved (B4)."""

import asyncio

from tenants.audit import list_audit
from tests.identity.merchant import merge, owners, people, person, tell, undo
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient, event, order


async def fill(shop: ShopClient) -> None:
    """Two shoppers with an order and an event each."""
    for name in ("a", "b"):
        await tell(shop, name, name=name)
        await shop.push("orders", [order(f"order-{name}", ["p1"], shopper_id=name)])
        await shop.push("events", [event(f"event-{name}", shopper_id=name)])


async def test_b4_after_a_merge_both_ids_resolve_to_one_with_all_orders_and_events(shop: ShopClient) -> None:
    await fill(shop)
    await merge(shop, "a", "b")

    assert await people(shop) == ["a"]
    assert (await person(shop, "b"))["id"] == "a"
    assert await owners(shop, "orders") == {"order-a": "a", "order-b": "a"}
    assert await owners(shop, "events") == {"event-a": "a", "event-b": "a"}


async def test_b4_what_is_told_under_a_merged_id_is_the_kept_ones(shop: ShopClient) -> None:
    await fill(shop)
    await merge(shop, "a", "b")
    await shop.push("orders", [order("order-c", ["p1"], shopper_id="b")])
    await shop.push("events", [event("event-c", shopper_id="b")])
    told = {"id": "event-0001", "type": "view", "product": "p1"}
    beacon = {"key": shop.keys.publishable.secret, "token": shop.token("b"), "events": [told]}
    await shop.page.post("/public/v1/events", json=beacon)
    answer = await tell(shop, "b", name="told as b", locale="de")

    assert answer.json() == {"id": "b", "result": "updated"}
    assert {*(await owners(shop, "orders")).values(), *(await owners(shop, "events")).values()} == {"a"}
    assert ((await person(shop, "a"))["name"], (await person(shop, "b"))["locale"]) == ("told as b", "de")
    assert await people(shop) == ["a"]


async def test_b4_undoing_puts_back_what_was_moved_and_what_came_since_under_the_old_id(shop: ShopClient) -> None:
    await fill(shop)
    merge_id = await merge(shop, "a", "b")
    later = [order("later-a", ["p1"], shopper_id="a"), order("later-b", ["p1"], shopper_id="b")]
    await shop.push("orders", [*later, order("order-b", ["p2"], shopper_id="c")])
    await tell(shop, "b", name="told as b")
    answer = await undo(shop, merge_id)

    assert answer.json() == {"merge_id": merge_id, "status": "undone"}
    assert await people(shop) == ["a", "b", "c"]
    assert await owners(shop, "orders") == {"order-a": "a", "order-b": "c", "later-a": "a", "later-b": "b"}
    assert await owners(shop, "events") == {"event-a": "a", "event-b": "b"}
    assert ((await person(shop, "a"))["name"], (await person(shop, "b"))["name"]) == ("a", "told as b")


async def test_b4_merges_and_undos_are_listed_and_audited(shop: ShopClient) -> None:
    await fill(shop)
    first = await merge(shop, "a", "b")
    await undo(shop, first)
    second = await merge(shop, "b", "a")

    listed = (await shop.api.get("/v1/merges")).json()["items"]
    assert [(one["id"], one["kept"], one["absorbed"], one["cause"]) for one in listed] == [
        (second, "b", "a", "server"),
        (first, "a", "b", "server"),
    ]
    assert (listed[0]["undone_at"], bool(listed[1]["undone_at"])) == (None, True)
    page = (await shop.api.get("/v1/merges?limit=1")).json()
    rest = (await shop.api.get(f"/v1/merges?limit=1&after={page['next']}")).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [second, first]
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        acts = [(row.action, row.subject) for row in await list_audit(conn)]
        actors = {row.actor for row in await list_audit(conn) if "merge" in row.action}
    assert acts[:3] == [
        ("merge shoppers", f"merge {second}"), ("undo merge", f"merge {first}"), ("merge shoppers", f"merge {first}"),
    ]  # fmt: skip
    assert actors == {f"key {shop.keys.secret.key_id}"}


async def test_b4_impossible_merges_and_undos_are_refused_in_words(shop: ShopClient) -> None:
    for name in "abc":
        await tell(shop, name)
    first = await merge(shop, "a", "b")
    second = await merge(shop, "c", "b")

    same = await shop.api.post("/v1/merges", json={"keep": "a", "absorb": "a"})
    joined = await shop.api.post("/v1/merges", json={"keep": "a", "absorb": "b"})
    unknown = await shop.api.post("/v1/merges", json={"keep": "a", "absorb": "nobody"})
    types = [check_problem(one, 404, 409)["type"].rpartition("/")[2] for one in (same, joined, unknown)]
    assert types == ["same_shopper", "same_shopper", "not_found"]
    assert check_problem(await undo(shop, first), 409)["type"].endswith("later_merge")
    assert [(await undo(shop, one)).status_code for one in (second, first)] == [200, 200]
    assert check_problem(await undo(shop, first), 409)["type"].endswith("merge_already_undone")
    check_problem(await undo(shop, "01900000-0000-7000-8000-000000000000"), 404)
    check_problem(await undo(shop, "first"), 404)
    assert await people(shop) == ["a", "b", "c"]


async def test_b4_one_shopper_may_have_no_more_external_ids_than_the_limit(shop: ShopClient) -> None:
    rules = {"items": [{"kind": "external", "priority": 1, "limit": 2}]}
    await shop.api.put("/v1/identifier-kinds", json=rules)
    for name in "abc":
        await tell(shop, name)
    await merge(shop, "a", "b")

    refused = await shop.api.post("/v1/merges", json={"keep": "a", "absorb": "c"})
    assert check_problem(refused, 409)["type"].endswith("too_many_ids")


async def test_b4_a_replayed_document_of_a_merged_shopper_changes_nothing(shop: ShopClient) -> None:
    documents = [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}]
    await shop.push("shoppers", documents)
    await merge(shop, "a", "b")
    before = await person(shop, "a")

    assert (await shop.push("shoppers", documents)).json()["unchanged"] == 2
    assert await person(shop, "b") == before


async def test_b4_deleting_a_merged_shopper_by_any_id_deletes_all_of_them(shop: ShopClient) -> None:
    await fill(shop)
    await merge(shop, "a", "b")

    assert (await shop.api.delete("/v1/shoppers/b")).status_code == 204
    assert [(await shop.api.get(f"/v1/shoppers/{name}")).status_code for name in "ab"] == [404, 404]
    assert {*(await owners(shop, "orders")).values()} == {None}
    assert (await shop.api.get("/v1/merges")).json()["items"] == []


async def test_b4_simultaneous_merges_and_orders_lose_no_row(shop: ShopClient) -> None:
    """Orders under every id arrive while the shoppers become one by several roads at once."""
    names = [f"s{n}" for n in range(6)]
    await shop.push("shoppers", [{"id": name} for name in names])

    async def join(keep: str, absorb: str) -> int:
        return (await shop.api.post("/v1/merges", json={"keep": keep, "absorb": absorb})).status_code

    async def buy(round_: int) -> int:
        orders = [order(f"{name}-{round_}", ["p1"], shopper_id=name) for name in names]
        return (await shop.push("orders", orders)).status_code

    pairs = [(names[n], names[n + 1]) for n in range(5)] + [(names[n + 1], names[n]) for n in range(5)]
    asked = [join(*pair) for pair in pairs] + [buy(n) for n in range(12)]
    statuses = await asyncio.gather(*(asked[n * 7 % len(asked)] for n in range(len(asked))))

    assert {*statuses} <= {200, 409}
    kept = await people(shop)
    assert len(kept) == 1
    bought = await owners(shop, "orders")
    assert (len(bought), {*bought.values()}) == (72, {*kept})


async def test_b4_a_page_shows_a_merged_shopper_what_the_model_knows_of_the_kept_one(shop: ShopClient) -> None:
    """Before and after the next training, without a word from the page."""
    beer, tea = [f"beer-{n}" for n in range(4)], [f"tea-{n}" for n in range(4)]
    await shop.stock(*beer, *tea)
    await shop.sell({f"b{n}": beer for n in range(8)} | {f"t{n}": tea for n in range(5)})
    await tell(shop, "new")
    await shop.train()
    await until(lambda: _source(shop, "t0", "model"))
    assert not await _source(shop, "new", "model")

    first = await merge(shop, "t0", "new")
    await until(lambda: _source(shop, "new", "model"))
    assert await shop.shown(shopper="new") == await shop.shown(shopper="t0")
    await undo(shop, first)
    await until(lambda: _source(shop, "new", "popular"))
    await merge(shop, "new", "t0")
    assert await _source(shop, "t0", "model")


async def _source(shop: ShopClient, shopper: str, source: str) -> bool:
    shown: str = (await shop.ask("home-for-you", shopper=shopper)).json()["slots"][0]["source"]
    return shown == source
