"""The registry: which version serves, one at a time, and only if its files are whole."""

import asyncio
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from infra.artifacts import open_artifacts
from infra.database import Connection
from infra.errors import NotFound
from infra.ids import new_id
from recommender.model import ModelDamaged
from recommender.registry import (
    KEPT_VERSIONS,
    VersionNotReady,
    VersionNotTraining,
    fail_version,
    find_active_version,
    finish_version,
    forget_old_versions,
    list_versions,
    load_model,
    open_version,
    promote_version,
    record_progress,
)
from tests.support.polling import until
from tests.support.shop import ShopClient

SHA = bytes(32)


async def make_candidate(conn: Connection) -> UUID:
    version_id = new_id()
    await open_version(conn, version_id)
    await finish_version(conn, version_id, metrics={"lines": 3}, manifest_sha256=SHA)
    return version_id


async def statuses(conn: Connection) -> dict[UUID, str]:
    return {one.version_id: one.status for one in await list_versions(conn)}


async def test_a_candidate_that_is_promoted_serves_and_the_one_before_retires(shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        first, second = await make_candidate(conn), await make_candidate(conn)
        await promote_version(conn, first)
        await promote_version(conn, second)
        assert await statuses(conn) == {first: "retired", second: "active"}


async def test_a_retired_version_can_serve_again(shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        first, second = await make_candidate(conn), await make_candidate(conn)
        for version_id in (first, second, first):
            await promote_version(conn, version_id)
        assert await statuses(conn) == {first: "active", second: "retired"}
        active = await find_active_version(conn)
    assert active is not None
    assert (active.version_id, active.metrics, active.manifest_sha256) == (first, {"lines": 3}, SHA)


async def test_two_promotions_at_once_leave_exactly_one_active(shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        candidates = [await make_candidate(conn) for _ in range(4)]

    async def promote(version_id: UUID) -> None:
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await promote_version(conn, version_id)

    for _ in range(5):
        await asyncio.gather(*(promote(version_id) for version_id in candidates))
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            assert sorted((await statuses(conn)).values()) == ["active", "retired", "retired", "retired"]


async def test_what_failed_or_still_trains_cannot_serve(shop: ShopClient) -> None:
    failed, training = new_id(), new_id()
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await open_version(conn, failed)
        await fail_version(conn, failed, error="There are no orders to learn from yet.")
        await open_version(conn, training)
        for version_id in (failed, training):
            with pytest.raises(VersionNotReady):
                await promote_version(conn, version_id)

    for version_id in (failed, training):
        answer = await shop.api.post(f"/v1/models/{version_id}/promote")
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "version_not_ready")


async def test_an_unknown_version_and_another_tenants_are_not_found(shop: ShopClient, other_shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        theirs = await make_candidate(conn)
    async with other_shop.service.db.tenant(other_shop.keys.tenant_id) as conn:
        for version_id in (theirs, new_id()):
            with pytest.raises(NotFound):
                await promote_version(conn, version_id)
    for name in (theirs, new_id(), "no-uuid"):
        assert (await other_shop.api.post(f"/v1/models/{name}/promote")).status_code == 404


async def test_a_new_training_fails_what_an_earlier_one_left_behind(shop: ShopClient) -> None:
    left, new = new_id(), new_id()
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        active = await make_candidate(conn)
        await promote_version(conn, active)
        await open_version(conn, left)
        await open_version(conn, new)
        assert await statuses(conn) == {active: "active", left: "failed", new: "training"}
        assert {one.error for one in await list_versions(conn)} == {None, "The training was cut off."}
        with pytest.raises(VersionNotTraining):
            await finish_version(conn, left, metrics={}, manifest_sha256=SHA)


async def test_progress_is_kept_between_nothing_and_all_and_ends_with_the_training(shop: ShopClient) -> None:
    version_id = new_id()
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await open_version(conn, version_id)
        for sent, kept in ((-1.0, 0.0), (0.5, 0.5), (7.0, 1.0)):
            await record_progress(conn, version_id, stage="learning", progress=sent)
            [version] = await list_versions(conn)
            assert (version.stage, version.progress) == ("learning", kept)
        await fail_version(conn, version_id, error="No.")
        await record_progress(conn, version_id, stage="late", progress=0.1)
        [version] = await list_versions(conn)
    assert (version.status, version.stage, version.error) == ("failed", "learning", "No.")


async def test_the_active_version_and_the_newest_others_are_kept(shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        active = await make_candidate(conn)
        await promote_version(conn, active)
    made = list[UUID]()
    for _ in range(KEPT_VERSIONS + 2):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            made.append(await make_candidate(conn))

    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert set(await forget_old_versions(conn)) == set(made[:2])
        assert set(await statuses(conn)) == {active, *made[2:]}


async def test_serving_hears_of_a_promotion_when_it_commits_and_not_before(shop: ShopClient) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    assert shop.service.settings.database_url is not None
    listener = await asyncpg.connect(shop.service.settings.database_url)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        version_id = await make_candidate(conn)
    await listener.add_listener("lastbook_changes", lambda *heard: told.put_nowait(str(heard[3])))
    try:
        with pytest.raises(ZeroDivisionError):
            await promote_and_fail(shop, version_id)
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await promote_version(conn, version_id)
            assert await listener.fetchval("select true")
            assert shop.tenant_id not in drain(told)
        async with asyncio.timeout(30):
            while await told.get() != shop.tenant_id:
                pass
    finally:
        await listener.close()


async def promote_and_fail(shop: ShopClient, version_id: UUID) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await promote_version(conn, version_id)
        raise ZeroDivisionError


def drain(told: "asyncio.Queue[str]") -> set[str]:
    return {told.get_nowait() for _ in range(told.qsize())}


async def test_a_model_whose_manifest_was_changed_is_not_served_and_the_one_before_goes_on(shop: ShopClient) -> None:
    await shop.stock("p1", "p2", "p3")
    await shop.sell({"ann": ["p1", "p2"], "bo": ["p2", "p3"]})
    old, new = await shop.train(), await shop.train()
    await until(partial(is_served_by, shop, new.version_id))

    store = open_artifacts(shop.service.settings.artifacts_url)
    manifest = f"{shop.tenant_id}/models/{old.version_id}/manifest.json"
    await store.put(manifest, (await store.get(manifest)).replace(b'"lines": 4', b'"lines": 5'))
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        [damaged] = [one for one in await list_versions(conn) if one.version_id == old.version_id]
    with pytest.raises(ModelDamaged, match="manifest"):
        await load_model(store, shop.keys.tenant_id, damaged)

    assert (await shop.api.post(f"/v1/models/{old.version_id}/promote")).status_code == 200
    for product_id in ("later-1", "later-2"):  # each shows that a refresh came after the promotion
        await shop.stock(product_id)
        await until(partial(shows, shop, product_id))
    assert await is_served_by(shop, new.version_id)
    assert (await shop.ask("home-for-you", shopper="ann")).json()["slots"][0]["source"] == "model"


async def is_served_by(shop: ShopClient, version_id: UUID) -> bool:
    return bool((await shop.ask("home-popular")).json()["model"] == str(version_id))


async def shows(shop: ShopClient, product_id: str) -> bool:
    return product_id in await shop.shown("home-popular")
