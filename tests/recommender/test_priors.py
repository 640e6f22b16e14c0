"""Priors of a vertical: learned only from shops that agreed, published only when enough people stand behind them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from api.worker import work
from infra.jobs import defer
from infra.settings import Settings
from recommender.priors import Part, item_type, learn_priors, publishable, read_part, read_prior
from tests.support.databases import own_database
from tests.support.problems import check_problem
from tests.support.service import Service, run_service
from tests.support.shop import ShopClient, open_test_shop, order

BUYERS = {"Sneakers": 12, "Sandals": 12}
"""Shoppers by type: each buys one product of it."""


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """Lastbook on a database of each test's own: a vertical is of all tenants that there are."""
    async with own_database(settings) as own, run_service(own) as running:
        yield running


@asynccontextmanager
async def shops_of(
    service: Service, *buyers: Mapping[str, int], shares: bool = True
) -> AsyncIterator[list[ShopClient]]:
    """A shop for each, all of the vertical shoes."""
    async with AsyncExitStack() as stack:
        shops = []
        for bought in buyers:
            shop = await open_test_shop(service)
            await stack.enter_async_context(shop.api)
            await stack.enter_async_context(shop.page)
            await name_vertical(shop, shares=shares)
            await sell(shop, bought)
            shops.append(shop)
        yield shops


async def name_vertical(shop: ShopClient, name: str = "Shoes", *, shares: bool = True) -> None:
    answer = await shop.api.put("/v1/vertical", json={"vertical": name, "shares_statistics": shares})
    assert answer.status_code == 200, answer.text


async def sell(shop: ShopClient, buyers: Mapping[str, int], *, days_ago: float = 5, **fields: str) -> None:
    """One order a shopper and type."""
    ordered_at = shop.service.clock() - timedelta(days=days_ago)
    for name in buyers:
        await shop.stock(f"p-{name.strip()}", categories=["Everything", name])
    orders = [
        order(f"{name}-{buyer}", [f"p-{name.strip()}"], shopper_id=f"s{buyer}", ordered_at=ordered_at, **fields)
        for name, count in buyers.items()
        for buyer in range(count)
    ]
    assert (await shop.push("orders", orders)).json()["rejected"] == 0


async def learned(service: Service) -> set[str]:
    """The types that are published after the day's computation."""
    await learn_priors(service.db, service.clock)
    async with service.db.system() as conn:
        return {row["item_type"] for row in await conn.fetch("select item_type from vertical_priors")}


async def prior(shop: ShopClient) -> Mapping[str, float]:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await read_prior(conn)


async def test_r4_three_shops_that_agreed_give_a_new_shop_of_the_vertical_what_is_usual(service: Service) -> None:
    async with (
        shops_of(service, BUYERS, BUYERS, {"Sneakers": 30, " SANDALS ": 10}),
        shops_of(service, {}, shares=False) as [newcomer],
    ):
        assert await prior(newcomer) == {}
        assert await learned(service) == {"sneakers", "sandals"}

        assert await prior(newcomer) == pytest.approx({"sneakers": 0.5, "sandals": 0.35}, rel=0.05)
        await name_vertical(newcomer, "toys")
        assert await prior(newcomer) == {}


async def test_r4_a_new_shop_shows_what_is_usual_and_says_where_it_comes_from(service: Service) -> None:
    async with shops_of(service, *[{"Boots": 12}] * 3, {}) as [*_, new]:
        await learned(service)
        await new.stock("lace", categories=["Laces"])
        await new.stock("boot", categories=["boots "])
        await new.stock("sole", categories=["Soles"])
        slot = (await new.ask("home-for-you")).json()["slots"][0]
        assert (slot["source"], slot["products"][0]["id"], len(slot["products"])) == ("prior", "boot", 3)


async def test_r4_two_shops_that_agreed_are_not_enough(service: Service) -> None:
    async with shops_of(service, BUYERS, BUYERS), shops_of(service, BUYERS, shares=False):
        assert await learned(service) == set()


async def test_r4_a_type_needs_ten_shoppers_in_each_of_three_shops(service: Service) -> None:
    few = {**BUYERS, "Boots": 9}
    async with shops_of(service, {**BUYERS, "Boots": 50}, {**BUYERS, "Boots": 50}, few) as shops:
        assert await learned(service) == {"sneakers", "sandals"}

        await sell(shops[2], {"Sneakers": 0, "Sandals": 0, "Boots": 10})
        assert await learned(service) == {"sneakers", "sandals", "boots"}


async def test_r4_one_shopper_who_buys_ten_times_counts_once(service: Service) -> None:
    async with shops_of(service, BUYERS, BUYERS, {"Sneakers": 12, "Sandals": 9}) as shops:
        again = [
            order(f"again-{number}", ["p-Sandals"], shopper_id="s1", ordered_at=service.clock() - timedelta(days=1))
            for number in range(10)
        ]
        await shops[2].push("orders", again)
        assert await learned(service) == {"sneakers"}


async def test_r4_a_shop_that_takes_its_consent_back_is_out_at_the_next_computation(service: Service) -> None:
    async with shops_of(service, BUYERS, BUYERS, BUYERS) as shops:
        assert await learned(service) == {"sneakers", "sandals"}
        await name_vertical(shops[0], shares=False)
        assert await learned(service) == set()


async def test_r4_the_worker_computes_the_priors(service: Service) -> None:
    async with shops_of(service, BUYERS, BUYERS, BUYERS) as shops:
        async with service.db.system() as conn:
            await defer(conn, "learn_priors", {"timestamp": "0"})
        await work(service.settings, until_empty=True)
        assert set(await prior(shops[0])) == {"sneakers", "sandals"}


async def test_r4_figures_older_than_a_day_count_no_more_even_when_the_job_fails(service: Service) -> None:
    async with shops_of(service, BUYERS, BUYERS, BUYERS) as shops:
        await learned(service)
        assert await prior(shops[0]) != {}
        async with service.db.system() as conn:
            await conn.execute("update vertical_priors set computed_at = now() - interval '26 hours'")
        assert await prior(shops[0]) == {}


async def test_r4_what_is_old_cancelled_or_of_someone_who_objected_is_no_part(service: Service) -> None:
    async with shops_of(service, {"New": 11}) as [shop]:
        await sell(shop, {"Old": 12}, days_ago=100)
        await sell(shop, {"Cancelled": 12}, status="cancelled")
        assert await part_of(shop) == {"new": 1.0}
        await object_to_personalisation(shop, "s0")
        assert await part_of(shop) == {"new": 1.0}
        await object_to_personalisation(shop, "s1")
        assert await part_of(shop) == {}


async def part_of(shop: ShopClient) -> Mapping[str, float]:
    """The share of each type that the shop would bring."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        part = await read_part(conn, now=shop.service.clock())
    assert part is not None
    return part.shares


async def object_to_personalisation(shop: ShopClient, shopper: str) -> None:
    consent = {"purpose": "personalisation", "granted": False, "at": "2026-03-02T12:00:00Z", "source": "account"}
    assert (await shop.api.put(f"/v1/consents/{shopper}", json=consent)).status_code == 200


async def test_r4_a_tenant_can_neither_read_another_ones_rows_nor_write_the_priors(service: Service) -> None:
    async with shops_of(service, BUYERS, BUYERS, BUYERS) as shops:
        await learned(service)
        async with service.db.tenant(shops[0].keys.tenant_id) as conn:
            assert await conn.fetchval("select count(*) from vertical_settings") == 1
            assert await conn.execute("delete from vertical_priors") == "DELETE 0"
        async with service.db.system() as conn:
            assert await conn.fetchval("select count(*) from vertical_settings") == 0
            assert await conn.fetchval("select count(*) from orders") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with service.db.tenant(shops[0].keys.tenant_id) as conn:
                await conn.execute("insert into vertical_priors values ('shoes', 'mine', 1, 3)")


async def test_r4_a_vertical_is_kept_in_one_spelling_and_audited(shop: ShopClient) -> None:
    assert (await shop.api.get("/v1/vertical")).json() == {"vertical": "", "shares_statistics": False}
    stored = await shop.api.put("/v1/vertical", json={"vertical": "  Running  SHOES ", "shares_statistics": True})
    expected = {"vertical": "running shoes", "shares_statistics": True}
    assert stored.json() == (await shop.api.get("/v1/vertical")).json() == expected
    assert (await shop.api.put("/v1/vertical", json={"vertical": "ß" * 60})).status_code == 200
    without = await shop.api.put("/v1/vertical", json={"shares_statistics": True})
    assert without.json() == {"vertical": "", "shares_statistics": False}
    check_problem(await shop.api.put("/v1/vertical", json={"vertical": "x" * 61}), 422)
    check_problem(await shop.api.put("/v1/vertical", json={"vertical": "x", "share": True}), 422)


def shares(*each: float) -> Sequence[Part]:
    return [Part("shoes", {"boots": share}) for share in each]


def test_r4_one_shop_far_from_the_others_does_not_decide() -> None:
    [calm], [wild] = publishable(shares(0.1, 0.1, 0.1)), publishable(shares(0.1, 0.1, 1.0))
    assert wild.share <= calm.share * 2
    assert (calm.vertical, calm.item_type, calm.tenants) == ("shoes", "boots", 3)


def test_r4_a_shop_that_joins_moves_a_figure_by_whole_steps_so_that_its_own_cannot_be_told() -> None:
    [before] = publishable(shares(0.09, 0.09, 0.09))
    after = {publishable(shares(0.09, 0.09, 0.09, joined))[0].share for joined in (0.06, 0.09, 0.12)}
    assert after == {before.share}


def test_r4_shops_of_other_verticals_do_not_count_together() -> None:
    assert publishable([Part(vertical, {"boots": 0.1}) for vertical in ("shoes", "shoes", "toys")]) == []


def test_r4_a_products_type_is_its_last_category_in_one_spelling() -> None:
    assert item_type(["Women", " Running  Shoes"]) == "running shoes"
    assert item_type([]) is None
    assert item_type(["Women", " "]) is None
