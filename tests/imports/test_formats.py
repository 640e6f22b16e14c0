"""Formats: the same catalogue from each kind of file, every row accounted for."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from tests.imports.support import counts, import_bytes, rejects, stored
from tests.support.shop import ShopClient, product

CSV = """\
id,title,link,price,image link,brand,product type,availability,gtin,color
p1,"Kettle, ""steel"", big",https://shop.example/p1,"1.299,00 €",https://x.io/1.jpg,A,Home > Kitchen,in stock,40,red
p2,Mug,https://shop.example/p2,15.00 EUR,,,,out_of_stock,,
p3,Cup,not a link,3.00 EUR,,,,in stock,,
p2,Mug (new),https://shop.example/p2,16.00 EUR,,,,in stock,,
p4,Pot,https://shop.example/p4,4.00 EUR,,,,soon,,
"""


async def test_b2_a_csv_is_mapped_and_every_row_is_accounted_for(shop: ShopClient) -> None:
    run = await import_bytes(shop, CSV)
    products = await stored(shop)

    assert run["status"] == "done", run
    assert run["rows_read"] == 5
    assert counts(run) == {"created": 2, "duplicate": 1, "rejected": 2}
    assert await rejects(shop, run) == [
        (4, "url", "Expected `str` in the documented form"),
        (6, "availability", "is not in_stock, out_of_stock, preorder or backorder"),
    ]
    assert run["plan"]["mapping"]["link"] == "url"
    assert run["plan"]["mapping"]["color"] == "attributes.color"
    assert products["p1"]["title"] == 'Kettle, "steel", big'
    assert products["p1"]["price_minor"] == 129900
    assert products["p1"]["categories"] == ["Home", "Kitchen"]
    assert products["p1"]["attributes"] == {"gtin": "40", "color": "red"}
    assert products["p2"]["title"] == "Mug (new)"


async def test_b2_the_same_file_again_changes_nothing(shop: ShopClient) -> None:
    await import_bytes(shop, CSV)
    again = await import_bytes(shop, CSV)

    assert counts(again) == {"unchanged": 2, "duplicate": 1, "rejected": 2}


async def test_b2_ndjson_is_the_apis_own_form(shop: ShopClient) -> None:
    lines = [json.dumps(product("p1")), "{broken", json.dumps(product("p2", title="")), json.dumps(product("p3"))]
    run = await import_bytes(shop, "\n".join(lines))

    assert counts(run) == {"created": 2, "rejected": 2}
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(2, ""), (3, "title")]


async def test_b2_ndjson_with_other_names_is_mapped(shop: ShopClient) -> None:
    line = json.dumps({"Artikel": "p1", "Name": "Mug", "Adresse": "https://shop.example/p1", "Preis": 15.5})
    run = await import_bytes(shop, line, mapping=json.dumps({"Artikel": "id", "Adresse": "url"}))

    assert counts(run) == {"created": 1}, run
    assert (await stored(shop))["p1"]["price_minor"] == 1550


async def test_b2_parquet_brings_numbers_moments_and_lists(shop: ShopClient) -> None:
    table = pyarrow.table(
        {
            "product_id": [1, 2, 3],
            "title": ["Mug", "Cup", None],
            "url": [f"https://shop.example/{n}" for n in (1, 2, 3)],
            "price": [Decimal("15.50"), Decimal("3.00"), Decimal("1.00")],
            "images": [["https://shop.example/1.jpg", "https://shop.example/2.jpg"], [], None],
            "release_date": [datetime(2026, 3, 2, tzinfo=UTC), None, None],
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file)
    run = await import_bytes(shop, file.getvalue())
    products = await stored(shop)

    assert counts(run) == {"created": 2, "rejected": 1}, run
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(3, "title")]
    assert products["1"]["price_minor"] == 1550
    assert products["1"]["image_urls"] == ["https://shop.example/1.jpg", "https://shop.example/2.jpg"]
    assert products["1"]["available_from"] == "2026-03-02T00:00:00Z"


GOOGLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><link>https://x.io</link>
<item>
  <g:id>p1</g:id><title>Mug &amp; saucer</title><description><![CDATA[<b>Blue</b>]]></description>
  <link>https://shop.example/p1</link><g:image_link>https://shop.example/1.jpg</g:image_link>
  <g:additional_image_link>https://shop.example/2.jpg</g:additional_image_link>
  <g:additional_image_link>https://shop.example/3.jpg</g:additional_image_link>
  <g:price>15.00 EUR</g:price><g:sale_price>12.00 EUR</g:sale_price>
  <g:sale_price_effective_date>2026-03-01T00:00+0100/2026-04-01T00:00+0100</g:sale_price_effective_date>
  <g:availability>in_stock</g:availability><g:brand>Acme</g:brand><g:product_type>Home &gt; Kitchen</g:product_type>
  <g:google_product_category>674</g:google_product_category><g:item_group_id>mugs</g:item_group_id>
  <g:color>blue</g:color><g:size>L</g:size><g:gtin>4006381333931</g:gtin>
  <g:expiration_date>2026-12-31T00:00+0000</g:expiration_date>
  <g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>
</item>
<item><g:id>p2</g:id><title>Cup</title><link>https://shop.example/p2</link><g:price>3.00 EUR</g:price>
  <g:availability>preorder</g:availability><g:availability_date>2026-05-01T00:00+0000</g:availability_date></item>
<item><g:id>p3</g:id><title>Pot</title><link>https://shop.example/p3</link><g:price>-3.00 EUR</g:price></item>
<item><g:id>p4</g:id><title>Pan</title><link>https://shop.example/p4</link><g:price>3.00 EUR</g:price>
  <g:availability>out of stock</g:availability></item>
</channel></rss>
"""


async def test_b2_a_google_feed_in_xml_is_read_by_its_attribute_names(shop: ShopClient) -> None:
    run = await import_bytes(shop, GOOGLE)
    products = await stored(shop)
    mug = products["p1"]

    assert counts(run) == {"created": 3, "rejected": 1}, run
    assert await rejects(shop, run) == [(18, "price", "must not be negative")]
    assert (mug["title"], mug["description"], mug["brand"]) == ("Mug & saucer", "<b>Blue</b>", "Acme")
    assert (mug["price_minor"], mug["sale_price_minor"], mug["currency"]) == (1500, 1200, "EUR")
    assert (mug["sale_from"], mug["sale_until"]) == ("2026-02-28T23:00:00Z", "2026-03-31T23:00:00Z")
    assert mug["image_urls"] == [f"https://shop.example/{n}.jpg" for n in (1, 2, 3)]
    assert mug["categories"] == ["Home", "Kitchen"]
    assert mug["attributes"] == {
        "google_product_category": "674", "item_group_id": "mugs", "color": "blue", "size": "L",
        "gtin": "4006381333931",
    }  # fmt: skip
    assert mug["available_until"] == "2026-12-31T00:00:00Z"
    assert products["p2"]["available_from"] == "2026-05-01T00:00:00Z"
    assert (products["p2"]["stock_quantity"], products["p4"]["stock_quantity"]) == (None, 0)


@pytest.mark.parametrize("header", ["image link", "image_link", "g:image_link"])
async def test_b2_a_google_feed_as_tsv(shop: ShopClient, header: str) -> None:
    text = (
        f"id\ttitle\tdescription\tlink\t{header}\tadditional image link\tavailability\tprice\n"
        "p1\tMug\tBlue, large\thttps://shop.example/p1\thttps://shop.example/1.jpg\t"
        "https://shop.example/2.jpg,https://shop.example/3.jpg\tin_stock\t15.00 EUR\n"
    )
    run = await import_bytes(shop, text)

    assert counts(run) == {"created": 1}, run
    assert run["plan"]["delimiter"] == "\t"
    assert (await stored(shop))["p1"]["image_urls"] == [f"https://shop.example/{n}.jpg" for n in (1, 2, 3)]


SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,\
Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Status
shirt,Shirt,<p>Soft</p>,Acme,Clothing,summer,true,Size,S,SH-S,shopify,3,deny,20.00,25,https://x.io/1.jpg,active
shirt,,,,,,,,M,SH-M,shopify,-1,deny,21.00,,https://x.io/2.jpg,
shirt,,,,,,,,,,,,,,,https://x.io/3.jpg,
mug,Mug,,,,,true,Title,Default Title,,,,,5.00,,,draft
bad,Bad,,,,,true,Size,S,B-S,shopify,1,deny,1.00,,,active
bad,,,,,,,,M,B-M,shopify,1,deny,cheap,,,
"""


async def test_b2_shopifys_products_are_grouped_by_handle(shop: ShopClient) -> None:
    run = await import_bytes(shop, SHOPIFY, site="https://shop.example")
    products = await stored(shop)
    shirt = products["shirt"]

    assert run["plan"]["dialect"] == "shopify"
    assert counts(run) == {"created": 2, "rejected": 1}, run
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(7, "price")]
    assert shirt["url"] == "https://shop.example/products/shirt"
    assert (shirt["price_minor"], shirt["sale_price_minor"], shirt["stock_quantity"]) == (2500, 2000, 3)
    assert shirt["image_urls"] == [f"https://x.io/{n}.jpg" for n in (1, 2, 3)]
    assert [(v["id"], v["attributes"], v["stock_quantity"]) for v in shirt["variants"]] == [
        ("SH-S", {"Size": "S"}, 3),
        ("SH-M", {"Size": "M"}, 0),
    ]
    assert (products["mug"]["status"], products["mug"]["variants"]) == ("hidden", [])


ORDERS = """\
Name,Email,Financial Status,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,\
Lineitem price,Lineitem sku,Cancelled at
#1001,Ann@x.example,paid,fulfilled,EUR,45.00,2026-03-02 12:00:00 +0100,2,Shirt - S,20.00,SH-S,
#1001,Ann@x.example,,,,,,1,Mug,5.00,,
#1002,,refunded,,EUR,5.00,2026-03-03 12:00:00 +0100,1,Mug,5.00,,
"""


async def test_b2_shopifys_orders_find_their_products_by_sku_and_title(shop: ShopClient) -> None:
    await import_bytes(shop, SHOPIFY, site="https://shop.example")
    run = await import_bytes(shop, ORDERS, "orders")
    orders = await stored(shop, "orders")

    assert counts(run) == {"created": 2}, (run, await rejects(shop, run))
    assert [line["product_id"] for line in orders["#1001"]["lines"]] == ["shirt", "mug"]
    assert (orders["#1001"]["status"], orders["#1001"]["total_minor"]) == ("shipped", 4500)
    assert orders["#1001"]["shopper_id"] == "ann@x.example"
    assert orders["#1001"]["ordered_at"] == "2026-03-02T11:00:00Z"
    assert (orders["#1002"]["status"], orders["#1002"]["shopper_id"]) == ("returned", None)


WOO = """\
ID,Type,SKU,Name,Published,Visibility in catalog,Short description,In stock?,Stock,Sale price,Regular price,Categories,\
Images,Parent,Attribute 1 name,Attribute 1 value(s)
10,variable,SHIRT,Shirt,1,visible,Soft,1,,,,"Clothing > Tops, Sale","https://x.io/1, https://x.io/2",,Size,"S, M"
11,variation,SHIRT-S,Shirt - S,1,visible,,1,4,,20,,,SHIRT,Size,S
12,variation,SHIRT-M,Shirt - M,1,visible,,0,,18,21,,,id:10,Size,M
13,simple,,Mug,-1,visible,,backorder,0,,5,,,,,
14,variation,LOST-S,Lost - S,1,visible,,1,4,,20,,,LOST,Size,S
"""


async def test_b2_woocommerces_variations_join_their_parent(shop: ShopClient) -> None:
    run = await import_bytes(shop, WOO, site="https://shop.example/")
    products = await stored(shop)

    assert run["plan"]["dialect"] == "woocommerce"
    assert counts(run) == {"created": 2, "rejected": 1}, (run, await rejects(shop, run))
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(6, "parent")]
    assert [(v["id"], v["price_minor"], v["sale_price_minor"], v["stock_quantity"]) for v in
            products["SHIRT"]["variants"]] == [("SHIRT-S", 2000, None, 4), ("SHIRT-M", 2100, 1800, 0)]  # fmt: skip
    assert products["SHIRT"]["url"] == "https://shop.example/?p=10"
    assert products["SHIRT"]["categories"] == ["Clothing", "Tops", "Sale"]
    assert len(products["SHIRT"]["image_urls"]) == 2
    assert (products["13"]["status"], products["13"]["stock_quantity"]) == ("hidden", None)


async def test_b2_orders_shoppers_and_events_from_tables(shop: ShopClient) -> None:
    orders = "order_id;date;customer_id;sku;qty;price\nA1;02.03.2026;s1;p1;2;10,00\nA1;02.03.2026;s1;p2;1;5,50\n"
    people = "customer_id,email,first_name,last_name\ns1,ann@x.example,Ann,Lee\ns2,not an address,B,B\n"
    acts = "event_id,event,timestamp,user_id,sku,rating\ne1,Rating,1772452800,s1,p1,4.5\ne2,dance,1772452800,s1,p1,\n"
    runs = [
        await import_bytes(shop, orders, "orders"),
        await import_bytes(shop, people, "shoppers"),
        await import_bytes(shop, acts, "events"),
    ]

    assert [counts(run) for run in runs] == [
        {"created": 1},
        {"updated": 1, "rejected": 1},
        {"created": 1, "rejected": 1},
    ]
    assert [line["unit_price_minor"] for line in (await stored(shop, "orders"))["A1"]["lines"]] == [1000, 550]
    assert (await stored(shop, "shoppers"))["s1"]["name"] == "Ann Lee"
    assert (await stored(shop, "events"))["e1"]["value"] == 4.5
    assert await rejects(shop, runs[2]) == [(3, "type", "is not one of the values that this field takes")]


async def test_b2_an_orders_rows_that_stand_apart_are_refused_and_cut_nothing_off(shop: ShopClient) -> None:
    rows = [("A1", "p1"), ("A2", "p1"), ("A1", "p2")]
    text = "order_id,date,sku,price\n" + "".join(f"{name},2026-03-02,{sku},1.00\n" for name, sku in rows)
    run = await import_bytes(shop, text, "orders")

    assert counts(run) == {"created": 2, "rejected": 1}
    assert (await stored(shop, "orders"))["A1"]["lines"][0]["product_id"] == "p1"


async def test_b2_an_order_with_an_unreadable_row_is_refused_whole(shop: ShopClient) -> None:
    rows = ["A1,2026-03-02,p1,1.00", "A1,2026-03-02", "A1,2026-03-02,p3,1.00", "A2,2026-03-02,p1,1.00"]
    run = await import_bytes(shop, "order_id,date,sku,price\n" + "\n".join(rows), "orders")

    assert counts(run) == {"created": 1, "rejected": 2}
    assert set(await stored(shop, "orders")) == {"A2"}
    assert (2, "", "lacks its row in line 3") in await rejects(shop, run)
