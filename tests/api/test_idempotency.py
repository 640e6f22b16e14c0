"""Idempotency: a call repeated under its key is answered again and done once."""

import asyncio

import httpx2

from tests.support.problems import check_problem
from tests.support.shop import ShopClient, order, product

KEY = {"Idempotency-Key": "k-1"}


async def count_orders(shop: ShopClient) -> tuple[int, int, int]:
    """Orders, their lines, and shoppers."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        tables = ("orders", "order_lines", "shoppers")
        orders, lines, shoppers = [await conn.fetchval(f"select count(*) from {table}") for table in tables]
    return orders, lines, shoppers


async def test_b1_the_same_call_under_its_key_is_answered_again_word_for_word(shop: ShopClient) -> None:
    first = await shop.push("orders", [order("A1", ["p1"])], **KEY)
    await shop.api.put("/v1/orders/A1", json=order("A1", ["p2"]))
    again = await shop.push("orders", [order("A1", ["p1"])], **KEY)

    assert (first.status_code, first.json()["created"]) == (200, 1)
    assert (again.status_code, again.content) == (200, first.content)
    assert (await shop.api.get("/v1/orders/A1")).json()["lines"][0]["product_id"] == "p2"


async def test_b1_another_request_under_the_key_is_refused(shop: ShopClient) -> None:
    await shop.api.put("/v1/products/p1", json=product("p1"), headers=KEY)

    for method, path, body in (
        ("PUT", "/v1/products/p1", product("p1", title="Other")),
        ("PUT", "/v1/products/p2", product("p2")),
        ("POST", "/v1/products:batch", [product("p1")]),
        ("POST", "/v1/models:train", None),
    ):
        check_problem(await shop.api.request(method, path, json=body, headers=KEY), 422)
    check_problem(await shop.api.delete("/v1/products/p1", headers=KEY), 422)
    assert (await shop.api.get("/v1/products/p1")).json()["title"] == "Product p1"
    check_problem(await shop.api.get("/v1/products/p2"), 404)


async def test_b1_a_delete_repeated_under_its_key_is_no_404(shop: ShopClient) -> None:
    await shop.stock("p1")
    answers = [await shop.api.delete("/v1/products/p1", headers=KEY) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    check_problem(await shop.api.delete("/v1/products/p1"), 404)


async def test_b1_twenty_calls_at_once_under_one_key_have_one_effect(shop: ShopClient) -> None:
    batch = [order("A1", ["p1", "p2"], shopper_id="s1"), order("A2", ["p1"], shopper_id="s2")]
    answers = await asyncio.gather(*(shop.push("orders", batch, **KEY) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["created"] == 2
    assert await count_orders(shop) == (2, 3, 2)


async def test_b1_a_refused_call_does_not_use_its_key_up(shop: ShopClient) -> None:
    check_problem(await shop.api.put("/v1/products/p1", json=product("p1", price_minor=-1), headers=KEY), 422)
    check_problem(await shop.api.delete("/v1/products/p1", headers=KEY), 404)
    answer = await shop.api.put("/v1/products/p1", json=product("p1"), headers=KEY)

    assert (answer.status_code, answer.json()["result"]) == (200, "created")


async def test_a_key_belongs_to_one_tenant(shop: ShopClient, other_shop: ShopClient) -> None:
    theirs = await other_shop.api.put("/v1/products/p1", json=product("p1"), headers=KEY)
    ours = await shop.api.put("/v1/products/p1", json=product("p1", title="Ours"), headers=KEY)

    assert (theirs.json()["result"], ours.json()["result"]) == ("created", "created")
    assert (await shop.api.get("/v1/products/p1")).json()["title"] == "Ours"


async def test_b1_the_same_batch_from_eight_clients_at_once_is_stored_once(shop: ShopClient) -> None:
    batch = [order(f"A{n}", ["p1", "p2"], shopper_id=f"s{n % 50}") for n in range(300)]
    shuffled = [batch, batch[::-1], batch[100:] + batch[:100], batch[::2] + batch[1::2]] * 2
    answers = await asyncio.gather(*(shop.push("orders", rows) for rows in shuffled))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert sum(answer.json()["created"] for answer in answers) == 300
    assert sum(answer.json()["unchanged"] for answer in answers) == 300 * 7
    assert await count_orders(shop) == (300, 600, 50)


async def test_pushes_and_deletes_that_cross_end_without_an_error_of_ours(shop: ShopClient) -> None:
    """Deleting a shopper touches orders, storing an order touches its shopper: the locks are taken both ways round."""
    batch = [order(f"A{n}", ["p1"], shopper_id=f"s{n % 5}") for n in range(20)]
    changed = [row | {"status": "paid"} for row in batch]

    async def push(round_: int) -> list[httpx2.Response]:
        return [await shop.push("orders", changed if (round_ + n) % 2 else batch) for n in range(6)]

    async def describe(round_: int) -> list[httpx2.Response]:
        people = [{"id": f"s{n}", "name": f"{round_}"} for n in range(5)]
        return [await shop.push("shoppers", people[::-1] if n % 2 else people) for n in range(6)]

    async def forget(round_: int) -> list[httpx2.Response]:
        return [await shop.api.delete(f"/v1/shoppers/s{(round_ + n) % 5}") for n in range(12)]

    rounds = await asyncio.gather(*(act(n) for n in range(3) for act in (push, forget, describe)))
    assert {answer.status_code for answers in rounds for answer in answers} <= {200, 204, 404, 503}
    assert (await shop.push("orders", batch)).status_code == 200
    assert (await count_orders(shop))[:2] == (20, 20)
