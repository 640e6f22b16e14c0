"""Till of the payment tests: a shop that is connected to Stripe, shoppers who pay there, and the worker's jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2

from api.campaign_work import move_due
from api.payment_work import do_payment_job, settle_payments
from api.payments import Payments, open_payments
from infra.embedded.stripe.accounts import finish_onboarding
from infra.embedded.stripe.books import Books, Record
from infra.embedded.stripe.checking_out import Typed, submit
from infra.embedded.stripe.refusals import CardRefused
from infra.embedded.stripe.world import World
from tenants.preorder_money import SEND_CHARGE, SEND_REFUND
from tenants.stripe_inbox import HANDLE_STRIPE_EVENT
from tests.campaigns.merchant import later, launch, read, reserve, transition
from tests.support.shop import Document, ShopClient
from tests.support.stripe import FakeStripe

VISA, FAILS_LATER, ASKS = "4242424242424242", "4000000000000341", "4000002760003184"
DISPUTED, REFUND_FAILS, REFUND_PENDING = "4000000000000259", "4000000000005126", "4000000000007726"
DEPOSIT = {"mode": "deposit", "deposit_basis_points": 3000}
SAVED = {"mode": "card_saved"}
UPFRONT = {"mode": "upfront"}


@dataclass(frozen=True, slots=True)
class Till:
    """A shop and its account at Stripe. `payments` is the worker's side, by the tests' clock."""

    shop: ShopClient
    payments: Payments
    account_id: str

    @property
    def fake(self) -> FakeStripe:
        assert self.shop.service.stripe is not None
        return self.shop.service.stripe

    @property
    def world(self) -> World:
        return self.fake.world

    @property
    def books(self) -> Books:
        return self.world.books_of(self.account_id)

    @property
    def tenant_id(self) -> UUID:
        return self.shop.keys.tenant_id

    async def launch(self, campaign_id: str = "c1", **fields: Any) -> Document:
        return await launch(self.shop, campaign_id, **fields)

    async def reserve(self, campaign_id: str = "c1", **fields: Any) -> Document:
        return await reserve(self.shop, campaign_id, **fields)

    async def read(self, preorder: Document) -> Document:
        return await read(self.shop, preorder)

    async def states(self, preorder: Document) -> tuple[str, str]:
        """Fulfilment and payment."""
        found = await self.read(preorder)
        return found["fulfilment"], found["payment"]

    async def check_out(self, preorder: Document) -> httpx2.Response:
        """The address of Stripe's page, whatever comes of it."""
        return await self.shop.api.post("/v1/preorders:checkout", json={"id": preorder["preorder_id"]})

    async def session(self, preorder: Document) -> Record:
        """Stripe's page, opened."""
        answer = await self.check_out(preorder)
        assert answer.status_code == 200, answer.text
        return self.books.get("checkout.session", answer.json()["url"].rpartition("/")[2])

    def type_card(self, session: Record, number: str = VISA) -> bool:
        """Whether the bank agrees."""
        try:
            submit(self.books, session, Typed(number))
        except CardRefused:
            return False
        return bool(session["status"] == "complete")

    async def ask_bank(self, session: Record, *, passed: bool = True) -> None:
        """The shopper answers the bank's question about what was typed on the page."""
        intent = self.books.hidden[session["id"]]["intent"]
        await self.fake.control("POST", f"authenticate/{intent}", {"passed": passed})

    async def lose_card(self, preorder: Document) -> None:
        """From now on the saved card is declined."""
        async with self.payments.db.tenant(self.tenant_id) as conn:
            method_id = await conn.fetchval(
                "select payment_method_id from preorder_payments where preorder_id = $1", UUID(preorder["preorder_id"])
            )
        self.books.hidden[method_id]["number"] = FAILS_LATER

    async def join(self, campaign_id: str = "c1", card: str = VISA, **fields: Any) -> Document:
        """Reserved, paid at Stripe, and told to us."""
        preorder = await self.reserve(campaign_id, **fields)
        assert self.type_card(await self.session(preorder), card)
        await self.settle()
        return await self.read(preorder)

    async def cancel_by_link(self, preorder: Document) -> None:
        """As the shopper does."""
        made = await self.shop.api.post("/v1/preorders:link", json={"id": preorder["preorder_id"]})
        body = {"key": self.shop.keys.publishable.secret, "link": made.json()["url"].rpartition("/")[2]}
        answer = await self.shop.page.post("/public/v1/preorders:cancel", json=body)
        assert answer.status_code == 200, answer.text

    async def settle(self) -> None:
        """All events delivered and all jobs done, until nothing is left to do."""
        while await self.deliver() + await self.do_jobs():
            pass

    async def deliver(self) -> int:
        """Stripe's events; returns how many."""
        sent = await self.world.outbox.flush()
        assert {one.status for one in sent} <= {200}, sent
        return len(sent)

    async def settle_in_order(self, *types: str) -> None:
        """The same, with the events of these types told and handled first, one after another."""
        outbox = self.world.outbox
        rest = outbox.pending
        for one in types:
            outbox.pending = [delivery for delivery in rest if delivery.event["type"] == one]
            rest = [delivery for delivery in rest if delivery.event["type"] != one]
            assert await self.deliver() == 1, one
            await self.do_jobs()
        outbox.pending = rest
        await self.settle()

    async def do_jobs(self) -> int:
        """The payment jobs of this shop that wait; returns how many."""
        async with self.payments.db.tenant(self.tenant_id) as conn:
            jobs = await conn.fetch(_TAKE_JOBS, str(self.tenant_id), [SEND_CHARGE, SEND_REFUND, HANDLE_STRIPE_EVENT])
        for job in jobs:
            await do_payment_job(self.payments, job["task_name"], self.tenant_id, next(iter(job["rest"].values())))
        return len(jobs)

    async def round(self) -> None:
        """What the worker does every minute for campaigns and payments, and all that follows from it."""
        await move_due(self.payments.db, self.tenant_id, clock=self.payments.clock)
        await settle_payments(self.payments, self.tenant_id)
        await self.settle()

    async def confirm(self, campaign_id: str = "c1") -> None:
        """The campaign ends, is counted, and charges who is to be charged now."""
        answer = await transition(self.shop, "closed", campaign_id)
        assert answer.status_code == 200, answer.text
        await self.round()

    async def ledger(self, preorder: Document) -> Document:
        """Charges, refunds and disputes."""
        answer = await self.shop.api.get(f"/v1/preorder-payments/{preorder['preorder_id']}")
        assert answer.status_code == 200, answer.text
        found: Document = answer.json()
        return found

    async def charges(self, preorder: Document) -> list[tuple[str, int, str]]:
        """Purpose, amount, status of each."""
        return [
            (one["purpose"], one["amount_minor"], one["status"]) for one in (await self.ledger(preorder))["charges"]
        ]

    def money(self) -> tuple[int, int]:
        """What Stripe took for this shop, and what it gave back: its own books."""
        rows = self.books.table("balance_transaction").values()
        taken = sum(row["amount"] for row in rows if row["type"] == "charge")
        back = -sum(row["amount"] for row in rows if row["type"] in ("refund", "refund_failure"))
        return taken, back


@asynccontextmanager
async def open_till(shop: ShopClient) -> AsyncIterator[Till]:
    """Connected, and allowed to take money."""
    answer = await shop.api.post("/v1/payment-account:connect", json={"return_url": "https://shop.example/admin"})
    assert answer.status_code == 200, answer.text
    service = shop.service
    async with open_payments(service.settings, service.db, service.clock) as payments:
        till = Till(shop, payments, answer.json()["account_id"])
        finish_onboarding(till.books, till.world.find_account(till.account_id))
        await till.settle()
        yield till


__all__ = ["Till", "later", "open_till", "timedelta"]

_TAKE_JOBS = """
with taken as (
    update procrastinate_jobs
    set status = 'succeeded'
    where status = 'todo' and args ->> 'tenant_id' = $1 and task_name = any($2::text[])
        and (scheduled_at is null or scheduled_at <= now())
    returning id, task_name, args
)
select task_name, args - 'tenant_id' as rest
from taken
order by id
"""
