"""Refreshing: what was read but not taken in is read again, and nothing is shown before its filter is ready."""

import asyncio
import threading
from typing import Any

import pytest

from infra.artifacts import open_artifacts
from recommender.serving import live_tenants
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.live_tenants import LiveTenants
from recommender.serving.rules import compile_rules
from tests.serving.shops import NOW
from tests.support.polling import until
from tests.support.shop import ShopClient


class Broken(Exception):
    """What stands for a lost connection, a full disk, a bug."""


@pytest.fixture
async def live(shop: ShopClient) -> tuple[LiveTenants, LiveTenant]:
    """A shop with a red and a blue product, loaded into a memory of the test's own."""
    await shop.stock("red", attributes={"colour": "red"})
    await shop.stock("blue", attributes={"colour": "blue"})
    all_live = LiveTenants(shop.service.db, open_artifacts(shop.service.settings.artifacts_url), shop.service.clock)
    return all_live, await all_live.get(shop.keys.tenant_id)


def sells(live: LiveTenant, placement: str = "home-popular") -> list[str]:
    mask = live.mask(placement, NOW)
    return sorted(live.catalogue.ids[row] for row in range(len(mask)) if mask[row])


async def put(shop: ShopClient, kind: str, name: str, **document: Any) -> None:
    answer = await shop.api.put(f"/v1/{kind}/{name}", json={"id": name, **document})
    assert answer.status_code == 200, answer.text


async def break_once(all_live: LiveTenants, live: LiveTenant, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise Broken

    with monkeypatch.context() as patched:
        patched.setattr(live_tenants, name, fail)
        with pytest.raises(Broken):
            await all_live._refresh(live)


@pytest.mark.parametrize("broken", ["_read_catalogue", "find_active_version"])
async def test_r5_a_rule_that_came_with_a_refresh_that_broke_counts_after_the_next(
    shop: ShopClient, live: tuple[LiveTenants, LiveTenant], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    await put(shop, "rules", "no-red", action="hide", when='product.attributes.colour == "red"')
    await break_once(*live, monkeypatch, broken)
    await live[0]._refresh(live[1])
    assert sells(live[1]) == ["blue"]


async def test_r5_a_product_that_changed_in_a_refresh_that_broke_is_judged_in_the_next(
    shop: ShopClient, live: tuple[LiveTenants, LiveTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(shop, "rules", "no-red", action="hide", when='product.attributes.colour == "red"')
    await live[0]._refresh(live[1])
    await shop.stock("blue", attributes={"colour": "red"})
    await break_once(*live, monkeypatch, "find_active_version")
    assert sells(live[1]) == []
    await live[0]._refresh(live[1])
    assert sells(live[1]) == []


async def test_r5_a_new_placement_is_there_no_sooner_than_its_filter(
    shop: ShopClient, live: tuple[LiveTenants, LiveTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(shop, "placements", "reds", strategy="new", filter='product.attributes.colour == "red"')
    judging, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any, **more: Any) -> Any:
        judging.set()
        assert go_on.wait(10)
        return compile_rules(*args, **more)

    monkeypatch.setattr(live_tenants, "compile_rules", slowly)
    refreshing = asyncio.create_task(live[0]._refresh(live[1]))
    assert await asyncio.to_thread(judging.wait, 10)
    early = "reds" in live[1].placements
    go_on.set()
    await refreshing
    assert not early
    assert sells(live[1], "reds") == ["red"]


async def test_b10_a_placement_reaches_pages_without_judging_the_catalogue_anew(
    shop: ShopClient, live: tuple[LiveTenants, LiveTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(shop, "rules", "no-red", action="hide", when='product.attributes.colour == "red"')
    await live[0]._refresh(live[1])
    await put(shop, "placements", "place", strategy="new", heading="Hot")
    await shop.stock("green", attributes={"colour": "red"})

    def refuse(*_: object, **__: object) -> None:
        raise Broken

    with monkeypatch.context() as patched:
        patched.setattr(live_tenants, "compile_rules", refuse)
        await live[0]._refresh(live[1])
        assert (live[1].placements["place"].heading, sells(live[1])) == ("Hot", ["blue"])
        await put(shop, "placements", "place", strategy="new", filter='product.attributes.colour != "blue"')
        with pytest.raises(Broken):
            await live[0]._refresh(live[1])
    await live[0]._refresh(live[1])
    assert sells(live[1], "place") == []


async def test_what_was_taken_in_before_a_refresh_broke_is_not_answered_from_memory_of_before(
    shop: ShopClient, live: tuple[LiveTenants, LiveTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = live[1].generation
    await shop.stock("green")
    await break_once(*live, monkeypatch, "find_active_version")
    assert live[1].generation != before


async def test_r4_a_shop_whose_rules_take_long_keeps_no_other_waiting(
    shop: ShopClient, other_shop: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any, **more: Any) -> Any:
        judging.set()
        assert go_on.wait(20)
        return compile_rules(*args, **more)

    for one in (shop, other_shop):
        await one.stock("boots")
        await one.shown()
    monkeypatch.setattr(live_tenants, "compile_rules", slowly)
    try:
        await put(shop, "rules", "no-boots", action="hide", products=["boots"])
        assert await asyncio.to_thread(judging.wait, 10)
        await other_shop.stock("fresh")

        async def is_shown() -> bool:
            return "fresh" in await other_shop.shown()

        await until(is_shown, seconds=5)
        await shop.stock("socks")  # while it is being refreshed: not lost
    finally:
        go_on.set()

    async def is_in_force() -> bool:
        return await shop.shown() == ["socks"]

    await until(is_in_force, seconds=5)


async def test_r2_a_shop_is_served_without_its_model_while_the_storage_is_away(
    shop: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.stock("boots", "laces", "socks")
    await shop.sell({f"s{number}": ["boots", "laces", "socks"] for number in range(6)})
    assert (await shop.train()).status == "active"
    all_live = LiveTenants(shop.service.db, open_artifacts(shop.service.settings.artifacts_url), shop.service.clock)

    async def fail(*_: object) -> None:
        raise OSError("no route")

    with monkeypatch.context() as patched:
        patched.setattr(live_tenants, "load_model", fail)
        live = await all_live.get(shop.keys.tenant_id)
    assert (live.version_id, len(sells(live))) == (None, 3)
    await all_live._refresh(live)
    assert live.version_id is not None
