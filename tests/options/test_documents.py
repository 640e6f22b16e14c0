"""/v1/option-documents through the front door: drafts, immutable versions, retirement, refusals, one tenant's own."""

from typing import Any
from uuid import UUID

import asyncpg
import jsonschema_rs
import pytest

from infra.change_feed import follow_changes
from tenants.audit import list_audit
from tenants.keys import open_key
from tenants.option_documents import find_published, get_version, list_published, options_changed_since
from tenants.products import read_change_mark
from tests.options.shoes import NOW, SHOE, choice, document, fixed, percent, publish_at, rule, said
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

PATH = "/v1/option-documents"


async def put(shop: ShopClient, body: Document) -> Any:
    return await shop.api.put(f"{PATH}/{body['id']}", json=body)


async def act(shop: ShopClient, what: str, name: str = "shoe", **headers: str) -> Any:
    return await shop.api.post(f"{PATH}:{what}", json={"id": name}, headers=headers)


async def test_c3_a_document_goes_from_draft_to_published_to_retired(shop: ShopClient) -> None:
    await shop.stock("p1")
    assert (await put(shop, SHOE)).json() == {"id": "shoe", "result": "created"}
    assert (await put(shop, SHOE)).json() == {"id": "shoe", "result": "unchanged"}
    draft = (await shop.api.get(f"{PATH}/shoe")).json()
    assert (draft["status"], draft["version"], draft["changed"]) == ("draft", None, True)
    check_problem(await act(shop, "retire"), 404)

    assert (await act(shop, "publish")).json() == {"id": "shoe", "version": 1, "result": "published"}
    assert (await act(shop, "publish")).json() == {"id": "shoe", "version": 1, "result": "unchanged"}
    stored = (await shop.api.get(f"{PATH}/shoe")).json()
    assert (stored["status"], stored["version"], stored["changed"]) == ("published", 1, False)

    assert (await act(shop, "retire")).json() == {"id": "shoe", "version": 1, "result": "retired"}
    assert (await act(shop, "retire")).json() == {"id": "shoe", "version": 1, "result": "unchanged"}
    assert (await shop.api.get(f"{PATH}/shoe")).json()["status"] == "retired"
    assert (await act(shop, "publish")).json() == {"id": "shoe", "version": 2, "result": "published"}


async def test_c3_a_version_stays_as_it_was_published(shop: ShopClient) -> None:
    await shop.stock("p1")
    await publish_at(shop, SHOE)
    before = (await shop.api.get("/v1/option-versions/shoe?version=1")).json()

    await publish_at(shop, SHOE | {"base_lead_days": 30})
    after = (await shop.api.get("/v1/option-versions/shoe?version=1")).json()
    newest = (await shop.api.get("/v1/option-versions/shoe")).json()

    assert after["document"] == before["document"]
    assert (before["retired_at"], newest["version"]) == (None, 2)
    assert after["retired_at"] is not None
    assert newest["document"]["base_lead_days"] == 30
    await shop.api.delete(f"{PATH}/shoe")
    check_problem(await shop.api.get(f"{PATH}/shoe"), 404)
    assert (await shop.api.get("/v1/option-versions/shoe?version=1")).json() == after
    with pytest.raises(asyncpg.RaiseError, match="stays as it is"):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute("update option_versions set document = '{}' where version = 1")


async def test_c3_a_published_document_is_found_by_its_products_until_it_is_retired(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await publish_at(shop, SHOE)

    async def found(product: str) -> int | None:
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            one = await find_published(conn, product, now=NOW)
        return None if one is None else one.version

    assert (await found("p1"), await found("p2")) == (1, None)
    await publish_at(shop, SHOE | {"products": ["p2"]})
    assert (await found("p1"), await found("p2")) == (None, 2)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert [(one.document_id, one.version) for one in await list_published(conn)] == [("shoe", 2)]
        first = await get_version(conn, "shoe", 1)
    assert (first.tenant_id, first.document.products) == (shop.keys.tenant_id, ("p1",))
    await act(shop, "retire")
    assert await found("p2") is None


async def test_c3_a_document_outside_its_dates_is_not_found(shop: ShopClient) -> None:
    await shop.stock("p1")
    await publish_at(shop, SHOE | {"valid_from": "2099-01-01T00:00:00Z"})

    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert await find_published(conn, "p1", now=NOW) is None
        assert len(await list_published(conn)) == 1


async def test_c3_a_product_has_one_published_document_at_the_most(shop: ShopClient) -> None:
    await shop.stock("p1", "p2")
    await publish_at(shop, SHOE)
    await put(shop, SHOE | {"id": "boot", "products": ["p2", "p1"]})

    problem = check_problem(await act(shop, "publish", "boot"), 422)

    assert problem["errors"] == [{"field": "products[1]", "reason": "'p1' has the published document 'shoe'"}]
    await act(shop, "retire")
    assert (await act(shop, "publish", "boot")).json()["result"] == "published"


async def test_c3_amounts_are_in_the_products_currency_or_are_refused(shop: ShopClient) -> None:
    await shop.stock("p1", currency="JPY")
    await put(shop, document([choice("a", {"id": "x", "price": fixed(5)})]))
    problem = check_problem(await act(shop, "publish"), 422)
    assert problem["errors"][0]["reason"] == "'p1' is priced in JPY, the amounts are in EUR"

    await put(shop, document([choice("a", {"id": "x", "price": percent(5)})]))
    assert (await act(shop, "publish")).status_code == 200
    await publish_at(shop, document([choice("a", {"id": "x", "price": fixed(5)})], currency="JPY"))


async def test_c3_a_product_that_does_not_exist_is_named(shop: ShopClient) -> None:
    await put(shop, SHOE)

    problem = check_problem(await act(shop, "publish"), 422)

    assert problem["errors"] == [{"field": "products[0]", "reason": "there is no product 'p1'"}]
    assert (await shop.api.get(f"{PATH}/shoe")).json()["status"] == "draft"


async def test_c3_what_cannot_be_published_is_refused_with_every_reason_and_nothing_is_published(
    shop: ShopClient,
) -> None:
    await shop.stock("p1")
    rules = [rule("r", "show", said("a", set=True), said("b"))]
    bad = document([choice("a", "x", "x"), choice("a", "y", default="z")], rules)
    await put(shop, bad)

    problem = check_problem(await act(shop, "publish"), 422)

    assert [error["field"] for error in problem["errors"]] == [
        "options", "options[0].values", "options[1].default", "rules[0].then.option",
    ]  # fmt: skip
    assert problem["type"].endswith("not_publishable")
    check_problem(await shop.api.get("/v1/option-versions/shoe"), 404)


@pytest.mark.parametrize(("fields", "field"), [
    ({"options": []}, "options"),
    ({"products": []}, "products"),
    ({"options": [{"kind": "colour", "id": "a"}]}, "options[0].kind"),
    ({"options": [choice("a")]}, "options[0].values"),
    ({"options": [choice("a b", "x")]}, "options[0].id"),
    ({"options": [choice("a", {"id": "x", "price": {"kind": "fixed", "amount_minor": 1.5}})]},
     "options[0].values[0].price.amount_minor"),
    ({"options": [choice("a", "x", pattern="(a+)+$")]}, "options[0]"),
    ({"regions": ["Utopia"]}, "regions[0]"),
    ({"valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}, ""),
    ({"rules": [rule("r", "forbid", said("a"), said("b"))]}, "rules[0].kind"),
    ({"rules": [rule("r", "show", {"option": "a"}, said("b"))]}, "rules[0].when"),
    ({"currency": "eur"}, "currency"),
    ({"price_minor": 1}, ""),
])  # fmt: skip
async def test_c3_a_malformed_draft_is_refused_with_its_place(shop: ShopClient, fields: Document, field: str) -> None:
    problem = check_problem(await put(shop, SHOE | fields), 422)

    assert problem["errors"][0]["field"] == field
    assert (await shop.api.get(PATH)).json()["items"] == []


async def test_c3_the_json_schema_takes_what_we_take_and_refuses_what_we_refuse(shop: ShopClient) -> None:
    schema = (await shop.api.get(f"{PATH}:schema")).json()
    assert jsonschema_rs.meta.is_valid(schema)
    checker = jsonschema_rs.validator_for(schema)

    assert checker.is_valid(SHOE)
    wrong: list[Document] = [{"options": []}, {"regions": ["Utopia"]}, {"price_minor": 1}]
    for bad in (*wrong, {"options": [choice("a b", "x")]}):
        assert not checker.is_valid(SHOE | bad), bad


async def test_c3_every_publication_and_retirement_is_audited_once(shop: ShopClient) -> None:
    await shop.stock("p1")
    await publish_at(shop, SHOE)
    await act(shop, "publish")
    await act(shop, "retire")
    await act(shop, "retire")
    await shop.api.delete(f"{PATH}/shoe")

    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = [row for row in await list_audit(conn) if row.subject == "shoe"]
    assert [row.action for row in reversed(rows)] == [
        "store option-document", "publish option document, version 1", "retire option document",
        "delete option-document",
    ]  # fmt: skip
    assert {row.actor for row in rows} == {f"key {shop.keys.secret.key_id}"}


async def test_c3_publishing_needs_its_scope_and_a_key_makes_it_once(shop: ShopClient) -> None:
    await shop.stock("p1")
    await put(shop, SHOE)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        reader = await open_key(conn, "secret", scopes=["options:read"])
    headers = {"Authorization": f"Bearer {reader.secret}"}
    for what in ("publish", "retire"):
        check_problem(await shop.page.post(f"{PATH}:{what}", json={"id": "shoe"}, headers=headers), 403)
    assert (await shop.page.get(f"{PATH}/shoe", headers=headers)).status_code == 200

    first = await act(shop, "publish", **{"Idempotency-Key": "once"})
    assert (await act(shop, "publish", **{"Idempotency-Key": "once"})).content == first.content
    check_problem(await act(shop, "publish", "boot", **{"Idempotency-Key": "once"}), 422)


async def test_c3_another_tenant_neither_reads_nor_publishes_nor_finds_a_document(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    for one in (shop, other_shop):
        await one.stock("p1")
    await publish_at(shop, SHOE)

    for path in (f"{PATH}/shoe", "/v1/option-versions/shoe", "/v1/option-versions/shoe?version=1"):
        check_problem(await other_shop.api.get(path), 404)
    check_problem(await act(other_shop, "publish"), 404)
    check_problem(await act(other_shop, "retire"), 404)
    check_problem(await other_shop.api.delete(f"{PATH}/shoe"), 404)
    async with shop.service.db.tenant(other_shop.keys.tenant_id) as conn:
        assert await find_published(conn, "p1", now=NOW) is None
        assert await list_published(conn) == []
    assert (await publish_at(other_shop, SHOE))["version"] == 1
    assert (await shop.api.get(f"{PATH}/shoe")).json()["status"] == "published"


async def test_c3_serving_hears_of_publications_and_retirements_and_not_of_drafts(shop: ShopClient) -> None:
    await shop.stock("p1")
    heard: list[UUID | None] = []
    database_url = shop.service.settings.database_url
    assert database_url is not None

    async def marked() -> tuple[int, bool]:
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            return await read_change_mark(conn), await options_changed_since(conn, mark)

    async def told(tenant: UUID | None) -> bool:
        return tenant in heard

    mark = 0
    async with follow_changes(database_url, heard.append):
        await until(lambda: told(None))
        for what, changes in (("draft", False), ("publish", True), ("retire", True)):
            mark, _ = await marked()
            heard.clear()
            answer = await (put(shop, SHOE) if what == "draft" else act(shop, what))
            assert answer.status_code == 200
            assert (await marked())[1] is changes, what
            if changes:
                await until(lambda: told(shop.keys.tenant_id))


async def test_c3_a_version_that_never_was_is_not_found_and_a_wrong_number_is_refused(shop: ShopClient) -> None:
    await shop.stock("p1")
    await publish_at(shop, SHOE)

    for number in ("2", "2147483647"):
        check_problem(await shop.api.get(f"/v1/option-versions/shoe?version={number}"), 404)
    for number in ("0", "-1", "1.0", "x", "9999999999", "٣"):
        check_problem(await shop.api.get(f"/v1/option-versions/shoe?version={number}"), 400)
