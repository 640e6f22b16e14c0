"""The snippet: what `lastbook-server snippet` prints is what a page needs."""

import os
import subprocess
import sys

from tests.support.shop import ShopClient
from widgets.assets import load_assets
from widgets.releases import release_of
from widgets.snippet import make_snippet


def test_a_snippet_loads_the_newest_files_or_one_version_with_its_hash() -> None:
    newest = make_snippet("https://lastbook.example/", "lb_pk_x")
    assert newest.splitlines()[:3] == [
        '<link rel="stylesheet" href="https://lastbook.example/w/v1/shop.css?key=lb_pk_x">',
        '<script type="module" async="" src="https://lastbook.example/w/v1/lastbook.js" data-key="lb_pk_x"'
        ' data-consent="auto"></script>',
        '<lastbook-slot name="home-for-you" layout="carousel" limit="12">',
    ]
    release = release_of(load_assets())
    pinned = make_snippet("https://lastbook.example", "lb_pk_x", release=release).splitlines()[1]
    assert f'src="https://lastbook.example/w/{release.version}/lastbook.js"' in pinned
    assert f'integrity="{release.files["lastbook.js"]}" crossorigin="anonymous"' in pinned


def test_a_snippet_links_the_shops_own_copy_of_the_style_sheet() -> None:
    lines = make_snippet("https://lastbook.example", "lb_pk_x", style="/lastbook.css").splitlines()
    assert lines[0] == '<link rel="stylesheet" href="/lastbook.css">'
    assert "https://lastbook.example/w/v1/lastbook.js" in lines[1]


def test_a_snippet_holds_whatever_it_is_given_as_text() -> None:
    made = make_snippet('https://x.example/"><script>', '"><script>', slot={"name": '"><img src=x>'}, consent='"')
    assert ("<img" in made, made.count("<script")) == (False, 1)


async def test_the_command_prints_it_for_a_shop_s_own_key_only(shop: ShopClient, other_shop: ShopClient) -> None:
    own, slug = shop.keys.publishable.secret, await _slug(shop)
    said = _run(shop, slug, "--key", own, "--pinned")
    assert said.returncode == 0, said.stderr
    assert said.stdout.count(own) == 2
    assert 'integrity="sha384-' in said.stdout
    assert "lb_pk_YOUR-KEY" in _run(shop, slug).stdout
    for wrong in (shop.keys.secret.secret, other_shop.keys.publishable.secret):
        refused = _run(shop, slug, "--key", wrong)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "no publishable key" in refused.stderr


def _run(shop: ShopClient, *words: str) -> "subprocess.CompletedProcess[str]":
    settings = shop.service.settings
    machines = {
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "ARTIFACTS_URL": settings.artifacts_url,
        "LASTBOOK_DATA_DIR": str(settings.data_dir),
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "api", "snippet", *words]
    return subprocess.run(
        command, env={**os.environ, **machines}, capture_output=True, text=True, timeout=60, check=False
    )


async def _slug(shop: ShopClient) -> str:
    async with shop.service.db.system() as conn:
        return str(await conn.fetchval("select slug from tenants where tenant_id = $1", shop.keys.tenant_id))
