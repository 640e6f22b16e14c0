"""Shoemaker of the made-to-order tests: a cloth shoe with options and measures, a shopper, quotes and orders."""

from datetime import datetime
from typing import Any

import httpx2

from tests.options.shoes import choice, document, fixed, measure, percent, publish_at, rule, said, text
from tests.record_book.shoemaker import feet, length, open_record_book
from tests.record_book.shoemaker import measure as put_profile
from tests.support.shop import Document, ShopClient, order

SHOE = document(
    [
        choice("sole", {"id": "cloth", "label": {"en": "Cloth"}},
               {"id": "rubber", "label": {"en": "Rubber"}, "price": fixed(300), "lead_days": 1},
               default="cloth", label={"en": "Sole", "zh": "鞋底"}),
        choice("colour", {"id": "black", "label": {"en": "Black"}},
               {"id": "red", "label": {"en": "Red"}, "price": percent(250)}, default="black", label={"en": "Colour"}),
        text("initials", max_length=4, characters=["letters"], price=fixed(500), personal="initials", lead_days=2,
             label={"en": "Initials"}),
        measure("length", key="foot_length", sided="each", min=1500, max=3000, label={"en": "Length"}),
        measure("girth", key="ball_girth", sided="each", required=True, label={"en": "Ball girth"}),
    ],
    [rule("red-cloth", "require", said("colour", "red"), said("sole", "cloth"))],
    id="shoe", products=["oxford"], base_lead_days=10,
)  # fmt: skip
"""Made to measure: for a known shopper only."""
BELT = document(
    [
        choice("buckle", {"id": "brass"}, {"id": "silver", "price": fixed(2000)}, default="brass"),
        text("engraving", max_length=10, price=fixed(700)),
    ],
    id="belt", products=["belt"], base_lead_days=3,
)  # fmt: skip
"""Without measures: for anybody."""
PRICE = 20_000
LEFT, RIGHT = 2453, 2467
"""Lengths of mei's feet, in tenths of a millimetre; no other number of these tests has these digits."""


async def open_workshop(shop: ShopClient) -> None:
    """Products, options, the standard measurements, and the shopper mei with her daughter and her feet."""
    await shop.stock("oxford", title="Oxford of cloth", price_minor=PRICE)
    await shop.stock("belt", "mug", price_minor=4000)
    await publish_at(shop, SHOE)
    await publish_at(shop, BELT)
    await open_record_book(shop, "mei")
    await shop.push("people", [{"id": "lin", "shopper_id": "mei", "relation": "child", "name": "Lin"}])
    await measure_feet(shop)


async def measure_feet(shop: ShopClient, left: int = LEFT, right: int = RIGHT, **fields: Any) -> None:
    """A new version of mei's profile."""
    values = [
        length(f"{left / 10}"), length(f"{right / 10}", "right"),
        length("231.8", key="ball_girth"), length("232.6", "right", key="ball_girth"),
    ]  # fmt: skip
    await put_profile(shop, feet("feet", *values, **fields))


async def ask(shop: ShopClient, **wish: Any) -> httpx2.Response:
    """A quote through the server API; of mei's shoe unless said otherwise."""
    return await shop.api.post("/v1/quotes", json={"product_id": "oxford", "shopper_id": "mei"} | wish)


async def quote(shop: ShopClient, **wish: Any) -> Document:
    answer = await ask(shop, **wish)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def ask_page(shop: ShopClient, act: str = "quotes", shopper: str | None = "mei", **body: Any) -> httpx2.Response:
    """What a page posts."""
    who = {"key": shop.keys.publishable.secret} | ({} if shopper is None else {"token": shop.token(shopper)})
    return await shop.page.post(f"/public/v1/{act}", json=who | body)


def line(quoted: Document, name: str = "1", **fields: Any) -> Document:
    """An order line on this quote."""
    return {
        "id": name, "product_id": quoted["product_id"], "quantity": quoted["quantity"],
        "unit_price_minor": quoted["price_minor"], "quote_id": quoted["quote_id"],
    } | fields  # fmt: skip


def made_order(shop: ShopClient, name: str, *lines: Document, **fields: Any) -> Document:
    now: datetime = shop.service.clock()
    return order(name, [], ordered_at=now, shopper_id="mei") | {"lines": list(lines)} | fields


async def push(shop: ShopClient, name: str, *lines: Document, **fields: Any) -> httpx2.Response:
    return await shop.api.put(f"/v1/orders/{name}", json=made_order(shop, name, *lines, **fields))


async def ordered(shop: ShopClient, name: str = "o1", **wish: Any) -> Document:
    """A quote that was ordered as line 1."""
    quoted = await quote(shop, **wish)
    answer = await push(shop, name, line(quoted))
    assert answer.status_code == 200, answer.text
    return quoted


async def lines_of(shop: ShopClient, name: str = "o1", **query: Any) -> list[Document]:
    """An order's made lines, revealed."""
    answer = await shop.api.get(f"/v1/made-lines/{name}", params={"reveal": "true"} | query)
    assert answer.status_code == 200, answer.text
    found: list[Document] = answer.json()["items"]
    return found


def lengths(made: Document) -> dict[tuple[str, str], int]:
    return {(one["key"], one["side"]): one["value_tenth_mm"] for one in made["measurements"]}
