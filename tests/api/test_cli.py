"""The operator's command line, as an operator runs it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from infra.settings import Settings
from tenants.audit import list_audit
from tests.support.polling import until
from tests.support.processes import working
from tests.support.service import Service
from tests.support.shop import ShopClient, product


async def test_import_names_bad_lines_and_stores_the_others(shop: ShopClient, tmp_path: Path) -> None:
    file = tmp_path / "products.ndjson"
    file.write_text(f"{_json('p1')}\n{_json('p2', title='')}\nnot json\n{_json('p4')}\n")

    with working(shop.service.settings).running():
        said = await _import(shop, "products", str(file), key=shop.keys.secret.secret)

    assert said.returncode == 1
    assert "2 created, 2 rejected" in said.stderr
    assert "2,title," in said.stderr
    assert "3,,is not valid JSON" in said.stderr
    assert [item["id"] for item in (await shop.api.get("/v1/products")).json()["items"]] == ["p1", "p4"]


async def test_import_prints_the_column_of_each_field_and_a_dry_run_stores_nothing(
    shop: ShopClient, tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_text("Nr;Titel;Link;Preis;x\np1;Mug;https://shop.example/p1;1,50;\n")

    with working(shop.service.settings).running():
        words = ("products", str(file), "--mapping", '{"Nr": "id"}', "--dry-run")
        said = await _import(shop, *words, key=shop.keys.secret.secret)

    assert said.returncode == 0, said.stderr
    assert "Nr → id" in said.stderr
    assert "Preis → price" in said.stderr
    assert "x → (left out)" in said.stderr
    assert "would be 1 created" in said.stderr
    assert (await shop.api.get("/v1/products")).json()["items"] == []


async def test_import_says_in_a_sentence_why_a_key_is_refused(shop: ShopClient, tmp_path: Path) -> None:
    file = tmp_path / "products.ndjson"
    file.write_text(_json("p1"))

    said = await _import(shop, "products", str(file), key="lb_sk_mistyped")

    assert said.returncode == 1
    assert "mistyped or cut" in said.stderr
    assert "Traceback" not in said.stderr


async def test_tenant_prints_keys_once_and_refuses_a_taken_name(service: Service) -> None:
    words = ("tenant", "cli-shop", "--name", "CLI", "--currency", "EUR", "--owner", "me@shop.example")
    first = await _in_thread(service.settings, *words)
    second = await _in_thread(service.settings, *words)

    assert first.returncode == 0
    assert ["_".join(key.split("_", 2)[:2]) for key in _keys(first.stderr)] == ["lb_pk", "lb_sk", "lb_sig"]
    assert second.returncode == 1
    assert "'cli-shop' is taken" in second.stderr


async def test_a_key_is_changed_for_another_and_the_old_one_refused(shop: ShopClient) -> None:
    settings = shop.service.settings
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        slug = await conn.fetchval("select slug from tenants")

    added = await _in_thread(settings, "keys", slug, "--add", "secret")
    revoked = await _in_thread(settings, "keys", slug, "--revoke", str(shop.keys.secret.key_id))

    assert (added.returncode, revoked.returncode) == (0, 0), added.stderr + revoked.stderr
    assert f"{shop.keys.secret.key_id}  secret      …{shop.keys.secret.secret[-4:]}   revoked" in revoked.stderr

    async def refused() -> bool:
        return (await shop.api.get("/v1/products")).status_code == 401

    await until(refused, seconds=5)
    (fresh,) = _keys(added.stderr)
    answer = await shop.page.get("/v1/products", headers={"Authorization": f"Bearer {fresh}"})
    assert answer.status_code == 200
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        assert [row.action for row in await list_audit(conn)][:2] == ["revoke key", "open secret key"]


async def test_train_of_an_empty_shop_says_that_there_is_nothing_to_learn_from(shop: ShopClient) -> None:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        slug = await conn.fetchval("select slug from tenants")

    said = await _in_thread(shop.service.settings, "train", slug)

    assert said.returncode == 1
    assert "There are no orders to learn from yet." in said.stderr


async def _import(shop: ShopClient, *words: str, key: str) -> "subprocess.CompletedProcess[str]":
    return await _in_thread(shop.service.settings, "import", *words, LASTBOOK_KEY=key)


async def _in_thread(settings: Settings, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """The service answers on this event loop, so the command waits in a thread."""
    return await asyncio.to_thread(_run, settings, words, more)


def _run(settings: Settings, words: tuple[str, ...], more: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    addresses = {
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "ARTIFACTS_URL": settings.artifacts_url,
        "LASTBOOK_DATA_DIR": str(settings.data_dir),
        "LASTBOOK_URL": settings.public_url,
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "api", *words]
    environment = {**os.environ, **addresses, **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _json(product_id: str, **fields: object) -> str:
    return json.dumps(product(product_id, **fields))


def _keys(text: str) -> list[str]:
    return [word for word in text.split() if word.startswith("lb_")]
