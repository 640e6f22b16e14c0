"""Orders through the server API (B1)."""

from tests.support.shop import ShopClient, order


async def test_b1_second_push_of_an_order_changes_nothing(shop: ShopClient) -> None:
    first = (await shop.push("orders", [order("A1", ["p1"])])).json()
    again = (await shop.push("orders", [order("A1", ["p1"]), order("A2", ["p1", "p2"])])).json()

    assert (first["created"], first["unchanged"]) == (1, 0)
    assert (again["created"], again["updated"], again["unchanged"]) == (1, 0, 1)


async def test_b1_changed_order_replaces_its_lines(shop: ShopClient) -> None:
    await shop.push("orders", [order("A1", ["p1", "p2"])])
    answer = await shop.push("orders", [order("A1", ["p2", "p3"], status="paid")])

    assert answer.json()["updated"] == 1
    stored = (await shop.api.get("/v1/orders/A1")).json()
    assert [line["product_id"] for line in stored["lines"]] == ["p2", "p3"]
    assert stored["status"] == "paid"


async def test_b1_three_bad_rows_of_a_thousand_are_named_and_the_others_stored(shop: ShopClient) -> None:
    orders = [order(f"A{number:04}", ["p1"]) for number in range(1, 1001)]
    orders[9]["lines"][0]["quantity"] = 0
    orders[499]["currency"] = "euro"
    orders[999]["ordered_at"] = "yesterday"

    answer = (await shop.push("orders", orders)).json()

    assert (answer["received"], answer["created"], answer["rejected"]) == (1000, 997, 3)
    bad = {row["line"]: row["errors"][0]["field"] for row in answer["rows"] if row["result"] == "rejected"}
    assert bad == {10: "lines[0].quantity", 500: "currency", 1000: "ordered_at"}
    assert all(row["errors"][0]["reason"] for row in answer["rows"] if row["result"] == "rejected")
