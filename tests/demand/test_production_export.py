"""The production export of a campaign: what the maker needs, and nothing else (P7)."""

import csv
import io
import zipfile
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from tenants.keys import open_key
from tests.campaigns.merchant import campaign, held_units, join, reserve, store
from tests.demand.boards import board, launch_sized
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)"]


async def export(shop: ShopClient, form: str, campaign_id: str = "c1") -> bytes:
    answer = await shop.api.get(f"/v1/campaigns-production/{campaign_id}", params={"format": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'attachment; filename="campaign-production.{form}"'
    return answer.content


async def csv_rows(shop: ShopClient) -> list[Document]:
    return [dict(one) for one in csv.DictReader(io.StringIO((await export(shop, "csv")).decode("utf-8-sig")))]


async def xlsx_rows(shop: ShopClient) -> list[list[str]]:
    """As a spreadsheet reads it; fails where a cell holds a formula."""
    with zipfile.ZipFile(io.BytesIO(await export(shop, "xlsx"))) as book:
        texts = ["".join(one.itertext()) for one in fromstring(book.read("xl/sharedStrings.xml"))]
        sheet = fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{MAIN}f"))

    def value(cell: Element) -> str:
        told = cell.findtext(f"{MAIN}v") or ""
        return texts[int(told)] if cell.get("t") == "s" else told

    return [[value(cell) for cell in row] for row in sheet.iter(f"{MAIN}row")]


async def fill(shop: ShopClient) -> None:
    await launch_sized(shop)
    await shop.push("shoppers", [{"id": "ann-canary", "name": "Ann Canary", "email": "canary.ann@example.com"}])
    await join(shop, variant_id="red-42", quantity=2, shopper_id="ann-canary")
    await join(shop, variant_id="red-42", quantity=3)
    await reserve(shop, variant_id="red-43", quantity=4, guest_email="canary.guest@example.com")
    await join(shop, product_id="p2", quantity=5)


async def test_p7_the_exports_sums_equal_the_live_preorders_and_the_board(shop: ShopClient) -> None:
    await fill(shop)
    rows, told = await csv_rows(shop), await board(shop)

    assert [(one["variant"], one["size"], one["options"], one["status"], one["units"]) for one in rows] == [
        ("red-42", "42", "colour: red; lined: true", "joined", "5"),
        ("red-43", "43", "colour: red", "reserved", "4"),
        ("", "", "", "joined", "5"),
    ]
    assert sum(int(one["units"]) for one in rows) == told["units"] == await held_units(shop) == 14
    sizes: dict[str, int] = {}
    for one in rows:
        sizes[one["size"]] = sizes.get(one["size"], 0) + int(one["units"])
    assert told["sizes"] == {size: units for size, units in sizes.items() if size}


async def test_p7_the_workbook_holds_the_same_rows_with_units_as_numbers(shop: ShopClient) -> None:
    await fill(shop)
    table, [header, *rows] = await csv_rows(shop), await xlsx_rows(shop)

    assert [dict(zip(header, row, strict=True)) for row in rows] == table
    assert header[-1] == "units"


async def test_p7_the_maker_reads_no_name_no_address_and_no_price(shop: ShopClient) -> None:
    await fill(shop)
    text = (await export(shop, "csv")).decode() + str(await xlsx_rows(shop))

    assert "canary" not in text.lower()
    assert "1000" not in text
    assert not {"shopper", "email", "price", "total"} & {*(await csv_rows(shop))[0]}


async def test_p7_a_spreadsheet_runs_nothing_that_stands_in_the_catalogue(shop: ShopClient) -> None:
    variants = [{"id": f"v{place}", "title": title} for place, title in enumerate(HOSTILE)]
    await shop.stock("p1", variants=variants, title="=HYPERLINK(1)")
    products = [{"product_id": "p1", "variants": [one["id"] for one in variants]}]
    await store(shop, campaign(shop, products=products))
    assert (await shop.api.post("/v1/campaigns:publish", json={"id": "c1"})).status_code == 200
    for one in variants:
        await join(shop, variant_id=one["id"])

    rows, [header, *book] = await csv_rows(shop), await xlsx_rows(shop)

    assert [one["variant_title"] for one in rows] == [f"'{title}" for title in HOSTILE]
    assert {one["title"] for one in rows} == {"'=HYPERLINK(1)"}
    assert [row[header.index("variant_title")] for row in book] == HOSTILE


async def test_p7_units_whose_money_could_not_be_had_are_marked_and_still_counted(shop: ShopClient) -> None:
    await launch_sized(shop)
    preorder = await join(shop, product_id="p2", quantity=2)
    await join(shop, product_id="p2", quantity=1)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("update preorders set payment = 'dropped' where preorder_id = $1", preorder["preorder_id"])

    assert {one["status"]: one["units"] for one in await csv_rows(shop)} == {"unpaid": "2", "joined": "1"}


async def test_p7_an_export_without_preorders_is_a_header(shop: ShopClient) -> None:
    await store(shop, {"id": "c1"})

    assert (await export(shop, "csv")).decode("utf-8-sig").strip().split(",")[-1] == "units"
    assert len(await xlsx_rows(shop)) == 1


async def test_p7_the_export_is_audited_and_a_makers_key_opens_nothing_else(shop: ShopClient) -> None:
    await store(shop, {"id": "c1"})
    await export(shop, "xlsx")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select subject from audit_log where action = 'read production sheet of campaign'")
        key = await open_key(conn, "secret", scopes=["production:read"])
    headers = {"Authorization": f"Bearer {key.secret}"}

    assert [row["subject"] for row in rows] == ["c1"]
    assert (await shop.page.get("/v1/campaigns-production/c1", headers=headers)).status_code == 200
    for address in ("campaigns-demand/c1", "campaigns/c1", "preorders"):
        check_problem(await shop.page.get(f"/v1/{address}", headers=headers), 403)


async def test_p7_what_cannot_be_exported_is_refused(shop: ShopClient) -> None:
    check_problem(await shop.api.get("/v1/campaigns-production/c1"), 404)
    check_problem(await shop.api.get("/v1/campaigns-production/c1", params={"format": "pdf"}), 400)
    check_problem(await shop.page.get("/v1/campaigns-production/c1"), 401)
