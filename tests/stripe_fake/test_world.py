"""World: the controls, and what of the API is only for finding things."""

import json
from pathlib import Path

import pytest
import stripe

from infra.embedded.stripe.snapshot import dump_snapshot, load_snapshot
from infra.embedded.stripe.world import World
from tests.stripe_fake.people import pay, saved_card
from tests.support.stripe import FakeStripe


async def test_customers_are_found_by_mail_and_metadata(client: stripe.StripeClient) -> None:
    made = await client.v1.customers.create_async({"email": "Anna@shop.example", "metadata": {"shopper": "s-1"}})
    await client.v1.customers.create_async({"email": "other@shop.example"})
    listed = await client.v1.customers.list_async({"email": "Anna@shop.example"})
    found = await client.v1.customers.search_async({"query": "email~'ANNA' AND metadata['shopper']:'s-1'"})
    either = await client.v1.customers.search_async(
        {"query": "email:'other@shop.example' OR -metadata['shopper']:null"}
    )
    assert [[one.id for one in rows.data] for rows in (listed, found)] == [[made.id], [made.id]]
    assert len(either.data) == 2


@pytest.mark.parametrize(
    "query", ["colour:'red'", "email", "email:'a' email:'b'", "email:'a' AND name:'1' OR name:'x'"]
)
async def test_a_query_that_cannot_be_read_is_refused(client: stripe.StripeClient, query: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.customers.search_async({"query": query})
    assert caught.value.param == "query"


async def test_events_are_listed_newest_first(client: stripe.StripeClient, fake: FakeStripe) -> None:
    paid = await pay(client, "pm_card_visa")
    listed = await client.v1.events.list_async({"types": ["payment_intent.created", "payment_intent.succeeded"]})
    assert [event.type for event in listed.data] == ["payment_intent.succeeded", "payment_intent.created"]
    told = await fake.control("GET", f"events?type=payment_intent.succeeded&object={paid.id}")
    assert [event["id"] for event in told["data"]] == [listed.data[0].id]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"kind": "magic"}),
        ("POST", "faults", {"colour": "red"}),
        ("POST", "clock", {}),
        ("POST", "clock", {"advance_seconds": "soon"}),
        ("PUT", "delivery", {"hold": True, "colour": "red"}),
        ("POST", "authenticate/pi_no", {"passed": True}),
        ("POST", "accounts/acct_no", {"charges_enabled": True}),
    ],
)
async def test_a_control_that_makes_no_sense_is_refused(
    fake: FakeStripe, method: str, path: str, body: dict[str, object]
) -> None:
    answer = await fake.http.request(method, f"/_fake/{path}", json=body)
    assert answer.status_code in (400, 404)


async def test_faults_can_be_seen_and_cleared(client: stripe.StripeClient, fake: FakeStripe) -> None:
    await fake.fault(kind="status", status=500, times=5)
    assert len((await fake.control("GET", "faults"))["data"]) == 1
    await fake.control("DELETE", "faults")
    assert (await pay(client, "pm_card_visa")).status == "succeeded"


async def test_an_unknown_address_is_said_plainly(fake: FakeStripe) -> None:
    answer = await fake.http.get("/v1/payouts")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
    assert "does not know it" in answer.json()["error"]["message"]


async def test_a_world_is_the_same_after_its_snapshot(
    client: stripe.StripeClient, fake: FakeStripe, tmp_path: Path
) -> None:
    customer, _ = await saved_card(client, "pm_card_visa")
    await pay(client, "pm_card_visa", capture_method="manual")
    await fake.fault(kind="die", method="POST")
    await fake.advance(days=3)
    fake.world.emit(fake.world.platform(), "customer.updated", fake.world.platform().get("customer", customer))
    text = dump_snapshot(fake.world)
    (tmp_path / "books.json").write_text(text)
    again = World(fake.url)
    load_snapshot(again, tmp_path / "books.json")
    assert json.loads(dump_snapshot(again)) == json.loads(text)
    again.advance(5 * 86400)
    assert [row["status"] for row in again.platform().table("payment_intent").values()] == ["canceled"]
