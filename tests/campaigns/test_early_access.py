"""Early access: those with recorded interest, and those who were invited, come first, without queueing (P5)."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.campaigns.merchant import ask, later, launch, reserve
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def launch_early(shop: ShopClient, **fields: Any) -> Document:
    """For those who come first from in an hour, for everybody from in two."""
    now = shop.service.clock()
    await shop.push("shoppers", [{"id": name} for name in ("ann", "bea", "cem")])
    times = {"early_from": (now + timedelta(hours=1)).isoformat(), "starts_at": (now + timedelta(hours=2)).isoformat()}
    return await launch(shop, **times, **fields)


async def tell_interest(shop: ShopClient, shopper: str) -> httpx2.Response:
    body = {"key": shop.keys.publishable.secret, "token": shop.token(shopper), "campaign": "c1"}
    return await shop.page.post("/public/v1/campaigns:interest", json=body)


async def open_as(shop: ShopClient, shopper: str | None) -> httpx2.Response:
    who = {"guest_email": "guest@example.com"} if shopper is None else {"token": shop.token(shopper)}
    wanted = {"campaign": "c1", "product": "p1", "quantity": 1, "terms_version": "v1"}
    return await shop.page.post(
        "/public/v1/preorders:open", json={"key": shop.keys.publishable.secret, **who, **wanted}
    )


async def test_p5_between_early_and_public_start_the_interested_come_in_and_others_wait(shop: ShopClient) -> None:
    await launch_early(shop)
    assert (await tell_interest(shop, "ann")).status_code == 200

    with later(shop, minutes=30):
        assert check_problem(await open_as(shop, "ann"), 409)["type"].endswith("/campaign_not_open")
    with later(shop, hours=1.5):
        assert (await open_as(shop, "ann")).status_code == 201
        for stranger in ("bea", None):
            refused = check_problem(await open_as(shop, stranger), 403)
            assert refused["type"].endswith("/early_access_only")
    with later(shop, hours=2, seconds=1):
        for everybody in ("ann", "bea", None):
            assert (await open_as(shop, everybody)).status_code == 201


async def test_p5_interest_that_is_told_only_after_early_access_began_opens_no_door(shop: ShopClient) -> None:
    await launch_early(shop)

    with later(shop, hours=1.5):
        assert (await tell_interest(shop, "bea")).status_code == 200
        check_problem(await open_as(shop, "bea"), 403)


async def test_p5_interest_is_kept_once_and_the_first_time_counts(shop: ShopClient) -> None:
    await launch_early(shop)

    first = (await tell_interest(shop, "ann")).json()
    with later(shop, hours=1.5):
        assert (await tell_interest(shop, "ann")).json() == first
        again = await shop.api.post("/v1/campaigns:interest", json={"id": "c1", "shopper_id": "ann"})

    assert again.json()["at"] == first["at"]


async def test_p5_the_invited_come_first_under_any_of_their_ids(shop: ShopClient) -> None:
    await launch_early(shop, early_for={"interest": False, "shoppers": ["ann", "bea"]})
    await tell_interest(shop, "cem")
    assert (await shop.api.post("/v1/merges", json={"keep": "cem", "absorb": "bea"})).status_code == 200

    with later(shop, hours=1.5):
        for invited in ("ann", "bea", "cem"):
            assert (await ask(shop, shopper_id=invited)).status_code == 201
        await shop.push("shoppers", [{"id": "dan"}])
        check_problem(await ask(shop, shopper_id="dan"), 403)


async def test_p5_early_units_count_against_the_same_cap(shop: ShopClient) -> None:
    await launch_early(shop, caps={"total": 1})
    await tell_interest(shop, "ann")

    with later(shop, hours=1.5):
        await reserve(shop, shopper_id="ann")
        assert check_problem(await ask(shop, shopper_id="ann"), 409)["type"].endswith("/campaign_sold_out")


async def test_p5_interest_of_a_merged_shopper_goes_with_them_and_comes_back(shop: ShopClient) -> None:
    await launch_early(shop)
    await tell_interest(shop, "ann")
    merged = (await shop.api.post("/v1/merges", json={"keep": "bea", "absorb": "ann"})).json()["merge_id"]

    with later(shop, hours=1.5):
        assert (await open_as(shop, "bea")).status_code == 201
        assert (await shop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
        check_problem(await open_as(shop, "bea"), 403)
        assert (await open_as(shop, "ann")).status_code == 201


async def test_p5_a_campaign_that_is_over_has_nothing_to_wait_for(shop: ShopClient) -> None:
    await launch_early(shop)
    assert (await shop.api.post("/v1/campaigns:transition", json={"id": "c1", "to": "cancelled"})).status_code == 200

    check_problem(await tell_interest(shop, "ann"), 409)
    check_problem(await shop.api.post("/v1/campaigns:interest", json={"id": "nope", "shopper_id": "ann"}), 404)
