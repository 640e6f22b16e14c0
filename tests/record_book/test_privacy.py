"""Measurements and privacy: they stand in their own table alone, and go with the shopper (B7)."""

import csv
import io
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import httpx2
import msgspec
import pytest

from tenants.jobs import keep_retention
from tenants.keys import open_key
from tests.privacy.people import days, erase, export, open_two_tastes, store
from tests.record_book.canaries import (
    Canary,
    count_in,
    definition,
    find_lengths,
    find_told,
    make_canaries,
    value,
)
from tests.record_book.page import ask, save, see
from tests.record_book.shoemaker import (
    agree,
    audited,
    feet,
    in_force,
    length,
    measure,
    open_record_book,
    put,
    read,
    record,
    tenths,
)
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
OWN_TABLE = "table public.measurement_values"


async def measure_in_every_way(shop: ShopClient, canaries: list[Canary]) -> None:
    """By the API once and again, by a batch, with keys, with mistakes, and by the page."""
    values = [value(one) for one in canaries]
    told = feet("mei-all", *values, kind="custom")
    keyed = {"Idempotency-Key": uuid4().hex}
    for headers in ({}, keyed, keyed):
        done = await shop.api.put("/v1/measurement-profiles/mei-all", json=told, headers=headers)
        assert len(done.json()["warnings"]) == 4, done.text
    batch = [told | {"id": "mei-batch"}, told | {"id": "no", "shopper_id": "nobody"}]
    answer = await shop.push("measurement-profiles", batch, **{"Idempotency-Key": uuid4().hex})
    assert (answer.json()["created"], answer.json()["rejected"]) == (1, 1)
    for wrong in ({"kind": "nose"}, {"shopper_id": "nobody"}, {"values": [*values, length(0, "none", key="canary_a")]}):
        check_problem(await put(shop, told | {"id": "wrong"} | wrong), 422)
    await shop.push("shoppers", [{"id": "silent"}])
    check_problem(await put(shop, told | {"id": "silent", "shopper_id": "silent"}), 409)
    assert len((await save(shop, *values, kind="custom"))["warnings"]) == 4
    check_problem(await ask(shop, "save", kind="custom", values=[*values, values[0]]), 422)


async def look_at_everything(shop: ShopClient) -> list[httpx2.Response]:
    """Every answer that says something of the shopper, but for those that reveal."""
    beacon = {"id": f"event-{uuid4()}", "type": "view", "product": "tea-1"}
    body = {"key": shop.keys.publishable.secret, "token": shop.token("mei"), "events": [beacon]}
    addresses = ("measurement-profiles", "measurement-profiles/mei-all", "measurement-versions/mei-all",
                 "profiles/mei", "shoppers/mei", "measurement-definitions")  # fmt: skip
    return [
        await shop.page.post("/public/v1/events", json=body),
        await shop.ask("home-for-you", shopper="mei"),
        await shop.api.get("/metrics"),
        *[await shop.api.get(f"/v1/{address}") for address in addresses],
    ]


async def test_b7_measurements_stand_in_their_own_table_alone(
    shop: ShopClient, capfd: pytest.CaptureFixture[str]
) -> None:
    canaries, settings = make_canaries(), shop.service.settings
    await open_two_tastes(shop)
    await open_record_book(shop, "mei", "ann")
    assert (await shop.push("measurement-definitions", [definition(one) for one in canaries])).json()["created"] == 4
    await measure_in_every_way(shop, canaries)
    answers = await look_at_everything(shop)
    await shop.sell({"mei": ["tea-1", "tea-2"]})
    assert (await shop.train()).status == "active"
    revealed = await shop.api.get("/v1/measurement-profiles/mei-all?reveal=true")
    seen = await see(shop)

    assert count_in(revealed.text, canaries) == count_in(msgspec.json.encode(seen).decode(), canaries) == 4
    assert [answer.status_code for answer in answers] == [202, *[200] * 8]
    assert [answer.url.path for answer in answers if count_in(answer.text, canaries)] == []
    assert await find_told(settings, canaries) == []
    assert await find_lengths(settings, canaries) == {OWN_TABLE}
    said = "".join(capfd.readouterr())
    assert "/v1/measurement-profiles/{id:path}" in said, "the log was not captured"
    assert count_in(said, canaries) == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_b7_a_bug_that_is_logged_shows_no_measurement(as_json: bool) -> None:
    """What stood in the variables of whoever failed."""
    ran = subprocess.run(
        [sys.executable, "-c", _BUG.format(as_json=as_json)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "the disk is full" in ran.stderr
    assert "in store" in ran.stderr
    assert [told for told in ("123.456", "31358") if told in ran.stdout + ran.stderr] == []


_BUG = """
import structlog

from infra.telemetry import configure_logs


def store(values):
    inches, tenths = values
    raise RuntimeError("the disk is full")


configure_logs(level="info", as_json={as_json})
try:
    store([100 + 23.456, 31000 + 358])
except RuntimeError as bug:
    structlog.get_logger().error("request_failed", exc_info=bug)
"""


async def test_b7_an_erased_shopper_s_measurements_are_gone_and_others_stay(
    shop: ShopClient, other_shop: ShopClient
) -> None:
    canaries = make_canaries()
    for one in (shop, other_shop):
        await open_record_book(one, "mei", "ann")
        await one.push("measurement-definitions", [definition(each) for each in canaries])
    await shop.push("people", [{"id": "mia", "shopper_id": "mei", "relation": "child"}])
    await measure(shop, feet("mei-feet", *map(value, canaries), kind="custom"))
    await measure(shop, feet("mia-feet", *map(value, canaries), kind="custom", person_id="mia"))
    await measure(shop, feet("ann-feet", length(241), shopper="ann"))
    await measure(other_shop, feet("mei-feet", length(261)))
    assert await find_lengths(shop.service.settings, canaries) == {OWN_TABLE}

    erasure = await erase(shop, shopper_id="mei")
    assert (erasure["counts"]["measurement_values"], erasure["counts"]["measurement_profiles"]) == (8, 2)
    assert await find_lengths(shop.service.settings, canaries) == set()
    assert await in_force(shop, "ann") == {("foot_length", "left"): 2410}
    assert await in_force(other_shop) == {("foot_length", "left"): 2610}


async def test_b7_a_deleted_shopper_takes_the_record_book_along(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251)))
    await shop.api.put("/v1/wishes/mei", json={"special_needs": ["wide toes"]})
    assert (await shop.api.delete("/v1/shoppers/mei")).status_code == 204

    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet"), 404)
    await open_record_book(shop, "mei")
    assert (await record(shop)).special_needs == ()


async def test_b7_an_archive_for_the_shopper_holds_every_version_of_their_measures(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "ann")
    for millimetres in (251, 252):
        await measure(shop, feet("mei-feet", length(millimetres)))
    await measure(shop, feet("ann-feet", length(241), shopper="ann"))
    await shop.api.put("/v1/wishes/mei", json={"special_needs": ["wide toes"]})
    archive = await export(shop, "mei")

    values = list(csv.DictReader(io.StringIO(archive.read("measurement_values.csv").decode())))
    assert [(one["version"], one["key"], one["value_tenth_mm"]) for one in values] == [
        ("1", "foot_length", "2510"), ("2", "foot_length", "2520"),
    ]  # fmt: skip
    kept = msgspec.json.decode(archive.read("shopper.json"))["record"]
    assert [one["external_id"] for one in kept["measurement_profiles"]] == ["mei-feet"]
    assert [one["measured_by"] for one in kept["measurement_versions"]] == ["Zhao", "Zhao"]
    assert kept["wishes"][0]["special_needs"] == ["wide toes"]


async def test_b7_versions_told_anew_go_after_ten_years_and_what_is_in_force_stays(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    for millimetres, source in ((251, "staff"), (252, "staff"), (255, "self"), (256, "self"), (253, "staff")):
        await measure(shop, feet("mei-feet", length(millimetres), source=source))

    async def keep(after: timedelta) -> int:
        return (
            await keep_retention(
                shop.service.db, store(shop), shop.keys.tenant_id, clock=lambda: shop.service.clock() + after, batch=1
            )
        )["measurement_versions"]

    assert await keep(days(3649)) == 0
    assert await keep(days(3651)) == 3
    versions = (await shop.api.get("/v1/measurement-versions/mei-feet")).json()["items"]
    assert [(one["version"], one["source"]) for one in versions] == [(5, "staff"), (4, "self")]
    assert await tenths(shop, "mei-feet") == {("foot_length", "left"): 2530}
    assert (await measure(shop, feet("mei-feet", length(254))))["version"] == 6

    assert (await shop.api.put("/v1/retention-rules", json={"measurement_versions": 30})).status_code == 200
    assert await keep(days(31)) == 1


async def test_b7_a_key_without_the_scope_reveals_nothing(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251)))
    before = await audited(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        reader = (await open_key(conn, "secret", scopes=["measurements:read"])).secret
        writer = (await open_key(conn, "secret", scopes=["measurements:write", "measurements:reveal"])).secret

    async def get(secret: str, query: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {secret}"}
        return await shop.page.get(f"/v1/measurement-profiles/mei-feet{query}", headers=headers)

    assert (await get(reader)).status_code == 200
    refused = check_problem(await get(reader, "?reveal=true"), 403)
    assert "measurements:reveal" in refused["detail"]
    check_problem(await get(writer), 403)
    check_problem(await get(reader, "?reveal=yes"), 400)
    assert await audited(shop) == before


async def test_b7_after_withdrawal_the_measures_wait_unseen_until_the_shopper_agrees_anew(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251)))
    now = shop.service.clock()
    await agree(shop, "mei", granted=False, at=now)
    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet?reveal=true"), 409)
    assert (await audited(shop))[0][0] != "reveal version 1 of measurement profile"

    await agree(shop, "mei", at=now + timedelta(seconds=1))
    assert (await read(shop, "mei-feet"))["values"][0]["value"] == "251.0"
