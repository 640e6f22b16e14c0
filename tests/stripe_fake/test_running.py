"""Running: the stand-in in its own process beside the data, joined, killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import httpx2
import pytest

from infra.embedded import EmbeddedFailed
from infra.embedded.stripe.running import EmbeddedStripe, run_stripe
from infra.machines import is_on_this_machine, taking_payments
from infra.settings import read_settings
from infra.stripe import WEBHOOK_PATH, open_stripe
from tests.stripe_fake.people import pay
from tests.support.polling import until
from tests.support.processes import find_processes, is_running

CHILD = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from infra.embedded import EmbeddedFailed
from infra.embedded.stripe.running import run_stripe
with run_stripe(Path(sys.argv[1])) as fake:
    print(json.dumps(asdict(fake)), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", EmbeddedStripe]]:
    """A process that owns the stand-in of `tmp_path`."""
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, EmbeddedStripe(**json.loads(process.stdout.readline()))
        if process.poll() is None:
            process.communicate("", timeout=30)


async def _pay(fake: EmbeddedStripe) -> str:
    settings = replace(read_settings({}), stripe_api_key=fake.api_key, stripe_base_url=fake.url)
    async with open_stripe(settings) as client:
        return (await pay(client, "pm_card_visa")).id


async def _status(fake: EmbeddedStripe, intent: str) -> str:
    settings = replace(read_settings({}), stripe_api_key=fake.api_key, stripe_base_url=fake.url)
    async with open_stripe(settings) as client:
        return (await client.v1.payment_intents.retrieve_async(intent)).status


async def test_its_books_and_address_survive_a_restart(tmp_path: Path) -> None:
    with run_stripe(tmp_path) as fake:
        intent = await _pay(fake)
    with run_stripe(tmp_path) as again:
        assert again == fake
        assert await _status(again, intent) == "succeeded"
    assert (tmp_path / "stripe" / "keys.json").stat().st_mode & 0o077 == 0


async def test_a_second_process_joins_and_leaves_it_running(
    tmp_path: Path, owner: tuple["subprocess.Popen[str]", EmbeddedStripe]
) -> None:
    with run_stripe(tmp_path) as joined:
        assert joined == owner[1]
        intent = await _pay(joined)
    assert await _status(owner[1], intent) == "succeeded"


async def test_it_ends_with_its_owner_and_the_next_one_takes_over(
    tmp_path: Path, owner: tuple["subprocess.Popen[str]", EmbeddedStripe]
) -> None:
    process, fake = owner
    intent = await _pay(fake)
    children = _programs(tmp_path)
    assert len(children) == 1
    process.kill()
    process.wait(10)
    await until(lambda: _ended(children[0]))
    with run_stripe(tmp_path) as again:
        assert again == fake
        assert await _status(again, intent) == "succeeded"


async def test_one_that_dies_alone_is_started_again(tmp_path: Path) -> None:
    with run_stripe(tmp_path) as fake:
        intent = await _pay(fake)
        await until(lambda: _written(tmp_path, intent))
        first = _programs(tmp_path)[0]
        os.kill(first, signal.SIGKILL)
        await until(lambda: _answers(fake))
        assert first not in _programs(tmp_path)
        assert await _status(fake, intent) == "succeeded"


def test_another_port_is_taken_when_somebody_has_the_old_one(tmp_path: Path) -> None:
    with run_stripe(tmp_path) as fake:
        (tmp_path / "other" / "stripe").mkdir(parents=True)
        (tmp_path / "other" / "stripe" / "keys.json").write_text(json.dumps(asdict(fake)))
        with run_stripe(tmp_path / "other") as other:
            assert (other.url != fake.url, other.api_key) == (True, fake.api_key)


def test_settings_name_the_stand_in_only_without_a_key(tmp_path: Path) -> None:
    settings = read_settings({"LASTBOOK_DATA_DIR": str(tmp_path), "LASTBOOK_PORT": "1"})
    with taking_payments(settings) as ready:
        assert (ready.stripe_api_key or "").startswith("sk_test_")
        assert ready.stripe_base_url is not None
        headers = {"Authorization": f"Bearer {ready.stripe_api_key}"}
        with httpx2.Client(base_url=ready.stripe_base_url, headers=headers, trust_env=False) as http:
            endpoints = http.get("/v1/webhook_endpoints").json()["data"]
        assert [one["url"] for one in endpoints] == [f"http://127.0.0.1:1{WEBHOOK_PATH}"]
    with taking_payments(replace(settings, stripe_api_key="sk_test_of_our_own")) as ready:
        assert (ready.stripe_api_key, ready.stripe_base_url) == ("sk_test_of_our_own", None)


@pytest.mark.parametrize("url", ["https://shop.example", "http://0.0.0.0:8000", "http://192.168.1.5", "http://[::]:1"])
def test_there_is_no_stand_in_on_an_address_that_others_can_reach(tmp_path: Path, url: str) -> None:
    settings = read_settings({"LASTBOOK_DATA_DIR": str(tmp_path / "data"), "LASTBOOK_PUBLIC_URL": url})
    with taking_payments(settings) as ready:
        assert ready == settings
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.2", "http://[::1]:1", "http://a.localhost"])
def test_addresses_of_this_machine_are_known(url: str) -> None:
    assert is_on_this_machine(url)


def test_a_folder_that_cannot_be_made_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedFailed, match="STRIPE_API_KEY"), run_stripe(tmp_path / "file" / "data"):
        pass


def test_an_address_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="STRIPE_API_KEY"):
        read_settings({"STRIPE_BASE_URL": "http://127.0.0.1:1"})
    assert read_settings({"STRIPE_API_KEY": ""}).stripe_api_key is None


async def test_without_a_key_no_client_is_made() -> None:
    with pytest.raises(ValueError, match="STRIPE_API_KEY"):
        async with open_stripe(read_settings({})):
            pass


def _programs(data_dir: Path) -> list[int]:
    """The stand-in's own processes on this folder."""
    found = find_processes("-m", "infra.embedded.stripe")
    return [pid for pid in found if Path(f"/proc/{pid}/cwd").resolve() == data_dir / "stripe"]


async def _answers(fake: EmbeddedStripe) -> bool:
    try:
        return httpx2.get(f"{fake.url}/_fake/clock", trust_env=False).status_code == 401
    except httpx2.TransportError:
        return False


async def _ended(pid: int) -> bool:
    return not is_running(pid)


async def _written(data_dir: Path, wanted: str) -> bool:
    """Whether the books on disk have it."""
    books = data_dir / "stripe" / "books.json"
    return books.exists() and wanted in books.read_text()
