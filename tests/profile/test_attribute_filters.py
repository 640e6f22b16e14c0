"""An attribute can be filtered at once: by its type, as hand-written SQL would, and injection-proof (B5)."""

import random
from typing import Any

import pytest

from infra.errors import Invalid
from tenants.attribute_filters import filter_attribute
from tenants.attributes import AttributeDefinition, get_definition
from tenants.fields import Scalar
from tests.profile.merchant import define, tell
from tests.support.shop import Document, ShopClient

HOSTILE = [
    "x' or true --",
    'x" or true --',
    "$1",
    "'; delete from shoppers; --",
    "x'::text) is not null or (1=1",
    "\\' or 1=1 --",
    "{value}",
    "%s",
    "a') or ('1'='1",
    "x->>'y'",
    "🙂'",
]
CASES: list[tuple[str, str, Any, str]] = [
    ("birthday", "<", "1990-01-01", "attributes->>'birthday' < '1990-01-01'"),
    ("birthday", ">=", "1990-02-28", "(attributes->>'birthday')::date >= date '1990-02-28'"),
    ("birthday", "=", "1990-02-28", "(attributes->>'birthday')::date = date '1990-02-28'"),
    ("birthday", "known", None, "attributes ? 'birthday'"),
    ("spent", ">", 50.5, "(attributes->>'spent')::numeric > 50.5"),
    ("spent", "<=", 9, "(attributes->>'spent')::numeric <= 9"),
    ("spent", "=", 7, "(attributes->>'spent')::numeric = 7"),
    ("family_size", ">=", 3, "(attributes->>'family_size')::integer >= 3"),
    ("family_size", "in", [1, 4], "(attributes->>'family_size')::integer in (1, 4)"),
    ("plan", "=", "gold", "attributes->>'plan' = 'gold'"),
    ("plan", "in", ["gold", "basic"], "attributes->>'plan' in ('gold', 'basic')"),
    ("plan", "in", [], "false"),
    ("newsletter", "=", True, "(attributes->>'newsletter')::boolean"),
    ("area", "within", "NL/Utrecht", "attributes->>'area' = 'NL/Utrecht' or attributes->>'area' like 'NL/Utrecht/%'"),
    ("area", "=", "NL", "attributes->>'area' = 'NL'"),
    ("nickname", "=", "Ada", "attributes->>'nickname' = 'Ada'"),
]  # fmt: skip


def shopper(number: int, chance: random.Random) -> Document:
    """Each attribute is missing in one of five."""
    drawn = {
        "birthday": f"{chance.randint(1980, 1999)}-{chance.randint(1, 12):02}-28",
        "spent": chance.choice([chance.randint(0, 20), chance.uniform(0, 100), 50.5, 7.0]),
        "family_size": chance.randint(1, 12),
        "plan": chance.choice(["basic", "silver", "gold"]),
        "newsletter": chance.random() < 0.5,
        "area": chance.choice(["NL", "NL/Utrecht", "NL/Utrecht/3511", "NL/Utrecht2", "BE/Gent"]),
        "nickname": chance.choice(["Ada", "ada", "Bob", *HOSTILE]),
    }
    return {"id": f"s{number}", "attributes": {name: one for name, one in drawn.items() if chance.random() < 0.8}}


async def define_all(shop: ShopClient) -> None:
    for name, kind in (
        ("birthday", "date"),
        ("spent", "number"),
        ("family_size", "integer"),
        ("newsletter", "boolean"),
    ):
        await define(shop, name, kind)
    await define(shop, "plan", "choice", choices=["basic", "silver", "gold"])
    await define(shop, "area", "place")
    await define(shop, "nickname", "text")


async def ids(shop: ShopClient, sql: str, *values: object) -> set[str]:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return {
            row["external_id"] for row in await conn.fetch(f"select external_id from shoppers where {sql}", *values)
        }


async def found(shop: ShopClient, name: str, operator: str, value: Any) -> tuple[set[str], set[str]]:
    """Who is found by the filter, and who by its negation."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        condition = filter_attribute(await get_definition(conn, name), operator, value)
    return (
        await ids(shop, condition.sql, *condition.values),
        await ids(shop, f"not ({condition.sql})", *condition.values),
    )


async def test_b5_filters_find_the_shoppers_that_hand_written_sql_finds(shop: ShopClient) -> None:
    await define_all(shop)
    chance = random.Random(5)
    answer = await shop.push("shoppers", [shopper(number, chance) for number in range(1000)])
    assert answer.json()["created"] == 1000
    everyone = await ids(shop, "true")

    for name, operator, value, by_hand in CASES:
        inside, outside = await found(shop, name, operator, value)
        assert inside == await ids(shop, by_hand), (name, operator, value)
        assert inside | outside == everyone
        assert not inside & outside
        assert inside or value == []


async def test_b5_a_value_of_another_type_than_the_definitions_is_never_found_and_never_fails(shop: ShopClient) -> None:
    wrong: list[Scalar] = ["x", "1990-02-31", "9", 9, 1.5, True, None, "", "1990-01-01T00:00:00Z"]
    for number, value in enumerate(wrong):
        await tell(shop, f"s{number}", birthday=value, spent=value, newsletter=value)
    for name, kind in (("birthday", "date"), ("spent", "number"), ("newsletter", "boolean")):
        await define(shop, name, kind)

    assert (await found(shop, "spent", ">=", 0))[0] == {"s3", "s4"}
    assert (await found(shop, "newsletter", "=", True))[0] == {"s5"}
    # s1 has a day that the calendar lacks: a text in order, and no error.
    for operator, value in ((">", "1900-01-01"), ("known", None)):
        assert (await found(shop, "birthday", operator, value))[0] == {"s1"}


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_b5_hostile_names_and_values_are_only_names_and_values(shop: ShopClient, hostile: str) -> None:
    await shop.push(
        "shoppers", [{"id": "s1", "attributes": {hostile: hostile}}, {"id": "s2", "attributes": {"x": "y"}}]
    )
    text, plain = AttributeDefinition(id=hostile, type="text"), AttributeDefinition(id="x", type="text")

    for operator, value in (("=", hostile), ("in", [hostile]), ("known", None)):
        condition = filter_attribute(text, operator, value)
        assert condition.sql == filter_attribute(plain, operator, value).sql
        assert await ids(shop, condition.sql, *condition.values) == {"s1"}
    assert await ids(shop, "true") == {"s1", "s2"}


@pytest.mark.parametrize(
    ("kind", "operator", "value", "field"),
    [
        ("text", "<", "x", "operator"),
        ("text", "= $1 or true --", "x", "operator"),
        ("boolean", "in", [True], "operator"),
        ("number", "<", "5", "value"),
        ("number", "<", None, "value"),
        ("number", "<", [5], "value"),
        ("date", ">", "soon", "value"),
        ("choice", "in", ["red", "green"], "value"),
        ("choice", "in", "red", "value"),
        ("place", "within", "Utrecht", "value"),
        ("text", "known", "x", "value"),
    ],
)
def test_b5_a_comparison_that_the_type_does_not_allow_is_refused(
    kind: Any, operator: str, value: Any, field: str
) -> None:
    definition = AttributeDefinition(id="thing", type=kind, choices=("red", "blue") if kind == "choice" else ())

    with pytest.raises(Invalid) as refusal:
        filter_attribute(definition, operator, value)
    assert [error.field for error in refusal.value.errors] == [field]


async def test_b5_placeholders_start_where_the_caller_says(shop: ShopClient) -> None:
    await tell(shop, "s1", size=42, colour="red")
    await tell(shop, "s2", size=42, colour="blue")
    size = filter_attribute(AttributeDefinition(id="size", type="integer"), ">", 40)
    colour = filter_attribute(AttributeDefinition(id="colour", type="text"), "=", "red", first=len(size.values) + 1)

    assert await ids(shop, f"{size.sql} and {colour.sql}", *size.values, *colour.values) == {"s1"}
