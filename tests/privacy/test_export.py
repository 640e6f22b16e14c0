"""Export: everything about a shopper in one archive."""

import csv
import io
import json

import pytest

from tests.privacy.people import decide, export, open_two_tastes, store
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient, event, order

SHOPPER = {"id": "ann", "name": '=HYPERLINK("https://evil.example")', "email": "+ann@example.com", "phone": "+49 30 1"}


def rows(archive_text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive_text.decode())))


async def put_ann(shop: ShopClient) -> None:
    await shop.push("shoppers", [SHOPPER, {"id": "bob"}])
    await shop.push("orders", [order("o1", ["p1", "p2"], shopper_id="ann"), order("o2", ["p1"], shopper_id="bob")])
    await shop.push("events", [event("e1", shopper_id="ann", properties={"note": "-1+1"}), event("e2")])
    await shop.push("people", [{"id": "kid", "shopper_id": "ann", "relation": "child", "name": "@kid"}])
    await decide(shop, "ann", "contact", granted=True)
    await shop.api.put("/v1/contact-preferences/ann", json={"email": True, "sms": False})


async def test_b7_an_archive_holds_everything_about_the_shopper_and_nothing_else(shop: ShopClient) -> None:
    await put_ann(shop)

    archive = await export(shop, "ann")

    document: Document = json.loads(archive.read("shopper.json"))
    record = document["record"]
    assert [one["name"] for one in record["shoppers"]] == [SHOPPER["name"]]
    assert [one["order_id"] for one in record["orders"]] == ["o1"]
    assert sorted(one["product_id"] for one in record["order_lines"]) == ["p1", "p2"]
    assert [one["properties"] for one in record["events"]] == [{"note": "-1+1"}]
    assert [one["name"] for one in record["people"]] == ["@kid"]
    assert [(one["purpose"], one["granted"]) for one in record["consents"]] == [("contact", True)]
    assert {one["channel"]: one["allowed"] for one in record["contact_preferences"]} == {"email": True, "sms": False}
    assert {one["kind"] for one in record["shopper_identifiers"]} >= {"email"}
    assert "bob" not in archive.read("shopper.json").decode()
    assert {f"{table}.csv" for table in record} == {*archive.namelist()} - {"shopper.json"}


async def test_b7_no_cell_of_an_archive_is_a_formula(shop: ShopClient) -> None:
    await put_ann(shop)

    archive = await export(shop, "ann")

    shopper = rows(archive.read("shoppers.csv"))[0]
    assert shopper["name"] == "'" + SHOPPER["name"]
    assert shopper["email"] == "'+ann@example.com"
    assert rows(archive.read("people.csv"))[0]["name"] == "'@kid"
    cells = [cell for name in archive.namelist() if name.endswith(".csv")
             for row in csv.reader(io.StringIO(archive.read(name).decode())) for cell in row]  # fmt: skip
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


async def test_b7_an_archive_tells_what_was_learned(shop: ShopClient) -> None:
    await open_two_tastes(shop)

    learned = json.loads((await export(shop, "beer-1")).read("shopper.json"))["learned"]

    assert set(learned) == {"beer-1"}
    assert learned["beer-1"]["for_you"][0].startswith("beer-")
    assert learned["beer-1"]["vector"] != []


@pytest.mark.parametrize("field", ["shopper_id"])
async def test_b7_an_export_of_nobody_is_refused(shop: ShopClient, field: str) -> None:
    check_problem(await shop.api.post("/v1/exports", json={field: "nobody"}), 404)
    check_problem(await shop.api.get("/v1/exports/nonsense"), 404)


async def test_b7_an_archive_is_one_shop_s_own_and_is_not_there_before_it_is_made(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    await put_ann(shop)
    waiting = (await shop.api.post("/v1/exports", json={"shopper_id": "ann"})).json()

    assert waiting["status"] == "waiting"
    check_problem(await shop.api.get(f"/v1/exports/{waiting['export_id']}/archive"), 409)
    check_problem(await other_shop.api.get(f"/v1/exports/{waiting['export_id']}"), 404)
    check_problem(await other_shop.api.get(f"/v1/exports/{waiting['export_id']}/archive"), 404)
    assert await store(shop).list_keys(f"{shop.tenant_id}/exports") == []
