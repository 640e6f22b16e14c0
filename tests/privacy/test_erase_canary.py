"""The erase canary: after an erase no table, Redis key, artifact or log line holds the person."""

from uuid import uuid4

import msgspec
import pytest

from tenants.jobs import keep_retention
from tenants.suppression import ERASED
from tests.imports.support import counts, import_bytes, rejects, send
from tests.imports.support import finish as finish_import
from tests.options.shoes import document, publish_at, text
from tests.privacy.people import decide, erase, export, open_two_tastes, source, store
from tests.privacy.scan import find_everywhere
from tests.record_book.shoemaker import agree, feet, length, measure, open_record_book
from tests.support.polling import until
from tests.support.shop import ShopClient, event, order

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
DIGITS = "3098765012"
"""Of the telephone: no other test has them."""


async def fill_every_field(shop: ShopClient, canary: str) -> None:
    """A shopper with the canary wherever a text can be, known under two ids and by one browser."""
    shopper, second = f"id-{canary}", f"old-{canary}"
    profile = {
        "id": shopper, "name": f"name {canary}", "email": f"{canary}@example.com", "phone": f"+49 {DIGITS}",
        "attributes": {"note": f"likes {canary}", canary: True},
    }  # fmt: skip
    stored = await shop.push("shoppers", [profile, {"id": second}], **{"Idempotency-Key": uuid4().hex})
    assert stored.json()["created"] == 2, stored.text
    assert (await shop.api.post("/v1/merges", json={"keep": shopper, "absorb": second})).status_code == 200
    person = {"id": f"child-{canary}", "shopper_id": shopper, "relation": "child", "name": f"child {canary}"}
    assert (await shop.push("people", [person])).json()["created"] == 1
    events = [
        event(f"e-{canary}", type="search", shopper_id=shopper, visitor_id=f"visitor-{canary}",
              properties={"query": f"query {canary}"}),
        event(f"before-{canary}", visitor_id=f"visitor-{canary}", properties={"page": canary}),
    ]  # fmt: skip
    assert (await shop.push("events", events)).json()["created"] == 2
    orders = [order(f"o{n}", [f"beer-{n}"], shopper_id=shopper) for n in range(4)]
    assert (await shop.push("orders", orders)).json()["created"] == 4
    voice = {
        "id": "f1", "product_id": "tea-1", "size": "M", "verdict": "small", "source": "rating",
        "order_id": f"order-{canary}", "shopper_id": shopper,
    }  # fmt: skip
    assert (await shop.push("fit-feedback", [voice])).json()["created"] == 1
    limited = {"id": "teas", "products": ["tea-1"], "audience": {"kind": "shoppers", "shoppers": [shopper, second]}}
    assert (await shop.push("collections", [limited])).json()["created"] == 1
    await fill_record_book_of(shop, shopper, canary)
    consent = {"purpose": "contact", "granted": True, "at": "2026-03-02T12:00:00Z", "source": f"call {canary}"}
    assert (await shop.api.put(f"/v1/consents/{shopper}", json=consent)).status_code == 200
    assert (await shop.api.put(f"/v1/contact-preferences/{shopper}", json={"sms": False})).status_code == 200
    await have_made(shop, shopper, canary)


async def have_made(shop: ShopClient, shopper: str, canary: str) -> None:
    """A wish for the maker, a card with the canary on it that was ordered, and one that was only quoted."""
    wish = {"shopper_id": shopper, "text": f"wish {canary}"}
    keyed = {"Idempotency-Key": uuid4().hex}
    assert (await shop.api.post("/v1/special-requests", json=wish, headers=keyed)).status_code == 200
    await shop.stock("card")
    await publish_at(shop, document([text("words", max_length=100)], id="cards", products=["card"]))
    asked = {"product_id": "card", "shopper_id": shopper, "answers": {"words": canary}}
    for _ in range(2):
        quoted = await shop.api.post("/v1/quotes", json=asked, headers={"Idempotency-Key": uuid4().hex})
        assert quoted.status_code == 200, quoted.text
    line = {"product_id": "card", "quantity": 1, "unit_price_minor": 1000, "quote_id": quoted.json()["quote_id"]}
    made = order("made", [], shopper_id=shopper) | {"lines": [line]}
    assert (await shop.push("orders", [made])).json()["created"] == 1


async def fill_record_book_of(shop: ShopClient, shopper: str, canary: str) -> None:
    """A profile in two versions, revealed, and wishes."""
    await open_record_book(shop)
    await agree(shop, shopper)
    for n in range(2):
        told = feet(f"feet of {canary}", length(250 + n), shopper=shopper, measured_by=canary, note=f"note {canary}")
        await measure(shop, told)
    assert (await shop.api.get(f"/v1/measurement-profiles/feet of {canary}?reveal=true")).status_code == 200
    wishes = {"preferences": {canary: canary}, "special_needs": [canary]}
    assert (await shop.api.put(f"/v1/wishes/{shopper}", json=wishes)).status_code == 200
    assert (await shop.api.get(f"/v1/wishes/{shopper}?reveal=true")).status_code == 200


async def import_files(shop: ShopClient, canary: str) -> str:
    """Files that name the person: one stored and refused in part, one planned, one not understood for it has no
    header, and one that waits. Returns the last one's import."""
    person = {"id": f"id-{canary}", "name": f"name {canary}", "email": f"{canary}@example.com"}
    wrong = {**person, "locale": canary, "attributes": {"note": canary}}
    rows = [person, {**wrong, "id": f"wrong-{canary}"}, {"id": "b", "locale": 1, "email": canary}]
    run = await import_bytes(shop, b"\n".join(msgspec.json.encode(row) for row in rows), "shoppers")
    assert counts(run)["rejected"] == 2
    no_header = f"id-{canary},name {canary}\nb,Bob\n"
    said = {f"id-{canary}": "id", f"name {canary}": "name"}
    planned = await import_bytes(shop, no_header, "shoppers", mapping=msgspec.json.encode(said).decode(), dry_run=True)
    assert (planned["status"], planned["plan"]["mapping"]) == ("done", said)
    assert (await import_bytes(shop, no_header, "shoppers"))["status"] == "failed"
    waiting: str = (await send(shop, f"id,name\n{person['id']},{person['name']}\n", "shoppers")).json()["import_id"]
    return waiting


async def look_around(shop: ShopClient, canary: str, *, event_id: str, slot: str) -> None:
    """The shopper's browser: a session in Redis, and events from a page."""
    body = {"key": shop.keys.publishable.secret, "visitor": f"visitor-{canary}", "token": shop.token(f"id-{canary}")}
    viewed = {"id": event_id, "type": "view", "product": "tea-1", "slot": slot}
    assert (await shop.page.post("/public/v1/events", json={**body, "events": [viewed]})).status_code == 202


async def test_b7_after_an_erase_nothing_holds_the_person(shop: ShopClient, capfd: pytest.CaptureFixture[str]) -> None:
    canary, settings = f"canary{uuid4().hex}", shop.service.settings
    await open_two_tastes(shop)
    await fill_every_field(shop, canary)
    assert (await shop.train()).status == "active"
    await export(shop, f"id-{canary}")
    await look_around(shop, canary, event_id=f"view-{canary}", slot=f"slot {canary}")
    await decide(shop, f"id-{canary}", granted=True)
    waiting = await import_files(shop, canary)

    held, models = await find_everywhere(settings, canary), {"file arrays.bin", "file state.npz"}
    tables = (
        "audit_log", "consents", "events", "fit_feedback", "idempotency_keys", "imports", "made_lines",
        "measurement_profiles", "measurement_versions", "people", "quotes", "shopper_identifiers", "shoppers",
        "special_requests", "wishes",
    )  # fmt: skip
    assert {f"table public.{table}" for table in tables} | {"file arrays.bin", "file file"} <= {*held}
    assert [place for place in held if place.startswith("redis")] != []
    assert [place for place in held if place.endswith(".zip")] != []
    assert await find_everywhere(settings, DIGITS) != []

    await erase(shop, shopper_id=f"id-{canary}")

    async def forgotten() -> bool:
        return await source(shop, shopper=f"id-{canary}") == "popular"

    await until(forgotten, seconds=5)
    await look_around(shop, canary, event_id=uuid4().hex, slot="home-for-you")
    assert (await shop.push("orders", [order("o1", ["beer-1"], shopper_id=f"id-{canary}")])).json()["updated"] == 1
    held = await find_everywhere(settings, canary)
    assert {*held} == {*models, "file file"}, "only models and files that wait are allowed a week"
    refused = await finish_import(shop, waiting)
    assert (counts(refused), await rejects(shop, refused)) == ({"rejected": 1}, [(2, "id", ERASED)])
    # A report that quotes the first row of such a file again is put right by the daily round.
    assert f"id-{canary}" in (await import_bytes(shop, f"id-{canary},name {canary}\n", "shoppers"))["error"]
    await keep_retention(shop.service.db, store(shop), shop.keys.tenant_id, clock=shop.service.clock)
    assert {*await find_everywhere(settings, canary)} == models
    assert (await shop.train()).status == "active"
    assert await find_everywhere(settings, canary) == []
    assert await find_everywhere(settings, DIGITS) == []
    assert await find_everywhere(settings, f"{shop.tenant_id}") != []
    said = "".join(capfd.readouterr())
    assert "/v1/erasures" in said, "the log was not captured"
    assert canary not in said
    assert DIGITS not in said
