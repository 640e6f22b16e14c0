"""The money's state machine: campaigns, preorders and payments under random acts, deaths, late and doubled webhooks.

Its judge is Stripe's own books: what was taken and given back there, preorder by preorder, is held against what was
agreed to. Our own rows are looked at only to see that they say the same.
"""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.campaign_work import move_due
from api.payment_work import begin_charging, open_due
from api.stripe_calls import StripeDown
from infra.embedded.stripe.books import Record
from infra.embedded.stripe.disputes import close_dispute
from infra.errors import Refusal
from tests.campaigns.merchant import ask, launch, look, read
from tests.payments.blade import Blade, under
from tests.payments.money_books import Books, read_books
from tests.payments.money_judge import FEE, Known, judge
from tests.payments.till import FAILS_LATER, REFUND_PENDING, VISA, open_till
from tests.support.service import Service
from tests.support.shop import Document, open_test_shop

T = TypeVar("T")

DECLINED, ASKS_ALWAYS, DISPUTED = "4000000000000002", "4000002760003184", "4000000000000259"
CARDS = (VISA, VISA, VISA, FAILS_LATER, DECLINED, ASKS_ALWAYS, DISPUTED, REFUND_PENDING)
PAYMENTS = (
    {"mode": "card_saved"},
    {"mode": "card_saved", "charge_within_days": 5},
    {"mode": "deposit", "deposit_basis_points": 3000},
    {"mode": "deposit", "deposit_minor": 150, "charge_within_days": 5},
    {"mode": "upfront"},
)
STEERED = ("paused", "open", "open", *["closed"] * 4, *["in_production"] * 3, "shipping", "completed", "cancelled")
UNITS = 12
AFTER = st.one_of(st.none(), st.integers(0, 9), st.integers(4, 7))
"""After so many steps the worker dies; None: it lives."""
PICK = st.integers(0, 10_000)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the machine runs: the event loop of the test, from another thread."""

    service: Service
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class MoneyMachine(RuleBasedStateMachine):
    """One shop with one campaign a run."""

    ground: ClassVar[Ground]
    steps: ClassVar[int] = 0
    rests: ClassVar[int] = 0
    seen: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Known] = []
        self.blade = Blade()
        self.started = self.ground.service.clock.ahead

    @initialize(
        payment=st.sampled_from(PAYMENTS),
        minimum=st.sampled_from([0, 0, 1, 4]),
        until=st.sampled_from(["close", "production"]),
        cards=st.lists(st.sampled_from(CARDS), max_size=4),
        closed=st.booleans(),
        dies=AFTER,
    )
    def open(
        self, payment: Document, minimum: int, until: str, cards: list[str], closed: bool, dies: int | None
    ) -> None:
        self.ground.run(self._open(payment, minimum, until))
        for card in cards:
            self.ground.run(self._join(card, 1))
        if closed:
            self.ground.run(self._close_campaign())
        if closed and dies is not None:
            self.ground.run(self._work(self.dying.do_jobs(), dies, forget=True, lose=True))

    async def _open(self, payment: Document, minimum: int, until: str) -> None:
        shop = await open_test_shop(self.ground.service)
        self.opened = open_till(shop)
        self.till = await self.opened.__aenter__()
        self.dying = replace(self.till, payments=under(self.blade, self.till.payments))
        terms = {"until": until, "fee_basis_points": FEE}
        self.mode = payment["mode"]
        await launch(shop, payment=payment, minimum_units=minimum, caps={"total": UNITS}, cancellation=terms)

    async def _close_campaign(self) -> None:
        """Counted, and who is to be charged now has a charge; its job waits."""
        await self.till.settle()
        await self._steer("closed")
        await move_due(self.till.payments.db, self.till.tenant_id, clock=self.till.payments.clock)
        await begin_charging(self.till.payments, self.till.tenant_id)
        await open_due(self.till.payments, self.till.tenant_id)

    # What shoppers do

    @rule(quantity=st.integers(1, 3))
    def reserve(self, quantity: int) -> None:
        self.ground.run(self._reserve(quantity))

    async def _reserve(self, quantity: int) -> None:
        number = len(self.known)
        answer = await ask(self.till.shop, quantity=quantity, guest_email=f"g{number}@example.com")
        assert answer.status_code in (201, 403, 409), answer.text
        if answer.status_code == 201:
            self.known.append(Known(answer.json()))

    @rule(card=st.sampled_from(CARDS), quantity=st.integers(1, 2))
    def join(self, card: str, quantity: int) -> None:
        """All that it takes but for Stripe's word."""
        self.ground.run(self._join(card, quantity))

    async def _join(self, card: str, quantity: int) -> None:
        before = len(self.known)
        await self._reserve(quantity)
        if len(self.known) > before:
            await self._open_page(self.known[-1], None)
            await self._type_card(-1, card, True)

    @precondition(lambda self: self.known)
    @rule(pick=PICK, after=AFTER)
    def open_page(self, pick: int, after: int | None) -> None:
        self.ground.run(self._open_page(self._pick(pick), after))

    async def _open_page(self, one: Known, after: int | None) -> None:
        try:
            with self.blade.falling(10**9 if after is None else after):
                await self.dying.payments.check_out(self.till.tenant_id, UUID(one.preorder["preorder_id"]))
        except (Refusal, StripeDown):
            pass

    @precondition(lambda self: self.known)
    @rule(pick=PICK, card=st.sampled_from(CARDS), passed=st.sampled_from([None, True, True, False]))
    def type_card(self, pick: int, card: str, passed: bool | None) -> None:
        """On any page that is open at Stripe, whether we know of it or not."""
        self.ground.run(self._type_card(pick, card, passed))

    async def _type_card(self, pick: int, card: str, passed: bool | None) -> None:
        self.till.world.settle()
        known = await self._known_sessions()
        sessions = [one for one in self.till.books.table("checkout.session").values() if one["status"] == "open"]
        # A page whose address was never told cannot be paid.
        sessions = [one for one in sessions if one["id"] in known]
        if not sessions:
            return
        session = sessions[pick % len(sessions)]
        self.till.type_card(session, card)
        intent = self.till.books.hidden[session["id"]].get("intent")
        if session["status"] == "open" and passed is not None and intent is not None:
            # Refused when the bank asked nothing.
            await self.till.fake.http.post(f"/_fake/authenticate/{intent}", json={"passed": passed})

    async def _known_sessions(self) -> set[str]:
        async with self.till.payments.db.tenant(self.till.tenant_id) as conn:
            rows = await conn.fetch("select session_id from charges where session_id is not null")
        return {row["session_id"] for row in rows}

    @precondition(lambda self: self.known)
    @rule(pick=PICK)
    def cancel_own(self, pick: int) -> None:
        self.ground.run(self._cancel_own(self._pick(pick)))

    async def _cancel_own(self, one: Known) -> None:
        preorder_id, shop = one.preorder["preorder_id"], self.till.shop
        link = (await shop.api.post("/v1/preorders:link", json={"id": preorder_id})).json()["url"].rpartition("/")[2]
        before = await read(shop, one.preorder)
        body = {"key": shop.keys.publishable.secret, "link": link}
        answer = await shop.page.post("/public/v1/preorders:cancel", json=body)
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200 and before["fulfilment"] in ("joined", "confirmed"):
            one.fee_of = before["paid_minor"]

    # What the merchant does

    @precondition(lambda self: self.known)
    @rule(pick=PICK, to=st.sampled_from(["in_production", "shipped", "shipped", "completed", "cancelled"]))
    def move(self, pick: int, to: str) -> None:
        self.ground.run(self._move(self._pick(pick), to))

    async def _move(self, one: Known, to: str) -> None:
        before = await read(self.till.shop, one.preorder)
        body = {"id": one.preorder["preorder_id"], "to": to}
        answer = await self.till.shop.api.post("/v1/preorders:move", json=body)
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200 and to == "shipped":
            assert before["payment"] == "paid", before
            assert self._books(one).held == before["total_minor"], "it shipped unpaid"

    @rule(
        to=st.sampled_from(
            ["paused", "open", "closed", "closed", "in_production", "shipping", "completed", "cancelled"]
        )
    )
    def steer(self, to: str) -> None:
        self.ground.run(self._steer(to))

    async def _steer(self, to: str) -> None:
        body = {"id": "c1", "to": to, "reason": "asked for"}
        answer = await self.till.shop.api.post("/v1/campaigns:transition", json=body)
        assert answer.status_code in (200, 409), answer.text

    @precondition(lambda self: self.known)
    @rule()
    def make_and_ship(self) -> None:
        """Whatever can be."""
        self.ground.run(self._make_and_ship())

    async def _make_and_ship(self) -> None:
        for one in self.known:
            for to in ("in_production", "shipped"):
                await self._move(one, to)

    # What time, Stripe and the machines do

    @precondition(lambda self: self.known)
    @rule(days=st.sampled_from([2, 4, 9]))
    def live_on(self, days: int) -> None:
        """Day by day, so that every charge that failed is tried as often as it shall be."""
        self.ground.run(self._live_on(days))

    async def _live_on(self, days: int) -> None:
        for _ in range(days):
            self.ground.service.clock.ahead += timedelta(days=1)
            await self.till.round()

    @rule(hours=st.sampled_from([0.05, 0.2, 0.6, 5, 24, 49]))
    def wait(self, hours: float) -> None:
        self.ground.service.clock.ahead += timedelta(hours=hours)

    @rule(seed=PICK, share=st.sampled_from([0.3, 0.7, 1]), copies=st.integers(1, 2), lost=st.booleans())
    def deliver(self, seed: int, share: float, copies: int, lost: bool) -> None:
        """Some of the webhooks, shuffled and doubled; some never."""
        self.ground.run(self._deliver(random.Random(seed), share, copies, lost))

    async def _deliver(self, dice: random.Random, share: float, copies: int, lost: bool) -> None:
        outbox = self.till.world.outbox
        waiting, outbox.pending = outbox.pending, []
        dice.shuffle(waiting)
        sent, kept = waiting[: round(len(waiting) * share)], waiting[round(len(waiting) * share) :]
        outbox.pending = [one for one in sent for _ in range(copies)]
        await self.till.deliver()
        outbox.pending = kept
        if lost and dice.random() < 0.2:
            self._lose_webhooks()

    @rule(after=AFTER, forget=st.booleans(), lose=st.booleans())
    def do_jobs(self, after: int | None, forget: bool, lose: bool) -> None:
        self.ground.run(self._work(self.dying.do_jobs(), after, forget, lose))

    @rule(after=AFTER, forget=st.booleans(), lose=st.booleans())
    def go_round(self, after: int | None, forget: bool, lose: bool) -> None:
        self.ground.run(self._work(self.dying.round(), after, forget, lose))

    async def _work(self, work: Coroutine[Any, Any, object], after: int | None, forget: bool, lose: bool) -> None:
        """Under the blade; and who is taken up three minutes after a death may find Stripe without its memory, and no
        webhook ever came."""
        with self.blade.falling(10**9 if after is None else after):
            await work
        if after is not None:
            self.ground.service.clock.ahead += timedelta(minutes=3)
            if forget:
                self.till.world.keys.forget()
            if lose:
                self._lose_webhooks()

    def _lose_webhooks(self) -> None:
        """All but of disputes: nothing else tells of them."""
        outbox = self.till.world.outbox
        outbox.pending = [one for one in outbox.pending if one.event["type"].startswith("charge.dispute")]

    @rule()
    def crowd(self) -> None:
        """Several workers at once."""
        self.ground.run(self._crowd())

    async def _crowd(self) -> None:
        await asyncio.gather(*(self.till.round() for _ in range(2)), self.till.do_jobs())

    @rule(
        kind=st.sampled_from(["die", "die", "status", "drop", "lag"]),
        path=st.sampled_from(["/v1/payment_intents", "/v1/checkout/sessions", "/v1/refunds", "/v1/"]),
        times=st.integers(1, 4),
    )
    def break_stripe(self, kind: Any, path: str, times: int) -> None:
        faults = self.till.world.faults.waiting
        if not faults:
            self.ground.run(self.till.fake.fault(kind=kind, path=path, times=times, status=500, ms=5))

    @rule(status=st.sampled_from(["won", "lost"]))
    def decide_a_dispute(self, status: str) -> None:
        rows = self.till.books.table("dispute").values()
        dispute = next((one for one in rows if one["status"].endswith("needs_response")), None)
        if dispute is not None:
            self.ground.run(self._decide(dispute, status))

    async def _decide(self, dispute: Record, status: str) -> None:
        close_dispute(self.till.books, dispute, status)

    # What must hold

    @rule()
    def rest(self) -> None:
        self.ground.run(self._rest())

    async def _rest(self) -> None:
        """Everything that was begun comes to its end; then each preorder's money is what is owed."""
        self.till.world.faults.waiting.clear()
        await self._come_to_rest()
        if await self._has_refused_refunds():
            # Of what a bank held up when it was to go back: it is tried again a day later.
            self.ground.service.clock.ahead += timedelta(hours=25)
            await self._come_to_rest()
        MoneyMachine.rests += 1
        campaign = await look(self.till.shop)
        for one in self.known:
            MoneyMachine.seen.add(await judge(self.till, one, campaign, self.mode))

    async def _come_to_rest(self) -> None:
        before: object = None
        for _ in range(15):
            self.ground.service.clock.ahead += timedelta(minutes=3)
            await self.till.settle()
            await self.till.round()
            after = [await read(self.till.shop, one.preorder) for one in self.known]
            if after == before and not await self._begun():
                return
            before = after
        raise AssertionError("it does not come to rest")

    async def _has_refused_refunds(self) -> bool:
        async with self.till.payments.db.tenant(self.till.tenant_id) as conn:
            return bool(await conn.fetchval("select exists (select from preorders where payment = 'refund_pending')"))

    async def _begun(self) -> bool:
        """Charges and refunds that have not ended, but for pages that are open."""
        sessions = self.till.books.table("checkout.session").values()
        over = [one["id"] for one in sessions if one["status"] != "open"]
        async with self.till.payments.db.tenant(self.till.tenant_id) as conn:
            return bool(await conn.fetchval(_BEGUN, over))

    def _books(self, one: Known) -> Books:
        return read_books(self.till.books, one.preorder["preorder_id"])

    @invariant()
    def nothing_is_taken_or_given_back_twice(self) -> None:
        MoneyMachine.steps += 1
        for one in self.known:
            books = self._books(one)
            assert books.taken <= one.preorder["total_minor"], (one.preorder, books)
            assert books.returned <= books.taken, (one.preorder, books)
            keys = [charge["metadata"]["lastbook_key"] for charge in books.charges]
            assert len(keys) == len({*keys}), keys

    def teardown(self) -> None:
        if hasattr(self, "till"):
            try:
                self.ground.run(self._rest())
            finally:
                self.ground.run(self._close())

    async def _close(self) -> None:
        self.till.world.faults.waiting.clear()
        self.till.world.outbox.pending.clear()
        self.ground.service.clock.ahead = self.started
        await self.opened.__aexit__(None, None, None)
        await self.till.shop.api.aclose()
        await self.till.shop.page.aclose()

    def _pick(self, pick: int) -> Known:
        return self.known[pick % len(self.known)]


_BEGUN = """
select exists (select from charges where status = 'pending' and (session_id is null or session_id = any($1::text[])))
    or exists (select from refunds where status = 'pending')
    or exists (select from stripe_events where handled_at is null)
"""
