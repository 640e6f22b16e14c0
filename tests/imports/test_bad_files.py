"""Bad files: each gets row errors or a plain refusal, and what is good in it is stored."""

import gzip
import io
import json
import zipfile

import pyarrow
import pytest
from pyarrow import parquet

from infra.artifacts import open_artifacts
from tests.imports.support import counts, import_bytes, rejects, send, stored
from tests.support.problems import check_problem
from tests.support.shop import ShopClient, product

HEADER = "id,title,url,price\n"


def row(name: str, title: str = "Mug", price: str = "1.00") -> str:
    return f"{name},{title},https://shop.example/{name},{price}\n"


async def test_b2_a_row_with_a_bad_price_is_named_and_the_others_are_stored(shop: ShopClient) -> None:
    prices = ["1.00", "-1.00", "1" * 30, "1.00 USD", "1.00 XX1", "about 5", "1.299", '"1,00"', "0.001", "NaN"]
    run = await import_bytes(shop, HEADER + "".join(row(f"p{n}", price=price) for n, price in enumerate(prices)))

    assert counts(run) == {"created": 2, "rejected": 8}
    assert set(await stored(shop)) == {"p0", "p7"}
    assert await rejects(shop, run) == [
        (3, "price", "must not be negative"),
        (4, "price", "has more than 16 digits"),
        (5, "currency", "is not the shop's, which is EUR"),
        (6, "price", "is not an amount such as 1299.00 or 1.299,00 €"),
        (7, "price", "names a currency that is not known; write a code such as 15.00 USD"),
        (8, "price", "can be read in two ways; write 1299.00 or 1.299,00"),
        (10, "price", "has more than 2 decimals"),
        (11, "price", "is not an amount such as 1299.00 or 1.299,00 €"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_b2_quotes_line_breaks_and_a_bom_are_read(shop: ShopClient, end: str) -> None:
    text = HEADER + 'p1,"A ""good"" mug,\nin two lines",https://shop.example/p1,"1,00"\n' + row("p2", title='5" screen')
    run = await import_bytes(shop, b"\xef\xbb\xbf" + text.replace("\n", end).encode())

    assert counts(run) == {"created": 2}, await rejects(shop, run)
    assert (await stored(shop))["p1"]["title"] == f'A "good" mug,{end}in two lines'


async def test_b2_a_forgotten_quote_costs_its_row_only(shop: ShopClient) -> None:
    run = await import_bytes(
        shop, HEADER + row("p1") + row("p2", title='"A" mug') + row("p3") + row("p4", title='"cut')
    )

    assert counts(run) == {"created": 2, "rejected": 2}
    assert [line for line, _, _ in await rejects(shop, run)] == [3, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1251"])
async def test_b2_the_encoding_is_detected(shop: ShopClient, encoding: str) -> None:
    title = "Чайник для кухни, большой" if encoding == "cp1251" else "Käse aus Österreich für Söhne"
    text = HEADER + "".join(row(f"p{n}", title=f'"{title} {n}"') for n in range(20))
    run = await import_bytes(shop, text.encode(encoding))

    assert counts(run) == {"created": 20}
    assert (await stored(shop))["p7"]["title"] == f"{title} 7"


async def test_b2_a_line_in_another_encoding_is_a_row_error(shop: ShopClient) -> None:
    good = "".join(row(f"p{n}", title="Käse") for n in range(5))
    run = await import_bytes(
        shop, (HEADER + good).encode() + row("bad", title="Käse").encode("cp1252") + row("p9").encode()
    )

    assert counts(run) == {"created": 6, "rejected": 1}
    assert await rejects(shop, run) == [(7, "", "holds bytes that are not in the file's encoding")]


async def test_b2_a_nul_or_a_row_of_another_length_is_a_row_error(shop: ShopClient) -> None:
    run = await import_bytes(shop, HEADER + row("p1", title="a\0b") + "p2,Mug\n" + row("p3") + row("p4", price="1,2,3"))

    assert counts(run) == {"created": 1, "rejected": 3}
    assert [line for line, _, _ in await rejects(shop, run)] == [2, 3, 5]


async def test_b2_dates_in_five_forms(shop: ShopClient) -> None:
    dates = ["2026-03-02T12:00:00+01:00", "Mon, 02 Mar 2026 12:00:00 +0100", "02.03.2026", "1772452800", "2026-03-02"]
    run = await import_bytes(shop, _dated(*dates, "someday"))
    products = await stored(shop)

    assert counts(run) == {"created": 5, "rejected": 1}
    assert [products[f"p{n}"]["available_from"] for n in range(5)] == [
        "2026-03-02T11:00:00Z", "2026-03-02T11:00:00Z", "2026-03-02T00:00:00Z", "2026-03-02T12:00:00Z",
        "2026-03-02T00:00:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "said", "expected", "because"),
    [
        (["03/04/2026", "25/04/2026"], {}, "2026-04-03", "line 3 allows nothing else"),
        (["03/04/2026", "04/25/2026"], {}, "2026-03-04", "line 3 allows nothing else"),
        (["03/04/2026", "01/02/2026"], {}, "2026-04-03", "every date can be read both ways"),
        (["03/04/2026", "01/02/2026"], {"dates": "month first"}, "2026-03-04", "you said so"),
    ],
)
async def test_b2_day_or_month_first_is_decided_for_the_whole_file_and_said(
    shop: ShopClient, dates: list[str], said: dict[str, str], expected: str, because: str
) -> None:
    run = await import_bytes(shop, _dated(*dates), **said)

    assert (await stored(shop))["p0"]["available_from"] == f"{expected}T00:00:00Z"
    assert run["plan"]["dates_because"] == because


async def test_b2_a_date_that_contradicts_the_file_is_a_row_error(shop: ShopClient) -> None:
    run = await import_bytes(shop, _dated("25/04/2026", "04/25/2026"))

    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(3, "available_from")]


def _dated(*dates: str) -> str:
    rows = (f'p{n},Mug,https://shop.example/p{n},1.00,"{date}"\n' for n, date in enumerate(dates))
    return "id,title,url,price,available_from\n" + "".join(rows)


GOOD = "<item><id>p1</id><title>Mug</title><link>https://shop.example/p1</link><price>1.00 EUR</price></item>"
BOMB = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"<?xml version='1.0'?>{BOMB}<rss><channel>{GOOD}&b;</channel></rss>", "document type or entities"),
        (f"<?xml version='1.0'?>{OUTSIDE}<rss><channel>{GOOD}&x;</channel></rss>", "document type or entities"),
        ("<!doctype html><html><body>Not found</body></html>", "web page (HTML)"),
        ("  <HTML><body>Not found</body></HTML>", "web page (HTML)"),
        ("<?xml version='1.0'?><note>no feed</note>", "no Merchant feed"),
        ("<?xml version='1.0' encoding='nonsense'?><rss></rss>", "encoding"),
        ('[{"id": "p1"}]', "JSON array"),
        (HEADER.replace("url", "nothing") + row("p1"), "No column was found for url"),
        ("id,title,id,price\n", "names a column twice"),
        (b"PAR1" + b"\0" * 100, "no Parquet file"),
        (b"PK\x03\x04" + b"\0" * 100, ".zip"),
        (b"\x1f\x8b" + b"\0" * 100, ".gz file is damaged"),
    ],
)
async def test_b2_a_file_that_is_none_is_refused_in_a_sentence(
    shop: ShopClient, content: str | bytes, sentence: str
) -> None:
    run = await import_bytes(shop, content)

    assert run["status"] == "failed"
    assert sentence in run["error"]
    assert await stored(shop) == {}


async def test_b2_what_stands_before_a_break_is_stored_and_the_break_is_named(shop: ShopClient) -> None:
    items = "".join(GOOD.replace("p1", f"p{n}") for n in range(3))
    packed = gzip.compress((HEADER + "".join(row(f"g{n}", title=f"{n * 7919:09}") for n in range(5000))).encode())
    broken = await import_bytes(shop, f"<rss><channel>{items}<item><id>p9</id><titl")
    cut = await import_bytes(shop, packed[: len(packed) // 2])

    assert (broken["status"], counts(broken)) == ("failed", {"created": 3})
    assert "The XML breaks at line 1" in broken["error"]
    assert (cut["status"], "is cut" in cut["error"]) == ("failed", True)
    assert 100 < cut["created"] < 5000


async def test_b2_a_gz_is_read_and_a_bomb_is_not(shop: ShopClient) -> None:
    good = await import_bytes(shop, gzip.compress((HEADER + row("p1")).encode()))
    bomb = await import_bytes(shop, gzip.compress((HEADER + row("p2")).encode() + b" " * 300_000_000, 1))

    assert counts(good) == {"created": 1}
    assert bomb["status"] == "failed"
    assert "unpacks to more than" in bomb["error"]


async def test_b2_a_zip_is_refused(shop: ShopClient) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("products.csv", HEADER + row("p1"))
    run = await import_bytes(shop, file.getvalue())

    assert ".gz" in run["error"]


async def test_b2_a_cut_parquet_file_is_refused(shop: ShopClient) -> None:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"id": ["p1"], "title": ["Mug"]}), file)
    run = await import_bytes(shop, file.getvalue()[:-20])

    assert "no Parquet file, or its end is missing" in run["error"]


async def test_b2_a_mapping_that_makes_no_sense_is_refused(shop: ShopClient) -> None:
    run = await import_bytes(shop, HEADER + row("p1"), mapping=json.dumps({"Preis": "price"}))
    wrong = await import_bytes(shop, HEADER + row("p1"), mapping=json.dumps({"price": "prize"}))

    assert "is no column of the file" in run["error"]
    assert "'prize', which is no field of products" in wrong["error"]


async def test_b2_a_bad_query_is_refused_at_once(shop: ShopClient) -> None:
    check_problem(await send(shop, HEADER, "people"), 422)
    check_problem(await send(shop, HEADER, mapping="{"), 422)
    check_problem(await send(shop, HEADER, "orders", mode="full"), 422)
    check_problem(await send(shop, HEADER, site="a\0b"), 422)
    check_problem(await send(shop, HEADER, mapping='{"a": "\\u0000"}'), 422)
    check_problem(await send(shop, b""), 400)
    assert await open_artifacts(shop.service.settings.artifacts_url).list_keys(f"{shop.tenant_id}/imports") == []


async def test_b2_rejects_hold_no_values_and_no_formulas(shop: ShopClient) -> None:
    lines = [json.dumps(product("p1", status="ann@x.example")), json.dumps(product("p2", attributes={"=1+1": []}))]
    run = await import_bytes(shop, "\n".join(lines))
    text = (await shop.api.get(f"/v1/imports/{run['import_id']}/rejects")).text

    assert counts(run) == {"rejected": 2}
    assert "ann@x.example" not in text
    assert not [line for line in text.splitlines() for cell in line.split(",") if cell.startswith(("=", "+", "-", "@"))]
