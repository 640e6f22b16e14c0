"""Limits: caps of variants, shoppers and orders, price tiers, and an end by quantity (P2)."""

import asyncio

import pytest

from tenants.campaign_documents import PaymentTerms, Tier
from tenants.campaign_prices import UnitPrices, add_units, deposit_of, keep_units, price_units, total_of
from tests.campaigns.merchant import ask, caps, join, later, launch, reserve, state, steps, tick
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

BOTH = [{"product_id": "p1", "variants": ["red", "blue"]}]


def variant_cap(variant: str, units: int) -> Document:
    return {"product_id": "p1", "variant_id": variant, "units": units}


async def test_p2_a_variant_has_a_cap_of_its_own_under_the_total(shop: ShopClient) -> None:
    await launch(shop, products=BOTH, caps={"total": 5, "per_variant": [variant_cap("red", 2)]})
    await reserve(shop, variant_id="red", quantity=2)

    refused = check_problem(await ask(shop, variant_id="red"), 409)
    await reserve(shop, variant_id="blue", quantity=3)
    full = check_problem(await ask(shop, variant_id="blue"), 409)

    assert (refused["type"].rpartition("/")[2], full["type"].rpartition("/")[2]) == (
        "variant_sold_out",
        "campaign_sold_out",
    )
    assert await caps(shop) == {"total": (5, 5), "variant:p1/red": (2, 2)}


async def test_p2_variants_and_total_at_once_never_oversell(shop: ShopClient) -> None:
    each = [variant_cap("red", 5), variant_cap("blue", 9)]
    await launch(shop, products=BOTH, caps={"total": 12, "per_variant": each})

    async def one(place: int) -> int:
        variant = "red" if place % 2 else "blue"
        return (await ask(shop, variant_id=variant, guest_email=f"g{place}@example.com")).status_code

    statuses = await asyncio.gather(*(one(place) for place in range(60)))

    assert statuses.count(201) == 12
    held = await caps(shop)
    assert held["total"] == (12, 12)
    assert held["variant:p1/red"][1] + held["variant:p1/blue"][1] == 12
    assert held["variant:p1/red"][1] <= 5


async def test_p2_a_shopper_cap_holds_over_all_their_preorders_at_once(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s1"}, {"id": "s2"}])
    await launch(shop, caps={"total": 50, "per_shopper": 3})

    answers = await asyncio.gather(*(ask(shop, shopper_id="s1") for _ in range(12)))

    assert [answer.status_code for answer in answers].count(201) == 3
    refused = check_problem(await ask(shop, shopper_id="s1"), 409)
    assert refused["type"].endswith("/shopper_cap_reached")
    await reserve(shop, shopper_id="s2", quantity=3)
    assert await caps(shop) == {"total": (50, 6)}


async def test_p2_two_records_that_become_one_shopper_have_one_cap(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s1"}, {"id": "s2"}])
    await launch(shop, caps={"total": 50, "per_shopper": 3})
    for name in ("s1", "s2"):
        await reserve(shop, shopper_id=name, quantity=2)

    merged = await shop.api.post("/v1/merges", json={"keep": "s1", "absorb": "s2"})

    assert (await ask(shop, shopper_id="s2")).status_code == 409
    assert (await shop.api.post(f"/v1/merges/{merged.json()['merge_id']}/undo")).status_code == 200
    await reserve(shop, shopper_id="s2")
    check_problem(await ask(shop, shopper_id="s1", quantity=2), 409)


async def test_p2_an_order_has_a_cap(shop: ShopClient) -> None:
    await launch(shop, caps={"total": 50, "per_order": 2})

    assert check_problem(await ask(shop, quantity=3), 409)["type"].endswith("/order_cap_reached")
    await reserve(shop, quantity=2)


async def test_p2_it_ends_when_all_is_taken_before_its_date(shop: ShopClient) -> None:
    """A unit that is only reserved may come back, so the end waits for it."""
    await launch(shop, caps={"total": 2})
    await join(shop)
    await reserve(shop)
    await tick(shop)
    assert await state(shop) == "open"

    with later(shop, minutes=31):
        await tick(shop)
        await join(shop)
        await tick(shop)

    assert await steps(shop) == ["draft", "scheduled", "open", "closed", "confirmed"]


async def test_p2_without_a_cap_everybody_comes_in(shop: ShopClient) -> None:
    await launch(shop, caps={})
    await reserve(shop, quantity=10_000)

    assert await caps(shop) == {"total": (None, 10_000)}


async def test_p2_who_comes_early_pays_less_and_keeps_that_price(shop: ShopClient) -> None:
    tiers = [{"units": 2, "discount_basis_points": 2000}, {"units": 2, "discount_basis_points": 1000}]
    await launch(shop, tiers=tiers)

    first = await reserve(shop, quantity=3)
    second = await reserve(shop, quantity=3)

    assert first["unit_prices"] == [{"units": 2, "price_minor": 800}, {"units": 1, "price_minor": 900}]
    assert second["unit_prices"] == [{"units": 1, "price_minor": 900}, {"units": 2, "price_minor": 1000}]
    assert (first["total_minor"], second["total_minor"], first["list_price_minor"]) == (2500, 2900, 1000)


async def test_p2_the_price_is_the_servers_own(shop: ShopClient) -> None:
    """The campaign's if it has one, else the variant's, else the product's; a client cannot say any."""
    own = {"product_id": "p1", "variants": ["red", "blue"], "unit_price_minor": 700}
    await launch(shop, "own", products=[own])
    await launch(shop, "catalogue", products=BOTH)

    prices = [
        (await reserve(shop, name, variant_id=variant))["total_minor"]
        for name in ("own", "catalogue")
        for variant in ("red", "blue")
    ]

    assert prices == [700, 700, 1000, 1500]
    forged = await ask(shop, "own", variant_id="red", unit_price_minor=1)
    assert "unit_price_minor" in check_problem(forged, 422)["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"product_id": "p2"}, "product_id"),
        ({"variant_id": None}, "variant_id"),
        ({"variant_id": "green"}, "variant_id"),
        ({"variant_id": "red", "region": "FR"}, "region"),
        ({"variant_id": "red", "charge_on": "2020-01-01", "region": "DE"}, "charge_on"),
        ({"variant_id": "red", "quantity": 0}, "quantity"),
        ({"variant_id": "red", "guest_email": "nobody"}, "guest_email"),
    ],
)
async def test_p2_what_is_not_offered_is_refused_with_the_field(shop: ShopClient, wanted: Document, field: str) -> None:
    terms = {"mode": "card_saved", "charge_within_days": 3}
    await launch(shop, products=BOTH, regions=["DE", "AT"], payment=terms)

    assert check_problem(await ask(shop, **wanted), 422)["errors"][0]["field"] == field
    assert await caps(shop) == {"total": (50, 0)}


async def test_p2_other_terms_than_those_in_force_are_not_agreed_to(shop: ShopClient) -> None:
    await launch(shop)

    assert check_problem(await ask(shop, terms_version="v0"), 409)["type"].endswith("/terms_changed")


async def test_p2_what_was_agreed_to_is_kept(shop: ShopClient) -> None:
    await launch(shop)

    preorder = await reserve(shop, locale="zh-Hant")

    assert (preorder["terms_version"], preorder["terms_locale"]) == ("v1", "zh")
    assert preorder["agreed_at"] == preorder["created_at"]


def test_p2_units_are_priced_by_their_place() -> None:
    tiers = (Tier(units=10, discount_basis_points=5000), Tier(units=5, discount_basis_points=1))

    assert price_units(999, tiers, taken=0, quantity=1) == (UnitPrices(units=1, price_minor=499),)
    assert price_units(999, tiers, taken=14, quantity=2) == (
        UnitPrices(units=1, price_minor=999),
        UnitPrices(units=1, price_minor=999),
    )
    assert total_of(price_units(999, tiers, taken=100, quantity=7)) == 7 * 999


def test_p2_fewer_units_let_the_dearest_go() -> None:
    prices = price_units(1000, (Tier(units=2, discount_basis_points=1000),), taken=0, quantity=5)

    assert keep_units(prices, 3) == (UnitPrices(units=2, price_minor=900), UnitPrices(units=1, price_minor=1000))
    assert total_of(add_units(keep_units(prices, 1), keep_units(prices, 1))) == 1800


def test_p2_a_deposit_is_never_more_than_the_total() -> None:
    share = PaymentTerms(mode="deposit", deposit_basis_points=3333)
    amount = PaymentTerms(mode="deposit", deposit_minor=400)

    assert (deposit_of(share, 100, 1), deposit_of(amount, 1000, 2), deposit_of(amount, 700, 2)) == (33, 800, 700)
    assert deposit_of(PaymentTerms(mode="upfront"), 1000, 1) == 0


@pytest.mark.parametrize("query", ["campaign=%00", f"campaign={'x' * 201}", "fulfilment=lost", "payment=", "after=x"])
async def test_p2_a_list_that_cannot_be_asked_for_is_refused(shop: ShopClient, query: str) -> None:
    check_problem(await shop.api.get(f"/v1/preorders?{query}"), 400)
