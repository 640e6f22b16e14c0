"""Webhooks: a merchant's servers hear once of each thing, signed, until they have taken it (P8, B12)."""

from dataclasses import replace
from uuid import UUID

import pytest

from tenants.webhook_deliveries import note_answer, take_up_delivery, write_test
from tenants.webhooks import delete_webhook
from tests.campaigns.merchant import join, later, launch, tick
from tests.support.problems import check_problem
from tests.support.shop import ShopClient
from tests.webhooks.receiver import deliveries, listen, read_secret, receive, send, verify

HOOK = {"id": "w1", "url": "https://shop.example/lastbook"}


async def test_p8_joining_is_told_to_the_merchants_server_once(shop: ShopClient) -> None:
    async with receive() as receiver:
        await listen(shop, receiver.url)
        await launch(shop)
        preorder = await join(shop)
        assert (await send(shop), await send(shop)) == (1, 0)

    (message,) = receiver.messages
    assert message.document["type"] == "preorder.joined"
    assert message.document["data"]["preorder_id"] == preorder["preorder_id"]
    assert message.document["data"]["campaign_id"] == "c1"
    assert [(one["status"], one["answered"]) for one in await deliveries(shop)] == [("delivered", 204)]


async def test_p8_a_message_names_nobody(shop: ShopClient) -> None:
    async with receive() as receiver:
        await listen(shop, receiver.url)
        await launch(shop)
        await join(shop)
        await send(shop)

    assert b"guest@example.com" not in receiver.messages[0].body


async def test_p8_what_did_not_happen_is_told_to_nobody(shop: ShopClient) -> None:
    async with receive() as receiver:
        await listen(shop, receiver.url)
        await launch(shop)
        with later(shop, hours=1):
            await tick(shop)
        assert await send(shop) == 0


async def test_b12_the_signature_holds_and_a_changed_byte_or_an_old_time_breaks_it(shop: ShopClient) -> None:
    async with receive() as receiver:
        await listen(shop, receiver.url)
        secret = await read_secret(shop)
        await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
        await send(shop)

    (message,) = receiver.messages
    now = shop.service.clock()
    assert verify(secret, message, now=now)
    assert not verify(secret, replace(message, body=message.body.replace(b"test", b"tesT")), now=now)
    with later(shop, minutes=6) as then:
        assert not verify(secret, message, now=then)


async def test_b12_a_rolled_secret_and_the_one_before_both_hold_for_a_day(shop: ShopClient) -> None:
    async with receive() as receiver:
        await listen(shop, receiver.url)
        old, new = await read_secret(shop), await read_secret(shop, roll=True)
        assert old != new == await read_secret(shop)
        for hours in (0, 25):
            with later(shop, hours=hours):
                await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
                await send(shop)
                message, now = receiver.messages[-1], shop.service.clock()
                assert verify(new, message, now=now)
                assert verify(old, message, now=now) == (hours == 0)


async def test_b12_what_was_refused_is_sent_again_later_under_the_same_id(shop: ShopClient) -> None:
    async with receive() as receiver:
        receiver.answers = [500]
        await listen(shop, receiver.url)
        await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
        assert (await send(shop), await send(shop)) == (0, 0)
        (waiting,) = await deliveries(shop, status="waiting")
        assert (waiting["answered"], waiting["error"]) == (500, "The address answered 500.")
        with later(shop, minutes=1):
            assert await send(shop) == 1

    first, second = receiver.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@pytest.mark.parametrize(("answer", "tries"), [(500, 10), (410, 1)])
async def test_b12_after_ten_refusals_or_one_goodbye_it_is_given_up(shop: ShopClient, answer: int, tries: int) -> None:
    async with receive() as receiver:
        receiver.answers = [answer] * 20
        await listen(shop, receiver.url)
        await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
        for days in range(14):
            with later(shop, days=days):
                await send(shop)

    assert len(receiver.messages) == tries
    (failed,) = await deliveries(shop)
    assert (failed["status"], failed["attempts"], failed["answered"]) == ("failed", tries, answer)


async def test_b12_what_was_taken_or_given_up_can_be_replayed(shop: ShopClient) -> None:
    async with receive() as receiver:
        receiver.answers = [410]
        await listen(shop, receiver.url)
        await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
        await send(shop)
        (failed,) = await deliveries(shop, webhook_id="w1")
        for _ in range(2):
            again = await shop.api.post("/v1/webhook-deliveries:replay", json={"delivery_id": failed["delivery_id"]})
            assert again.status_code == 200
            assert await send(shop) == 1

    assert len({message.headers["webhook-id"] for message in receiver.messages}) == 1


async def test_b12_a_message_that_waits_is_not_replayed(shop: ShopClient) -> None:
    await listen(shop, "http://127.0.0.1:1/")
    queued = (await shop.api.post("/v1/webhooks:test", json={"id": "w1"})).json()
    problem = check_problem(await shop.api.post("/v1/webhook-deliveries:replay", json=queued), 409)
    assert problem["detail"] == "The message waits to be sent."


async def test_b12_each_address_hears_of_the_kinds_that_it_wants(shop: ShopClient) -> None:
    async with receive() as receiver:
        await listen(shop, receiver.url, "preorder.shipped", name="only-shipped")
        await listen(shop, receiver.url, "preorder.joined", name="only-joined")
        await launch(shop)
        await join(shop)
        await send(shop)

    assert [one["webhook_id"] for one in await deliveries(shop)] == ["only-joined"]


async def test_b12_an_address_that_is_switched_off_or_deleted_hears_nothing(shop: ShopClient) -> None:
    await shop.api.put("/v1/webhooks/off", json={**HOOK, "id": "off", "enabled": False})
    await shop.api.put("/v1/webhooks/w1", json=HOOK)
    await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
    assert (await shop.api.delete("/v1/webhooks/w1")).status_code == 204
    await launch(shop)
    await join(shop)

    assert await deliveries(shop) == []
    assert await send(shop) == 0


async def test_b12_a_webhook_is_stored_read_listed_and_deleted(shop: ShopClient) -> None:
    assert (await shop.api.put("/v1/webhooks/w1", json=HOOK)).json()["result"] == "created"
    stored = (await shop.api.get("/v1/webhooks/w1")).json()
    assert {name: stored[name] for name in HOOK} == HOOK
    assert (await shop.api.get("/v1/webhooks")).json()["items"] == [stored]
    await shop.api.delete("/v1/webhooks/w1")
    check_problem(await shop.api.get("/v1/webhooks/w1"), 404)
    check_problem(await shop.api.post("/v1/webhooks:secret", json={"id": "w1"}), 404)
    check_problem(await shop.api.post("/v1/webhooks:test", json={"id": "w1"}), 404)


@pytest.mark.parametrize("url", ["http://shop.example/", "https://10.0.0.1/", "https://localhost/", "nonsense"])
async def test_b12_an_address_that_is_not_public_is_refused(shop: ShopClient, url: str) -> None:
    problem = check_problem(await shop.api.put("/v1/webhooks/w1", json={**HOOK, "url": url}), 422)
    assert [one["field"] for one in problem["errors"]] == ["url"]


async def test_b12_an_address_that_nobody_answers_at_is_tried_again(shop: ShopClient) -> None:
    await listen(shop, "http://127.0.0.1:1/")
    await shop.api.post("/v1/webhooks:test", json={"id": "w1"})
    assert await send(shop) == 0
    (waiting,) = await deliveries(shop)
    assert (waiting["answered"], waiting["attempts"]) == (None, 1)
    assert "cannot be reached" in waiting["error"]


async def test_b12_another_shop_sees_nothing_of_it(shop: ShopClient, other_shop: ShopClient) -> None:
    await listen(shop, "http://127.0.0.1:1/")
    queued = (await shop.api.post("/v1/webhooks:test", json={"id": "w1"})).json()

    assert await deliveries(other_shop) == []
    check_problem(await other_shop.api.post("/v1/webhook-deliveries:replay", json=queued), 404)
    check_problem(await other_shop.api.post("/v1/webhooks:secret", json={"id": "w1"}), 404)
    assert UUID(queued["delivery_id"])


async def test_b12_an_address_may_be_deleted_while_it_refuses_a_message(shop: ShopClient) -> None:
    await listen(shop, "https://shop.example/lastbook")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        now = shop.service.clock()
        sent = await write_test(conn, "w1", now=now)
        assert await take_up_delivery(conn, sent, now=now) is not None
        await delete_webhook(conn, "w1")
        await note_answer(conn, sent, answered=500, error="The address answered 500.", now=now)

    assert await deliveries(shop) == []


async def test_b12_odd_questions_about_deliveries_are_no_error_of_ours(shop: ShopClient) -> None:
    for asked in ({"webhook_id": "\0"}, {"webhook_id": "x" * 5000}, {"status": "\0"}, {"after": "\0"}):
        answer = await shop.api.get("/v1/webhook-deliveries", params=asked)
        assert answer.status_code < 500, (asked, answer.text)
