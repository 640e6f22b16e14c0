"""Roads: a product comes into the catalogue by the API or in a file, and is the same product."""

import json
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tenants.imports.catalogue import product_of
from tenants.imports.cells import Context
from tenants.imports.columns import guess_columns, rename
from tenants.imports.records import CellError
from tenants.imports.shortcuts import make_shortcut
from tenants.products import Product
from tests.imports.support import counts, import_bytes, rejects, stored
from tests.profile.merchant import define
from tests.support.shop import Document, ShopClient, product

AWKWARD = "a \"b\", \\c\\ {d,NULL}\r\n\t'e' \\. ü 漢 €"
PRODUCTS = [
    product("plain"),
    product("awkward", title=AWKWARD, description=AWKWARD, brand="\\N", categories=[AWKWARD, "", "NULL", "{}"]),
    product("empty", image_urls=[], description="", categories=[], attributes={}, variants=[]),
    product("typed", attributes={AWKWARD: AWKWARD, "n": 1, "x": 1.5, "yes": True, "none": None}),
    product(
        "whole",
        sale_price_minor=900,
        sale_from="2026-03-01T00:00:00.123456+14:00",
        sale_until="2199-03-01T00:00:00Z",
        available_from="1900-01-02T00:00:00-05:30",
        available_until="2198-01-01T00:00:00Z",
        status="hidden",
        stock_quantity=10**12,
        pack_size=6,
        minimum_order_quantity=12,
        restricted_to_segments=["trade"],
        tax_class="reduced",
        variants=[{"id": "v1", "title": AWKWARD, "attributes": {"size": "L"}, "price_minor": 5, "stock_quantity": 0}],
    ),
]


async def test_b2_a_product_of_a_file_is_that_of_the_api(shop: ShopClient, other_shop: ShopClient) -> None:
    file = "\n".join(json.dumps(one) for one in PRODUCTS)
    sent = await shop.push("products", PRODUCTS)
    run = await import_bytes(other_shop, file)

    assert sent.json()["created"] == run["created"] == len(PRODUCTS)
    assert _told(await stored(shop)) == _told(await stored(other_shop))


async def test_b2_what_came_by_one_road_is_unchanged_by_the_other(shop: ShopClient, other_shop: ShopClient) -> None:
    file = "\n".join(json.dumps(one) for one in PRODUCTS)
    await shop.push("products", PRODUCTS)
    await import_bytes(other_shop, file)

    assert counts(await import_bytes(shop, file)) == {"unchanged": len(PRODUCTS)}
    assert (await other_shop.push("products", PRODUCTS)).json()["unchanged"] == len(PRODUCTS)


async def test_b2_what_a_file_does_not_say_is_as_if_it_had_never_been_said(shop: ShopClient) -> None:
    await shop.push("products", PRODUCTS)
    run = await import_bytes(shop, "\n".join(json.dumps(product(one["id"])) for one in PRODUCTS))
    await shop.push("products", [product("new")])
    found = await stored(shop)

    assert counts(run) == {"unchanged": 1, "updated": len(PRODUCTS) - 1}
    assert _told(found)["whole"] == _told(found)["new"] | {
        name: found["whole"][name] for name in ("id", "title", "url", "image_urls")
    }


async def test_b5_attributes_of_a_product_table_are_of_their_types(shop: ShopClient) -> None:
    await define(shop, "family_size", "integer", classes=["product"])
    rows = ["p1,Mug,https://shop.example/p1,1.00,4", "p2,Mug,https://shop.example/p2,1.00,four"]
    run = await import_bytes(shop, "id,title,url,price,attributes.family_size\n" + "\n".join(rows))

    assert counts(run) == {"created": 1, "rejected": 1}
    assert (await stored(shop))["p1"]["attributes"] == {"family_size": 4}
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(3, "attributes.family_size")]


HEADER = ["id", "title", "url", "price", "currency", "sale_price", "image_url", "categories", "stock", "availability",
          "status", "available_from", "pack_size", "attributes.color", "attributes.size"]  # fmt: skip
GOOD = ["p1", "Mug", "https://shop.example/p1", "1.00", "EUR", "", "https://shop.example/1.jpg", "Home > Kitchen", "3",
        "in stock", "active", "2026-03-02", "6", "blue", "L"]  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"title": " Mug ", "url": " https://shop.example/p1 ", "image_url": " https://shop.example/1.jpg "},
        {"image_url": "https://shop.example/1.jpg|https://shop.example/2.jpg"},
        dict.fromkeys(HEADER[4:], ""),
        {"title": ""},
        {"url": "ftp://shop.example"},
        {"price": ""},
        {"price": "1,00 €", "sale_price": "0.50 USD"},
        {"price": "2.00", "sale_price": "1.00"},
        {"price": "1.00", "sale_price": "2.00"},
        {"price": "1.00", "sale_price": "1.00"},
        {"availability": "out of stock"},
        {"availability": "perhaps"},
        {"stock": "many"},
        {"pack_size": "0"},
        {"status": "Hidden"},
        {"status": "gone"},
        {"available_from": "someday"},
        {"available_from": "1066-10-14"},
        {"attributes.color": "", "attributes.size": "x" * 200},
        {"categories": "Home > Home | Garden"},
    ],
)
def test_b2_a_table_read_by_columns_says_what_its_rows_say(said: dict[str, str]) -> None:
    """None stands for a row that the columns leave to the rows' own reader, which says what is wrong with it."""
    row = [said.get(column, cell) for column, cell in zip(HEADER, GOOD, strict=True)]
    context = Context(currency="EUR", zone=ZoneInfo("UTC"), order="day first", site="", known={})
    mapping = guess_columns("products", HEADER)
    shortcut = make_shortcut(HEADER, mapping, context)

    assert shortcut is not None
    try:
        fields = rename(dict(zip(HEADER, row, strict=True)), mapping)
        expected = msgspec.convert(product_of([fields], context), Product)
    except (CellError, msgspec.ValidationError):
        expected = None
    assert list(shortcut.read([row])) == [expected]
    assert list(shortcut.read([GOOD, row, GOOD]))[1] == expected


def _told(products: dict[str, Document]) -> dict[str, Document]:
    """Without when we heard of them."""
    kept = ("created_at", "updated_at")
    return {name: {key: value for key, value in one.items() if key not in kept} for name, one in products.items()}
