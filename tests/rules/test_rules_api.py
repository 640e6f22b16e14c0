"""/v1/rules through the front door: stored, listed, refused with a sentence, audited, and of one tenant."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from infra.change_feed import follow_changes
from recommender.serving.rules import compile_rules
from tenants.audit import list_audit
from tenants.expressions import LONGEST
from tenants.keys import open_key
from tenants.products import read_change_mark
from tenants.rules import list_rules
from tenants.shop_documents import shop_documents_changed_since
from tests.rules.shelf import NOW, Shelf, allowed
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

RED = 'product.attributes.colour == "red" && product.price_minor < 5000'
FULL: Document = {
    "id": "summer",
    "action": "boost",
    "products": ["p1", "p2"],
    "when": RED,
    "price_from_minor": 100,
    "price_until_minor": 5000,
    "placements": ["home-for-you"],
    "valid_from": "2026-06-01T00:00:00Z",
    "valid_until": "2026-09-01T00:00:00Z",
    "strength": 7,
    "enabled": True,
    "note": "What we have too much of.",
}


async def put(shop: ShopClient, **rule: Any) -> Any:
    rule = {"id": "r", "action": "hide", **rule}
    return await shop.api.put(f"/v1/rules/{rule['id']}", json=rule)


async def test_r5_a_rule_is_stored_read_listed_replaced_and_deleted(shop: ShopClient) -> None:
    assert (await shop.api.put("/v1/rules/summer", json=FULL)).json() == {"id": "summer", "result": "created"}
    assert (await shop.api.put("/v1/rules/summer", json=FULL)).json() == {"id": "summer", "result": "unchanged"}
    read = (await shop.api.get("/v1/rules/summer")).json()
    assert {name: read[name] for name in FULL} == FULL
    assert {*read} - {*FULL} == {"position", "created_at", "updated_at"}

    assert (await shop.api.put("/v1/rules/summer", json=FULL | {"strength": 2})).json()["result"] == "updated"
    batch = await shop.push("rules", [FULL | {"id": f"r{n}"} for n in range(3)])
    assert batch.json()["created"] == 3
    assert [one["id"] for one in (await shop.api.get("/v1/rules?limit=3")).json()["items"]] == ["r0", "r1", "r2"]

    assert (await shop.api.delete("/v1/rules/summer")).status_code == 204
    check_problem(await shop.api.get("/v1/rules/summer"), 404)
    check_problem(await shop.api.delete("/v1/rules/summer"), 404)
    assert (await shop.api.put("/v1/rules/summer", json=FULL)).status_code == 200


@pytest.mark.parametrize(("fields", "field", "said"), [
    ({"when": "product.brand =="}, "when", "at line 1, character 17"),
    ({"when": "product.brand ==\n"}, "when", "at line 2, character 1"),
    ({"when": "product.colour == 'red'"}, "when", "reads 'colour'"),
    ({"when": "product.brand < 3"}, "when", "does not go together"),
    ({"when": "product.price_minor"}, "when", "a number instead of true or false"),
    ({"when": 'product.title.matches("(a+)+$")'}, "when", "uses matches"),
    ({"when": "(" * 400 + "true" + ")" * 400}, "when", "line 1"),
    ({"when": "x" * (LONGEST + 1)}, "when", "1000"),
    ({"when": ""}, "when", "length"),
    ({"when": 7}, "when", "str"),
    ({}, "", "say to what it applies"),
    ({"products": ["a", "a"]}, "", "must each differ"),
    ({"products": ["a"], "action": "praise"}, "action", "praise"),
    ({"products": ["a"], "position": 1}, "", "a position belongs to a pin"),
    ({"products": ["a"], "strength": 1}, "", "a strength belongs to a boost or bury"),
    ({"products": ["a"], "action": "pin", "position": 0}, "position", "1"),
    ({"products": ["a"], "action": "boost", "strength": 11}, "strength", "10"),
    ({"when": "true", "action": "pin"}, "", "a pin names its products"),
    ({"price_from_minor": 2, "price_until_minor": 1}, "", "must not be above"),
    ({"products": ["a"], "valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}, "", "start"),
    ({"products": ["a"], "valid_from": "2026-02-01T00:00:00"}, "valid_from", "timezone"),
    ({"products": [str(n) for n in range(1001)]}, "products", "1000"),
    ({"products": ["a"], "priority": 1}, "", "priority"),
])  # fmt: skip
async def test_r5_a_rule_that_cannot_be_is_refused_with_a_sentence(
    shop: ShopClient, fields: Document, field: str, said: str
) -> None:
    problem = check_problem(await put(shop, **fields), 422)

    assert problem["errors"][0]["field"] == field
    assert said in problem["errors"][0]["reason"]
    assert (await shop.api.get("/v1/rules")).json()["items"] == []


async def test_r5_a_bad_rule_of_a_batch_is_named_and_the_others_are_stored(shop: ShopClient) -> None:
    good, bad = {"id": "a", "action": "hide", "when": "true"}, {"id": "b", "action": "hide", "when": "nonsense ("}
    answer = (await shop.push("rules", [good, bad])).json()

    assert (answer["created"], answer["rejected"]) == (1, 1)
    assert [error["field"] for row in answer["rows"] for error in row.get("errors", ())] == ["when"]


async def test_r5_a_shop_has_at_most_a_thousand_rules(shop: ShopClient) -> None:
    rules = [{"id": f"r{n}", "action": "hide", "products": ["p"]} for n in range(1001)]

    check_problem(await shop.push("rules", rules), 422)
    assert (await shop.push("rules", rules[:1000])).json()["created"] == 1000
    check_problem(await put(shop, id="r1000", products=["p"]), 422)
    assert (await put(shop, id="r999", products=["q"])).json()["result"] == "updated"
    await shop.api.delete("/v1/rules/r999")
    assert (await put(shop, id="r1000", products=["p"])).json()["result"] == "created"


async def test_r5_another_tenant_neither_reads_nor_deletes_nor_replaces_a_rule(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    await shop.api.put("/v1/rules/summer", json=FULL)

    check_problem(await other_shop.api.get("/v1/rules/summer"), 404)
    check_problem(await other_shop.api.delete("/v1/rules/summer"), 404)
    assert (await other_shop.api.get("/v1/rules")).json()["items"] == []
    assert (await other_shop.api.put("/v1/rules/summer", json=FULL | {"note": "mine"})).json()["result"] == "created"
    assert (await shop.api.get("/v1/rules/summer")).json()["note"] == FULL["note"]


@pytest.mark.parametrize("kind", ["rules", "placements"])
async def test_r5_each_write_needs_its_scope_and_leaves_one_audit_row(shop: ShopClient, kind: str) -> None:
    document = {"id": "x", "action": "hide", "products": ["p"]} if kind == "rules" else {"id": "x", "strategy": "new"}
    db = shop.service.db
    async with db.tenant(shop.keys.tenant_id) as conn:
        reader = await open_key(conn, "secret", scopes=[f"{kind}:read"])
    headers = {"Authorization": f"Bearer {reader.secret}"}
    assert (await shop.page.get(f"/v1/{kind}", headers=headers)).status_code == 200
    check_problem(await shop.page.put(f"/v1/{kind}/x", json=document, headers=headers), 403)
    check_problem(await shop.page.delete(f"/v1/{kind}/x", headers=headers), 403)

    await shop.api.put(f"/v1/{kind}/x", json=document)
    await shop.api.put(f"/v1/{kind}/x", json=document)
    await shop.api.delete(f"/v1/{kind}/x")

    async with db.tenant(shop.keys.tenant_id) as conn:
        rows = [row for row in await list_audit(conn) if row.subject == "x"]
    noun = kind.removesuffix("s")
    assert [row.action for row in rows] == [f"delete {noun}", f"store {noun}"]
    assert {row.actor for row in rows} == {f"key {shop.keys.secret.key_id}"}


async def test_r5_serving_can_ask_what_changed_since_a_mark_deletions_too(shop: ShopClient) -> None:
    mark = 0

    async def changed() -> bool:
        nonlocal mark
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            found, mark = await shop_documents_changed_since(conn, mark), await read_change_mark(conn)
        return found

    assert not await changed()
    for write in (
        shop.api.put("/v1/rules/summer", json=FULL),
        shop.api.delete("/v1/rules/summer"),
        shop.api.put("/v1/placements/x", json={"id": "x", "strategy": "new"}),
        shop.api.delete("/v1/placements/x"),
    ):
        assert (await write).status_code < 300
        assert await changed()


async def test_r5_every_process_hears_of_a_change(shop: ShopClient) -> None:
    heard: list[UUID | None] = []
    database_url = shop.service.settings.database_url
    assert database_url is not None
    async with follow_changes(database_url, heard.append):
        await until(lambda: _holds(heard, None))  # it listens
        for method, path, document in (
            ("PUT", "/v1/rules/summer", FULL),
            ("DELETE", "/v1/rules/summer", None),
            ("PUT", "/v1/placements/x", {"id": "x", "strategy": "new"}),
            ("DELETE", "/v1/placements/x", None),
        ):
            heard.clear()
            assert (await shop.api.request(method, path, json=document)).status_code < 300
            await until(lambda: _holds(heard, shop.keys.tenant_id))


async def _holds(heard: list[UUID | None], wanted: UUID | None) -> bool:
    return wanted in heard


async def test_r5_a_stored_rule_is_judged_as_it_was_sent(shop: ShopClient) -> None:
    await put(shop, when=RED)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        stored = await list_rules(conn)
    shelf = Shelf({"attributes": {"colour": "red"}}, {"attributes": {"colour": "blue"}})

    assert allowed(compile_rules(stored, shelf, NOW)) == ["p2"]
    assert msgspec.json.decode(msgspec.json.encode(stored[0]))["when"] == RED
