"""Measures of what is made to order stand in the record's own table and in ordered lines, and nowhere else (C5)."""

import msgspec
import pytest

from tests.made_orders.shoemaker import ask, ask_page, line, lines_of, made_order, push, quote
from tests.options.shoes import document, measure, publish_at
from tests.privacy.people import erase
from tests.record_book.canaries import KEYS as CANARIES
from tests.record_book.canaries import count_in, definition, find_lengths, find_told, make_canaries, value
from tests.record_book.shoemaker import feet, open_record_book
from tests.record_book.shoemaker import measure as put_profile
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

TABLES = {"table public.measurement_values", "table public.made_lines"}


async def test_c5_ordered_measures_stand_in_two_tables_and_go_with_their_shopper(
    shop: ShopClient, capfd: pytest.CaptureFixture[str]
) -> None:
    canaries, settings = make_canaries(), shop.service.settings
    await open_record_book(shop, "mei")
    await shop.push("measurement-definitions", [definition(one) for one in canaries])
    await put_profile(shop, feet("body", *map(value, canaries), kind="custom"))
    await shop.stock("coat")
    options = [measure(key, price={"kind": "per_unit", "amount_minor": 1, "per": 100}) for key in CANARIES]
    await publish_at(shop, document(options, id="coat", products=["coat"]))

    quoted = await quote(shop, product_id="coat")
    keyed = {"product_id": "coat", "shopper_id": "mei"}
    again = await shop.api.post("/v1/quotes", json=keyed, headers={"Idempotency-Key": "canary"})
    wrong = await ask(shop, product_id="coat", answers={CANARIES[0]: 1})
    from_page = await ask_page(shop, product="coat")
    assert count_in(f"{quoted}{again.text}{wrong.text}{from_page.text}", canaries) == 0
    check_problem(await push(shop, "o1", line(quoted, unit_price_minor=1)), 422)
    body = made_order(shop, "o1", line(quoted))
    assert (await shop.api.put("/v1/orders/o1", json=body, headers={"Idempotency-Key": "o1"})).status_code == 200
    reordered = await ask_page(shop, "quotes:reorder", order="o1", line="1")
    listed = await ask_page(shop, "made-orders")
    stored = await shop.api.get("/v1/orders/o1")
    assert count_in(f"{reordered.text}{listed.text}{stored.text}", canaries) == 0
    assert (await push(shop, "o2", line(reordered.json()))).status_code == 200

    assert count_in(msgspec.json.encode(await lines_of(shop, "o2")).decode(), canaries) == 4
    for form in ("html", "csv"):
        sheet = await shop.api.get("/v1/production-sheets/o2", params={"format": form})
        assert count_in(sheet.text, canaries) == 4
    assert await find_lengths(settings, canaries) == TABLES
    assert await find_told(settings, canaries) == []

    await erase(shop, shopper_id="mei")
    assert await find_lengths(settings, canaries) == set()
    said = "".join(capfd.readouterr())
    assert "/v1/production-sheets" in said, "the log was not captured"
    assert count_in(said, canaries) == 0
