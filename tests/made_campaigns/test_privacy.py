"""Measures of preorders: where they stand, and when they go (B7, C5, P1)."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from tests.campaigns.merchant import campaign, later, read, store, tick
from tests.made_campaigns.workshop import ask_made, frozen, launch_made, pieces, reserve_made
from tests.made_orders.shoemaker import LEFT, ask_page, lengths, measure_feet, quote
from tests.options.shoes import document, measure, publish_at
from tests.privacy.people import erase, export
from tests.record_book.canaries import KEYS as CANARIES
from tests.record_book.canaries import count_in, definition, find_lengths, find_told, make_canaries, value
from tests.record_book.shoemaker import feet, open_record_book
from tests.record_book.shoemaker import measure as put_profile
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
TABLES = {"table public.measurement_values", "table public.made_preorders"}


@pytest.fixture
async def workshop(shop: ShopClient) -> AsyncIterator[ShopClient]:
    await launch_made(shop)
    yield shop
    shop.service.clock.ahead = timedelta()


async def is_gone(shop: ShopClient, preorder: Document) -> bool:
    check_problem(await shop.api.get(f"/v1/made-preorders/{preorder['preorder_id']}"), 404)
    return await pieces(shop) == []


async def test_c5_preordered_measures_stand_in_two_tables_and_go_with_their_shopper(
    shop: ShopClient, capfd: pytest.CaptureFixture[str]
) -> None:
    canaries, settings = make_canaries(), shop.service.settings
    await open_record_book(shop, "mei")
    await shop.push("measurement-definitions", [definition(one) for one in canaries])
    await put_profile(shop, feet("body", *map(value, canaries), kind="custom"))
    await shop.stock("coat")
    options = [measure(key, price={"kind": "per_unit", "amount_minor": 1, "per": 100}) for key in CANARIES]
    await publish_at(shop, document(options, id="coat", products=["coat"]))
    await store(shop, campaign(shop, products=[{"product_id": "coat", "made": True}]))
    assert (await shop.api.post("/v1/campaigns:publish", json={"id": "c1"})).status_code == 200

    quoted = (await ask_page(shop, product="coat")).json()
    body = {"campaign": "c1", "product": "coat", "quantity": 1, "terms_version": "v1", "quote": quoted["quote_id"]}
    opened = await ask_page(shop, "preorders:open", **body)
    assert opened.status_code == 201, opened.text
    status = await ask_page(shop, "preorders:status")
    page = await shop.page.get("/p/v1/preorder/" + opened.json()["url"].rpartition("/")[2])
    listed, told = await shop.api.get("/v1/preorders"), await shop.api.get("/v1/campaigns-demand/c1")
    assert count_in("".join(one.text for one in (opened, status, page, listed, told)), canaries) == 0
    keyed = {"Idempotency-Key": "canary"}
    server = {"campaign_id": "c1", "product_id": "coat", "quantity": 1, "terms_version": "v1", "shopper_id": "mei"}
    again = server | {"quote_id": (await quote(shop, product_id="coat"))["quote_id"]}
    assert (await shop.api.post("/v1/preorders", json=again, headers=keyed)).status_code == 201

    made = await frozen(shop, {"preorder_id": opened.json()["preorder_id"]})
    assert count_in(msgspec.json.encode(made).decode(), canaries) == 4
    assert count_in(str(await pieces(shop)), canaries) == 4
    assert await find_lengths(settings, canaries) == TABLES
    assert await find_told(settings, canaries) == []

    await erase(shop, shopper_id="mei")
    assert await find_lengths(settings, canaries) == set()
    said = "".join(capfd.readouterr())
    assert "/v1/campaigns-pieces" in said, "the log was not captured"
    assert count_in(said, canaries) == 0


async def test_b7_an_erased_shoppers_copy_is_gone_and_the_sums_stay(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop, quantity=2)
    before = (await workshop.api.get("/v1/campaigns-demand/c1")).json()["rows"]
    counts = (await workshop.api.post("/v1/erasures", json={"shopper_id": "mei"})).json()["counts"]

    assert counts["made_preorders"] == 1
    assert await is_gone(workshop, preorder)
    assert (await read(workshop, preorder))["shopper_id"] is None
    assert (await workshop.api.get("/v1/campaigns-demand/c1")).json()["rows"] == before


async def test_b7_a_guests_copy_goes_with_their_address(workshop: ShopClient) -> None:
    belt = (await ask_page(workshop, shopper=None, product="belt", answers={"engraving": "MEI"})).json()
    preorder = await reserve_made(workshop, belt, product_id="belt", guest_email="g@x.example")

    await erase(workshop, email="g@x.example")
    assert await is_gone(workshop, preorder)


async def test_b7_a_deleted_shoppers_copy_is_gone(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop)
    assert (await workshop.api.delete("/v1/shoppers/mei")).status_code == 204

    assert await is_gone(workshop, preorder)
    assert (await read(workshop, preorder))["shopper_id"] is None


async def test_b7_a_copy_goes_with_a_reservation_that_nobody_paid(workshop: ShopClient) -> None:
    """And its quote is used up: another one is as quickly made."""
    quoted = await quote(workshop)
    preorder = await reserve_made(workshop, quoted)
    with later(workshop, hours=1):
        await tick(workshop)

    assert (await read(workshop, preorder))["fulfilment"] == "expired"
    assert await is_gone(workshop, preorder)
    assert check_problem(await ask_made(workshop, quoted), 422)["type"].endswith("/quote_refused")
    await reserve_made(workshop)


async def test_b7_a_shopper_gets_their_copy_with_their_data(workshop: ShopClient) -> None:
    await reserve_made(workshop)
    archive = await export(workshop, "mei")

    [row] = json.loads(archive.read("shopper.json"))["record"]["made_preorders"]
    assert row["answers"]["initials"] == "ML"
    assert LEFT in {one["value_tenth_mm"] for one in row["measurements"]}


async def test_b7_copies_follow_a_merge_and_its_undo(workshop: ShopClient) -> None:
    await workshop.push("shoppers", [{"id": "twin"}])
    preorder, waiting = await reserve_made(workshop), await quote(workshop)
    merged = (await workshop.api.post("/v1/merges", json={"keep": "twin", "absorb": "mei"})).json()["merge_id"]

    assert (await frozen(workshop, preorder))["shopper_id"] == "twin"
    since = await reserve_made(workshop, waiting, shopper_id="twin")
    assert (await workshop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert (await frozen(workshop, preorder))["shopper_id"] == "mei"
    assert (await frozen(workshop, since, reveal="false"))["shopper_id"] == "twin"


async def test_p1_a_preorder_is_made_by_the_measures_that_were_quoted(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    await measure_feet(workshop, 2501, 2502)

    made = await frozen(workshop, await reserve_made(workshop, quoted))
    assert lengths(made)["foot_length", "left"] == LEFT


async def test_p1_frozen_preorders_are_each_tenants_own(workshop: ShopClient, other_shop: ShopClient) -> None:
    preorder = await reserve_made(workshop)

    check_problem(await other_shop.api.get(f"/v1/made-preorders/{preorder['preorder_id']}"), 404)
    check_problem(await other_shop.api.get("/v1/campaigns-pieces/c1"), 404)
    await launch_made(other_shop)
    stolen = check_problem(await ask_made(other_shop, await quote(workshop)), 422)
    assert stolen["errors"][0] == {"field": "quote_id", "reason": "is no quote of this shopper's"}
