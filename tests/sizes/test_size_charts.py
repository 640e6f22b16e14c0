"""/v1/size-charts through the front door: stored whole, imported from a spreadsheet, found for a product."""

from typing import Any

import pytest

from tests.sizes.charts import CSV, advise, foot, mondopoint, put_chart, shirts
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient


async def send(shop: ShopClient, text: str | bytes, **headers: str) -> Any:
    return await shop.api.post(
        "/v1/size-charts:import", content=text, headers={"Content-Type": "text/csv; charset=utf-8", **headers}
    )


async def ids(shop: ShopClient) -> list[str]:
    return [one["id"] for one in (await shop.api.get("/v1/size-charts")).json()["items"]]


async def test_c6_a_chart_is_stored_read_changed_and_deleted(shop: ShopClient) -> None:
    document = mondopoint(products=["boots"])
    results = [
        (await shop.api.put("/v1/size-charts/shoes", json=one)).json()["result"]
        for one in (document, document, document | {"title": "Lasts"})
    ]
    assert results == ["created", "unchanged", "updated"]
    stored = (await shop.api.get("/v1/size-charts/shoes")).json()
    assert {name: stored[name] for name in document} == document | {"rows": stored["rows"]}
    assert stored["rows"] == document["rows"]
    assert await ids(shop) == ["shoes"]

    assert (await shop.api.delete("/v1/size-charts/shoes")).status_code == 204
    check_problem(await shop.api.get("/v1/size-charts/shoes"), 404)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rows": []}, "rows"),
        ({"unit": "yard"}, "unit"),
        ({"unit": None}, "unit"),
        ({"kind": "nose"}, "kind"),
        ({"system": "mars"}, "system"),
        ({"rows": [{"size": "M", "ranges": [{"key": "Chest", "min": 1, "max": 2}]}]}, "rows[0].ranges[0].key"),
        ({"rows": [{"size": "M", "ranges": [{"key": "chest", "min": -1, "max": 2}]}]}, "rows[0].ranges[0].min"),
        ({"rows": [{"size": "M", "ranges": [{"key": "chest", "min": 3, "max": 2}]}]}, "rows[0].ranges[0]"),
        ({"rows": [{"size": "M", "ranges": [{"key": "chest"}]}]}, "rows[0].ranges[0]"),
        ({"rows": [{"size": "M", "ranges": [{"key": "chest", "min": 1}]}] * 2}, ""),
        ({"rows": [{"size": "M", "ranges": [{"key": "a", "min": 1}, {"key": "a", "max": 1}]}]}, ""),
        ({"rows": [{"size": "M", "ranges": [{"key": "a", "min": 1}]},
                   {"size": "L", "ranges": [{"key": "b", "min": 1}]}]}, ""),
    ],
)  # fmt: skip
async def test_c6_a_chart_that_cannot_be_is_refused_with_the_field(
    shop: ShopClient, fields: Document, field: str
) -> None:
    problem = check_problem(await shop.api.put("/v1/size-charts/x", json=shirts("x") | fields), 422)
    assert problem["errors"][0]["field"] == field
    assert await ids(shop) == []


async def test_c6_charts_are_imported_from_a_spreadsheet(shop: ShopClient) -> None:
    await shop.stock("boots")
    first, again = (await send(shop, CSV)).json(), (await send(shop, CSV)).json()
    assert first == {
        "sizes": 4, "charts": [{"id": "cloth", "result": "created"}, {"id": "felt", "result": "created"}],
    }  # fmt: skip
    assert [one["result"] for one in again["charts"]] == ["unchanged", "unchanged"]
    cloth, felt = [(await shop.api.get(f"/v1/size-charts/{name}")).json() for name in ("cloth", "felt")]
    assert (cloth["products"], cloth["system"], cloth["unit"]) == (["boots", "slippers"], "eu", "mm")
    assert [row["size"] for row in cloth["rows"]] == ["40", "41"]
    assert felt["rows"][0]["ranges"] == [{"key": "foot_length", "min": 24.8, "max": None}]
    assert (await advise(shop, "boots", foot(254.4)))["size"] == "40"
    assert (await advise(shop, "boots", foot(254.5)))["size"] == "41"


async def test_c6_a_spreadsheet_with_semicolons_commas_and_a_mark_is_read(shop: ShopClient) -> None:
    text = "\ufeffchart;size;chest_girth_min;chest_girth_max;unit\r\ns;M;94,5;102;cm\r\n"
    assert (await send(shop, text)).json()["sizes"] == 1
    assert (await shop.api.get("/v1/size-charts/s")).json()["rows"][0]["ranges"][0]["min"] == 94.5


HEAD = "chart,size,k_min,k_max,unit\n"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", ""),
        (HEAD, ""),
        ("chart,size\na,b\n", "line 1"),
        ("chart,size,k_min,colour\na,M,1,red\n", "line 1: colour"),
        ("size,k_min\nM,1\n", "line 1: chart"),
        (HEAD + "a,M,1,2,mm\na,L,two,3,mm\n", "line 3: k_min"),
        (HEAD + "a,M,1,2,mm\n,L,2,3,mm\n", "line 3: chart"),
        (HEAD + "a,M,1,2,mm\na,L,5,3,mm\n", "line 3: ranges[0]"),
        (HEAD + "a,M,1,2,mm\na,L,,,mm\n", "line 3: ranges"),
        (HEAD + "a,M,1,2,mm\na,,2,3,mm\n", "line 3: size"),
        (HEAD + "a,M,1,2,mm\na,L,2,3,cm\n", "line 3: unit"),
        (HEAD + "a,M,1,2,yard\n", "line 2: unit"),
        (HEAD + "a,M,1,2,\n", "line 2"),
        (HEAD + "a,M,1,2,mm\na,M,2,3,mm\n", "line 2"),
        (HEAD + "a,M,1,nan,mm\n", "line 2: k_max"),
        (HEAD + "a,M,1\n", "line 2"),
        (HEAD + 'a,"M,1,2,mm\n', "line 2"),
        (HEAD.encode() + b"a,\xff,1,2,mm\n", "line 2"),
        ("chart,size,K_min\na,M,1\n", "line 2: ranges[0].key"),
    ],
)
async def test_c6_a_spreadsheet_with_one_bad_line_is_refused_whole(
    shop: ShopClient, text: str | bytes, field: str
) -> None:
    problem = check_problem(await send(shop, text), 422)
    assert problem["errors"][0]["field"] == field if field else not problem["errors"]
    assert await ids(shop) == []


async def test_c6_another_body_than_a_spreadsheet_is_refused(shop: ShopClient) -> None:
    check_problem(await shop.api.post("/v1/size-charts:import", json=[]), 415)


async def test_c6_the_chart_that_names_the_product_comes_before_brand_and_category(shop: ShopClient) -> None:
    await shop.stock("a", brand="Kun", categories=["Shirts"])
    await shop.stock("b", brand="Kun", categories=["Coats", "Long"])
    await shop.stock("c", brand="Bolt", categories=["Shirts"])
    await shop.stock("d", brand="Bolt")
    await put_chart(shop, shirts("named", products=["a"]))
    await put_chart(shop, shirts("brand", brand="Kun"))
    await put_chart(shop, shirts("category", categories=["Shirts", "Vests"]))
    await put_chart(shop, shirts("both", brand="Kun", categories=["Long"]))
    await put_chart(shop, shirts("nothing"))

    used = [(await advise(shop, product_id, []))["chart"] for product_id in ("a", "b", "c", "d")]
    assert used == ["named", "both", "category", None]
    await shop.api.delete("/v1/size-charts/named")
    assert (await advise(shop, "a", []))["chart"] == "category"


async def test_c6_a_chart_of_one_tenant_is_unknown_to_another(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await one.stock("a")
    await put_chart(shop, shirts(products=["a"]))
    check_problem(await other_shop.api.get("/v1/size-charts/shirts"), 404)
    assert (await advise(other_shop, "a", []))["chart"] is None
    assert await ids(other_shop) == []


async def test_c6_every_change_of_a_chart_is_in_the_audit_log(shop: ShopClient) -> None:
    await put_chart(shop, shirts())
    await send(shop, CSV)
    await shop.api.delete("/v1/size-charts/shirts")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select action, subject from audit_log where subject = any($1)", ["shirts", "felt"])
    assert {tuple(row) for row in rows} == {
        ("store size-chart", "shirts"), ("delete size-chart", "shirts"), ("import size-chart", "felt"),
    }  # fmt: skip
