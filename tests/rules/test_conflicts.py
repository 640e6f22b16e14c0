"""The conflict report: names the rules, the place, how many products, and says what will happen."""

from typing import Any

from tests.support.shop import Document, ShopClient

MAY, JUNE, JULY = "2126-05-01T00:00:00Z", "2126-06-01T00:00:00Z", "2126-07-01T00:00:00Z"


async def conflicts(shop: ShopClient, *rules: Document) -> list[Document]:
    stored = await shop.push("rules", rules)
    assert stored.json()["rejected"] == 0, stored.text
    answer = await shop.api.get("/v1/rules:conflicts")
    assert answer.status_code == 200, answer.text
    found: list[Document] = answer.json()["items"]
    for one in found:
        assert one["what_happens"].endswith(".")
        assert len(one["examples"]) <= min(5, one["products"])
    return found


async def the_one(shop: ShopClient, *rules: Document) -> Document:
    (found,) = await conflicts(shop, *rules)
    return found


def rule(name: str, action: str, *products: str, **fields: Any) -> Document:
    return {"id": name, "action": action, "products": products, **fields}


async def test_r5_rules_in_harmony_have_no_conflict(shop: ShopClient) -> None:
    await shop.stock("a", "b", "c")

    assert await conflicts(shop) == []
    assert await conflicts(
        shop,
        rule("1", "pin", "a", position=1),
        rule("2", "pin", "b", position=2),
        rule("3", "hide", "c"),
        rule("4", "boost", "a"),
        rule("5", "bury", "b"),
    ) == []  # fmt: skip


async def test_r5_pinned_and_hidden_at_once(shop: ShopClient) -> None:
    await shop.stock("a", "b", "c", brand="Acme")
    await shop.stock("d", brand="Bolt")
    found = await the_one(
        shop,
        rule("pin", "pin", "a", "b", placements=["home-for-you", "home-popular"], valid_until=JUNE),
        rule("hide", "hide", when='product.brand == "Acme" && product.id != "b"', placements=["home-for-you"]),
        rule("later", "hide", "b", valid_from=JUNE),
    )

    assert (found["kind"], found["rules"], found["placements"]) == (
        "pinned_and_hidden",
        ["pin", "hide"],
        ["home-for-you"],
    )
    assert (found["products"], found["examples"]) == (1, ["a"])
    assert (found["valid_from"], found["valid_until"]) == (None, JUNE)
    assert "Hiding wins" in found["what_happens"]


async def test_r5_a_pin_that_a_rule_or_a_filter_leaves_out(shop: ShopClient) -> None:
    await shop.stock("a", "b")
    await shop.api.put(
        "/v1/placements/home-popular", json={"id": "home-popular", "strategy": "new", "filter": 'product.id != "b"'}
    )
    found = await conflicts(
        shop,
        rule("only", "only", "b", placements=["cart-for-you"]),
        rule("pin-a", "pin", "a", placements=["cart-for-you"]),
        rule("pin-b", "pin", "b", placements=["home-popular"]),
    )

    assert [(one["kind"], one["rules"], one["placements"], one["examples"]) for one in found] == [
        ("pinned_and_left_out", ["pin-a", "only"], ["cart-for-you"], ["a"]),
        ("pinned_and_left_out", ["pin-b"], ["home-popular"], ["b"]),
    ]
    assert "the placement's filter" in found[1]["what_happens"]


async def test_r5_a_pin_of_what_cannot_be_shown(shop: ShopClient) -> None:
    await shop.stock("sells")
    await shop.stock("sold-out", stock_quantity=0)
    await shop.stock("hidden", status="hidden")
    await shop.stock("gone", available_until="2026-01-01T00:00:00Z")
    pinned = ("sells", "sold-out", "hidden", "gone", "never-heard-of")
    found = await the_one(shop, rule("pin", "pin", *pinned))

    assert (found["kind"], found["products"]) == ("pin_unavailable", 4)
    assert found["examples"] == [*pinned[1:]]


async def test_r5_two_pins_on_one_position(shop: ShopClient) -> None:
    await shop.stock("a", "b", "c")
    found = await the_one(
        shop,
        rule("1", "pin", "a", "b", position=3, valid_from=MAY, valid_until=JULY),
        rule("2", "pin", "c", position=4, valid_from=JUNE),
    )

    assert (found["kind"], found["rules"], found["examples"]) == ("pins_at_one_position", ["1", "2"], ["c"])
    assert (found["valid_from"], found["valid_until"]) == (JUNE, JULY)
    assert "Position 4 goes to the rule '1'" in found["what_happens"]


async def test_r5_boost_and_bury_of_the_same_products_and_boosts_that_overlap(shop: ShopClient) -> None:
    await shop.stock("a", "b", "c", price_minor=500)
    found = await conflicts(
        shop,
        rule("up", "boost", "a", "b", valid_until=JUNE),
        rule("up-too", "boost", "b", valid_from=MAY, valid_until=JULY),
        rule("down", "bury", price_until_minor=500, valid_until=MAY),
    )

    assert [(one["kind"], one["rules"], one["products"]) for one in found] == [
        ("boosted_and_buried", ["up", "down"], 2),
        ("applied_twice", ["up", "up-too"], 1),
    ]
    assert (found[1]["valid_from"], found[1]["valid_until"]) == (MAY, JUNE)


async def test_r5_only_rules_that_leave_nothing(shop: ShopClient) -> None:
    await shop.stock("a", "b")
    found = await the_one(
        shop,
        rule("1", "only", "a"),
        rule("2", "only", "b", placements=["home-for-you"], valid_from=MAY),
        rule("3", "only", "a", "b"),
    )

    assert (found["kind"], found["rules"], found["placements"]) == ("nothing_left", ["1", "2", "3"], ["home-for-you"])
    assert (found["valid_from"], found["products"]) == (MAY, 0)


async def test_r5_rules_that_match_nothing_and_placements_that_do_not_exist(shop: ShopClient) -> None:
    await shop.stock("a")
    found = await conflicts(
        shop,
        rule("1", "hide", "nothing"),
        rule("2", "boost", when='product.brand == "Nobody"'),
        rule("3", "boost", "a", placements=["hoem-for-you"]),
        rule("4", "boost", "nothing", enabled=False),
        rule("5", "boost", "nothing", valid_until="2026-01-01T00:00:00Z"),
    )

    assert [(one["kind"], one["rules"]) for one in found] == [
        ("matches_nothing", ["1"]), ("matches_nothing", ["2"]), ("unknown_placement", ["3"]),
    ]  # fmt: skip
    assert "'hoem-for-you'" in found[2]["what_happens"]


async def test_r5_what_a_hard_rule_could_not_decide_is_counted(shop: ShopClient) -> None:
    await shop.stock("a", attributes={"age": 3})
    await shop.stock("b", "c")
    await shop.stock("d", attributes={"age": "old"})
    found = await the_one(shop, rule("adults", "hide", when="product.attributes.age > 18"))

    assert (found["kind"], found["products"], found["examples"]) == ("undecided", 3, ["b", "c", "d"])
    assert "they are hidden, to be safe" in found["what_happens"]


async def test_r5_the_report_goes_over_pages_of_the_catalogue(shop: ShopClient) -> None:
    await shop.stock(*(f"{number:05}" for number in range(5003)), price_minor=100)
    found = await the_one(
        shop, rule("up", "boost", price_from_minor=100), rule("down", "bury", when="product.price_minor == 100")
    )

    assert (found["kind"], found["products"]) == ("boosted_and_buried", 5003)


async def test_r5_the_report_of_one_tenant_knows_nothing_of_another(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.stock("a")
    await other_shop.stock("b")
    mine = await the_one(shop, rule("mine", "hide", "b"))

    assert mine["rules"] == ["mine"]
    assert await conflicts(other_shop) == []
