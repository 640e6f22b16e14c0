"""The webhook: who may tell us, what is kept, and that told twice or in any order the end is the same."""

import json
import random
from typing import Any

import httpx2
import pytest

from infra.embedded.stripe.outbox import sign
from infra.stripe import WEBHOOK_PATH
from tests.payments.till import DEPOSIT, DISPUTED, FAILS_LATER, SAVED, UPFRONT, VISA, Till, later, open_till
from tests.support.shop import Document, ShopClient
from tests.support.stripe import SECRET

INTENT = {
    "object": "payment_intent",
    "amount_received": 1000,
    "currency": "eur",
    "status": "succeeded",
    "metadata": {"lastbook_key": "preorder:nobody:full:1"},
}


def event(till: Till, event_id: str = "evt_1", **fields: Any) -> Document:
    """Of a payment that came."""
    now = int(till.shop.service.clock().timestamp())
    told = {"id": event_id, "object": "event", "type": "payment_intent.succeeded", "created": now, "livemode": False}
    return told | {"account": till.account_id, "data": {"object": {"id": "pi_1", **INTENT}}} | fields


async def tell(
    till: Till, told: Document, *, secret: str = SECRET, age: int = 0, signature: str | None = None
) -> httpx2.Response:
    """As Stripe sends it, signed so many seconds ago."""
    body = json.dumps(told)
    signature = signature or sign(body, secret, int(till.shop.service.clock().timestamp()) - age)
    headers = {"content-type": "application/json; charset=utf-8", "stripe-signature": signature}
    return await till.shop.page.post(WEBHOOK_PATH, content=body, headers=headers)


async def events(till: Till) -> list[Document]:
    found: list[Document] = (await till.shop.api.get("/v1/stripe-events", params={"limit": 100})).json()["items"]
    return [one for one in found if one["type"] != "account.updated"]


@pytest.mark.parametrize("age", [301, 100_000, -301, -100_000])
async def test_p4_an_event_more_than_five_minutes_off_in_either_direction_is_refused(till: Till, age: int) -> None:
    refused = await tell(till, event(till), age=age)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (401, "bad_signature")
    assert await events(till) == []


@pytest.mark.parametrize("form", ["t={old}=,t={now},{v1}", "t= {old},t={now},{v1}", "t={old},t={now},{v1}"])
async def test_p4_an_old_signature_is_not_made_young_by_a_second_time(till: Till, form: str) -> None:
    told, now = event(till), int(till.shop.service.clock().timestamp())
    old = now - 100_000
    v1 = sign(json.dumps(told), SECRET, old).partition(",")[2]

    refused = await tell(till, told, signature=form.format(old=old, now=now, v1=v1))

    assert refused.status_code == 401
    assert await events(till) == []


@pytest.mark.parametrize(
    "header", ["", "t=1", "t=x,v1=00", "v1=00", "t=1,v1=", "t=99999999999999999999,v1=0", "t=1,v1=\xff", "t=1,v0=00"]
)
async def test_p4_a_header_that_is_no_signature_is_refused(till: Till, header: str) -> None:
    body = json.dumps(event(till)).encode()
    headers = {b"content-type": b"application/json", b"stripe-signature": header.encode("latin-1")}
    refused = await till.shop.page.post(WEBHOOK_PATH, content=body, headers=headers)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (401, "bad_signature")


async def test_p4_another_secret_or_a_changed_byte_is_refused(till: Till) -> None:
    told = event(till)
    assert (await tell(till, told, secret="whsec_another")).status_code == 401
    signature = sign(json.dumps(told), SECRET, int(till.shop.service.clock().timestamp()))
    assert (await tell(till, event(till, livemode=True), signature=signature)).status_code == 401
    assert await events(till) == []


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "{}", '{"id": 1}', "[" * 5000])
async def test_p4_a_signed_body_that_is_no_event_is_refused_and_not_a_bug(till: Till, body: str) -> None:
    signature = sign(body, SECRET, int(till.shop.service.clock().timestamp()))
    headers = {"content-type": "application/json", "stripe-signature": signature}

    assert (await till.shop.page.post(WEBHOOK_PATH, content=body, headers=headers)).status_code in (400, 401, 422)


@pytest.mark.parametrize("fields", [{"account": "acct_of_nobody"}, {"account": None}, {"livemode": True}])
async def test_p4_an_event_of_no_shop_or_of_the_other_mode_is_ignored(till: Till, fields: Document) -> None:
    answer = await tell(till, event(till, **fields))

    assert (answer.status_code, answer.json()) == (200, {"result": "ignored"})
    assert await events(till) == []


async def test_p4_an_event_is_kept_once_and_of_the_object_only_what_we_act_on(till: Till) -> None:
    person = {"receipt_email": "who@example.com", "shipping": {"name": "Somebody"}, "customer": "cus_1"}
    told = event(till, data={"object": {"id": "pi_1", **INTENT, **person}})

    assert [(await tell(till, told)).json()["result"] for _ in range(3)] == ["recorded", "known", "known"]

    (kept,) = await events(till)
    assert "who@example.com" not in str(kept)
    assert "Somebody" not in str(kept)
    assert kept["fact"] == {
        "kind": "payment_intent",
        "id": "pi_1",
        "status": "succeeded",
        "key": "preorder:nobody:full:1",
        "amount_minor": 1000,
        "currency": "EUR",
        "customer_id": "cus_1",
        "intent_id": "pi_1",
    }
    await till.do_jobs()
    assert [one["outcome"] for one in await events(till)] == ["not ours"]


async def test_p4_an_event_and_its_job_are_kept_both_or_neither(till: Till) -> None:
    await tell(till, event(till, "evt_a"))
    await tell(till, event(till, "evt_b"))

    async with till.payments.db.tenant(till.tenant_id) as conn:
        queued = await conn.fetch(
            "select args ->> 'event_id' as name from procrastinate_jobs where args ->> 'tenant_id' = $1"
            " and status = 'todo' order by 1",
            str(till.tenant_id),
        )
    assert [row["name"] for row in queued] == ["evt_a", "evt_b"]


async def test_p4_money_that_came_twice_is_recorded_and_goes_back_once(till: Till) -> None:
    await till.launch(payment=SAVED)
    preorder = await till.join()
    await till.lose_card(preorder)
    await till.confirm()
    assert till.type_card(await till.session(preorder))
    await till.settle()
    failed = (await till.ledger(preorder))["charges"][1]
    assert (failed["status"], await till.states(preorder)) == ("failed", ("confirmed", "paid"))

    intent = {"id": failed["intent_id"], **INTENT, "metadata": {"lastbook_key": failed["charge_key"]}}
    await tell(till, event(till, data={"object": intent}))
    await till.settle()

    ledger = await till.ledger(preorder)
    assert [(one["charge_key"], one["amount_minor"]) for one in ledger["refunds"]] == [(failed["charge_key"], 1000)]
    assert (await till.states(preorder), (await till.read(preorder))["paid_minor"]) == (("confirmed", "paid"), 1000)


@pytest.mark.parametrize("wrong", [{"amount_received": 999}, {"currency": "usd"}, {"amount_received": 100_000}])
async def test_p4_a_payment_of_another_amount_or_currency_changes_nothing(till: Till, wrong: Document) -> None:
    await till.launch()
    preorder = await till.reserve()
    await till.session(preorder)
    key = (await till.ledger(preorder))["charges"][0]["charge_key"]
    intent = {"id": "pi_1", **INTENT, "metadata": {"lastbook_key": key}, **wrong}

    await tell(till, event(till, data={"object": intent}))
    await till.do_jobs()

    assert await till.states(preorder) == ("reserved", "pending")
    assert (await events(till))[0]["outcome"] == "mismatch: another amount"


async def test_p4_an_event_of_another_shops_account_does_not_move_our_preorder(
    till: Till, other_shop: ShopClient
) -> None:
    await till.launch()
    preorder = await till.reserve()
    await till.session(preorder)
    key = (await till.ledger(preorder))["charges"][0]["charge_key"]
    intent = {"id": "pi_1", **INTENT, "metadata": {"lastbook_key": key}}

    async with open_till(other_shop) as other:
        told = await tell(other, event(other, data={"object": intent}))
        await other.do_jobs()
        assert told.json() == {"result": "recorded"}
        assert (await events(other))[0]["outcome"] == "not ours"
    assert await till.states(preorder) == ("reserved", "pending")
    assert {one["outcome"] for one in await events(till)} <= {None}


async def story(till: Till) -> list[Document]:
    """Joined, declined, mended, disputed and cancelled preorders; returns them."""
    await till.launch("c1", payment=DEPOSIT)
    await till.launch("c2", payment=SAVED)
    await till.launch("c3", payment=UPFRONT)
    joined = [
        await till.join(campaign_id, card, guest_email=f"{campaign_id}-{card}@example.com")
        for campaign_id, card in (("c1", VISA), ("c2", FAILS_LATER), ("c2", VISA), ("c3", DISPUTED), ("c3", VISA))
    ]
    for campaign_id in ("c1", "c2"):
        await till.confirm(campaign_id)
    assert till.type_card(await till.session(joined[1]))
    await till.settle()
    for preorder in (joined[0], joined[4]):
        move = {"id": preorder["preorder_id"], "to": "cancelled"}
        assert (await till.shop.api.post("/v1/preorders:move", json=move)).status_code == 200
    await till.round()
    return joined


async def test_p4_shuffled_and_doubled_events_end_in_the_same_state(till: Till) -> None:
    joined = await story(till)
    before = [await till.read(one) for one in joined], [await till.ledger(one) for one in joined], till.money()
    assert [(one["fulfilment"], one["payment"]) for one in before[0]] == [
        ("cancelled", "refunded"),
        ("confirmed", "paid"),
        ("confirmed", "paid"),
        ("joined", "disputed"),
        ("cancelled", "refunded"),
    ]
    names = [one["event_id"] for one in await events(till)]

    for seed in range(3):
        again = random.Random(seed).sample(names * 2, len(names) * 2)
        for name in again:
            await till.shop.api.post("/v1/stripe-events:replay", json={"event_ids": [name]})
            await till.do_jobs()

    after = [await till.read(one) for one in joined], [await till.ledger(one) for one in joined], till.money()
    assert after == before


@pytest.mark.parametrize("seed", range(4))
async def test_p4_events_that_come_shuffled_and_doubled_from_the_first_end_the_same(till: Till, seed: int) -> None:
    await till.launch(payment=DEPOSIT)
    preorder = await till.reserve()
    till.world.outbox.mode.copies = 2
    try:
        assert till.type_card(await till.session(preorder), DISPUTED)
        random.Random(seed).shuffle(till.world.outbox.pending)
        await till.settle()
    finally:
        till.world.outbox.mode.copies = 1

    assert await till.states(preorder) == ("joined", "disputed")
    assert (await till.read(preorder))["paid_minor"] == 300


async def test_p4_an_event_whose_job_came_to_nothing_is_handled_by_the_round(till: Till) -> None:
    await till.launch()
    preorder = await till.reserve()
    assert till.type_card(await till.session(preorder))
    await till.deliver()
    async with till.payments.db.tenant(till.tenant_id) as conn:
        await conn.execute("delete from procrastinate_jobs where args ->> 'tenant_id' = $1", str(till.tenant_id))

    with later(till.shop, minutes=3):
        await till.round()

    assert await till.states(preorder) == ("joined", "paid")


async def test_p4_events_are_replayed_since_a_moment_and_never_another_shops(
    till: Till, other_shop: ShopClient
) -> None:
    await tell(till, event(till))
    since = {"since": "2020-01-01T00:00:00Z"}

    mine = await till.shop.api.post("/v1/stripe-events:replay", json=since)
    theirs = await other_shop.api.post("/v1/stripe-events:replay", json={"event_ids": ["evt_1"]})

    assert "evt_1" in mine.json()["event_ids"]
    assert theirs.json() == {"event_ids": []}
    assert (await till.shop.api.post("/v1/stripe-events:replay", json={})).status_code == 422
