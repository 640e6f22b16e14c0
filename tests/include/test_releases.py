"""/w/<version>/…: what a page pinned is what it gets, for good, and it can check it."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.public.releases import Releases
from infra.artifacts import Artifacts, open_artifacts
from infra.errors import NotFound
from tests.support.problems import check_problem
from tests.support.service import Service
from tests.support.shop import ShopClient
from widgets.assets import Asset, load_assets, pack
from widgets.releases import release_of

_A_MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Away(Artifacts):
    """Storage that cannot be reached."""

    def __init__(self) -> None:
        pass

    async def put(self, key: str, data: bytes) -> None:
        raise OSError("away")

    async def list_keys(self, prefix: str) -> list[str]:
        raise OSError("away")


def older(text: str = "export const old = 1;") -> Mapping[str, Asset]:
    return {**load_assets(), "lastbook.js": pack("lastbook.js", text.encode())}


async def test_every_file_of_the_newest_version_is_served_for_good_with_its_hash(shop: ShopClient) -> None:
    said = (await shop.page.get("/w/v1/versions")).json()
    newest = next(one for one in said["versions"] if one["version"] == said["current"])
    assert newest["files"].keys() == load_assets().keys()
    for name, wanted in newest["files"].items():
        answer = await shop.page.get(f"/w/{said['current']}/{name}")
        assert answer.content == (await shop.page.get(f"/w/v1/{name}")).content
        assert wanted == "sha384-" + base64.b64encode(hashlib.sha384(answer.content).digest()).decode()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_an_older_version_is_served_by_a_service_that_never_had_it(service: Service, shop: ShopClient) -> None:
    artifacts, files = open_artifacts(service.settings.artifacts_url), older()
    version = release_of(files).version
    await Releases(files).publish(artifacts)
    try:
        service.clock.ahead += _A_MINUTE
        listed = (await shop.page.get("/w/v1/versions")).json()
        assert version in [one["version"] for one in listed["versions"]] != [listed["current"]]
        answer = await shop.page.get(f"/w/{version}/lastbook.js")
        assert answer.text == "export const old = 1;"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        check_problem(await shop.page.get(f"/w/{version}/other.js"), 404)
    finally:
        service.clock.ahead -= _A_MINUTE
        await artifacts.delete_prefix(f"widgets/{version}/")


@pytest.mark.parametrize("version", ["0.1.0-000000000000", "v2", "v1.", "0.1.0", "%2e%2e", "x" * 500])
async def test_a_version_that_never_was_is_not_found(shop: ShopClient, version: str) -> None:
    check_problem(await shop.page.get(f"/w/{version}/lastbook.js"), 404)


async def test_a_file_that_was_damaged_in_the_storage_is_not_served(tmp_path: Path) -> None:
    artifacts, files = open_artifacts(tmp_path.as_uri()), older()
    version = release_of(files).version
    await Releases(files).publish(artifacts)
    await artifacts.put(f"widgets/{version}/lastbook.js", b"steal()")
    releases = Releases(load_assets())
    with pytest.raises(NotFound):
        await releases.find_file(artifacts, version, "lastbook.js", now=NOW)
    assert (await releases.find_file(artifacts, version, "lastbook.css", now=NOW)).body == files["lastbook.css"].body


async def test_a_version_whose_files_are_not_all_there_yet_is_none(tmp_path: Path) -> None:
    artifacts, files = open_artifacts(tmp_path.as_uri()), older()
    version = release_of(files).version
    await Releases(files).publish(artifacts)
    await artifacts.delete(f"widgets/{version}/release.json")
    releases = Releases(load_assets())
    with pytest.raises(NotFound):
        await releases.find_file(artifacts, version, "lastbook.js", now=NOW)
    await Releases(files).publish(artifacts)
    later = NOW + timedelta(seconds=6)
    assert (await releases.find_file(artifacts, version, "lastbook.js", now=later)).body == b"export const old = 1;"


async def test_while_the_storage_is_away_the_newest_version_is_served() -> None:
    releases = Releases(load_assets())
    await releases.publish(Away())
    assert await releases.list_releases(Away(), now=NOW) == [releases.newest]
    found = await releases.find_file(Away(), releases.newest.version, "lastbook.js", now=NOW)
    assert found.body == load_assets()["lastbook.js"].body


def test_the_same_files_have_the_same_version_and_others_another() -> None:
    assert release_of(load_assets()) == release_of(load_assets())
    versions = {release_of(one).version for one in (load_assets(), older(), older("export const old = 2;"))}
    assert len(versions) == 3
