"""Caps: how much there is of a campaign (P2)."""

import asyncio
import os

import pytest

from tenants.campaign_acts import ask_transition
from tests.campaigns.merchant import ask, caps, held_units, later, launch, reserve, state, tick, wish
from tests.support.databases import as_admin
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

RUNS = int(os.environ.get("LASTBOOK_CAP_RUNS", "2"))
"""Of 500 at once."""


async def rush(shop: ShopClient, number: int) -> list[int]:
    """So many at the same moment, 100 on the way at once; each answer's status."""
    gate = asyncio.Semaphore(100)

    async def one(place: int) -> int:
        """A service that is too busy stores nothing and says when to come again."""
        status = 503
        while status == 503:
            async with gate:
                answer = await shop.api.post("/v1/preorders", json=wish(guest_email=f"g{place}@example.com"))
            status = answer.status_code
        return status

    return list(await asyncio.gather(*(one(place) for place in range(number))))


async def test_p2_200_at_once_on_a_cap_of_50_are_50_reservations_and_150_refusals(shop: ShopClient) -> None:
    await launch(shop, caps={"total": 50})

    statuses = await rush(shop, 200)

    assert (statuses.count(201), statuses.count(409)) == (50, 150)
    assert await caps(shop) == {"total": (50, 50)}
    assert await held_units(shop) == 50


@pytest.mark.parametrize("run", range(RUNS))
async def test_p2_500_at_once_never_oversell_and_leave_nothing_unsold(shop: ShopClient, run: int) -> None:
    cap = 37 + run * 9
    await launch(shop, caps={"total": cap})

    statuses = await rush(shop, 500)

    assert (statuses.count(201), statuses.count(409)) == (cap, 500 - cap)
    assert await held_units(shop) == cap


async def test_p2_what_is_sold_out_is_a_conflict_that_says_so(shop: ShopClient) -> None:
    await launch(shop, caps={"total": 3})
    await reserve(shop, quantity=2)

    refused = check_problem(await ask(shop, quantity=2), 409)

    assert refused["type"].endswith("/campaign_sold_out")
    assert await caps(shop) == {"total": (3, 2)}
    await reserve(shop, quantity=1)


async def test_p2_a_reservation_that_nobody_pays_gives_its_units_back(shop: ShopClient) -> None:
    await launch(shop, caps={"total": 1})
    await reserve(shop)
    assert (await ask(shop)).status_code == 409

    with later(shop, minutes=31):
        await tick(shop)
        await reserve(shop)

    assert await caps(shop) == {"total": (1, 1)}
    assert await state(shop) == "open"


async def test_p2_who_waits_while_the_campaign_closes_is_not_let_in(shop: ShopClient) -> None:
    """The reservation has read that the campaign is open, and waits for the row that closing it has locked."""
    await launch(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await ask_transition(conn, "c1", "closed", reason="", now=shop.service.clock(), actor="test")
        waiting = asyncio.create_task(ask(shop))
        await until(lambda: _waits(shop))

    assert check_problem(await waiting, 409)["type"].endswith("/campaign_not_open")
    assert await caps(shop) == {"total": (50, 0)}


async def _waits(shop: ShopClient) -> bool:
    """Whether a reservation waits for another transaction."""
    async with as_admin(shop.service.settings) as admin:
        waiting: bool = await admin.fetchval(
            "select exists (select from pg_stat_activity"
            " where wait_event_type = 'Lock' and query like '%campaign_caps%' and datname = current_database())"
        )
    return waiting
