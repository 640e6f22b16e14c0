"""The campaign's state machine: random acts on a real campaign and its preorders, compared with the model after each.

It calls the subjects' own functions on `db.tenant`, as handlers do: over HTTP 20,000 steps would take too long.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from api.campaign_work import move_due
from api.onboarding import open_shop
from api.writes import settle
from infra.database import Connection
from infra.errors import Refusal
from infra.ids import new_id
from tenants.campaign_acts import ask_transition
from tenants.campaign_documents import (
    Campaign,
    CampaignProduct,
    Cancellation,
    Caps,
    Checklist,
    PaymentTerms,
    Seller,
    VariantCap,
)
from tenants.campaign_interest import record_interest
from tenants.campaign_publishing import publish_campaign
from tenants.campaign_states import TRANSITIONS
from tenants.campaigns import upsert_campaigns
from tenants.named import make_shoppers
from tenants.preorder_changes import Change, cancel_own, change_preorder
from tenants.preorder_ends import cancel_preorder
from tenants.preorder_states import FULFILMENT, PAYMENT, move_preorder
from tenants.preorders import Buyer, Wish, mark_joined, open_preorder
from tenants.products import Product, Variant, upsert_products
from tests.campaigns.campaign_model import FOLLOWS, PRICE, Held, Model, Plan
from tests.identity.record_machine import Ground

T = TypeVar("T")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)

BUYER = st.sampled_from(["ann", "bea", "cem"])
VARIANT = st.sampled_from([*PRICE])
QUANTITY = st.integers(1, 4)
WHICH = st.integers(0, 59)
JUMP = st.sampled_from([31, 10, 61, 1, 120, 240])
SELDOM = st.integers(0, 14).map(lambda number: number == 7)
"""For what ends a campaign, or few runs would come any further."""
BY_HAND = st.sampled_from(
    ["paused", "open", "open", "early_access", "charging", "in_production", "shipping", "completed", "confirmed"]
)
PLAN = st.builds(
    Plan,
    total=st.sampled_from([None, 6, 10]),
    red=st.sampled_from([None, 4]),
    per_shopper=st.sampled_from([None, 5]),
    minimum=st.sampled_from([0, 3, 6]),
    until=st.sampled_from(["close", "production", "never"]),
    early_from=st.just(START + timedelta(hours=1)),
    starts_at=st.just(START + timedelta(hours=2)),
    ends_at=st.just(START + timedelta(hours=6)),
)


class CampaignMachine(RuleBasedStateMachine):
    """One tenant and one campaign a run."""

    ground: ClassVar[Ground]
    steps: ClassVar[int] = 0
    seen: ClassVar[Counter[str]] = Counter()
    """States of the campaign, and after how many steps it was in them."""

    @initialize(plan=PLAN, ahead=st.sampled_from([2, 1, 0]), published=st.sampled_from([True, True, True, False]))
    def open(self, plan: Plan, ahead: int, published: bool) -> None:
        slug = f"m-{new_id().hex[-24:]}"
        shop = open_shop(self.ground.settings, slug=slug, name=slug, currency="EUR", owner_email="m@example.com")
        self.tenant_id = self.ground.run(shop).tenant_id
        self.model, self.now = Model(plan), START
        self.do(lambda conn: upsert_products(conn, [_product()]))
        self.do(lambda conn: upsert_campaigns(conn, [_campaign(plan)]))
        self.shoppers = self.do(lambda conn: make_shoppers(conn, ["ann", "bea"]))
        if published:
            self.publish()
        self.now += timedelta(hours=ahead)

    @rule()
    def publish(self) -> None:
        said = self.said(lambda conn: publish_campaign(conn, "c1", now=self.now, actor="test"))
        assert said == (self.model.state == "draft" and self.model.plan.ends_at > self.now)
        if said:
            self.model.state = "scheduled"

    @rule(minutes=JUMP, looked_after=st.sampled_from([True, True, False]))
    def time_passes(self, minutes: int, looked_after: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if looked_after:
            self.look_after()

    @rule()
    def look_after(self) -> None:
        self.ground.run(move_due(self.ground.db, self.tenant_id, clock=lambda: self.now))
        self.model.look_after(self.now)

    @rule(buyer=st.sampled_from(["ann", "bea"]))
    def tell_interest(self, buyer: str) -> None:
        said = self.said(lambda conn: record_interest(conn, "c1", self.shoppers[buyer], now=self.now))
        assert said == (self.model.state in ("scheduled", "early_access", "open", "paused"))
        if said:
            self.model.interested.setdefault(buyer, self.now)

    @rule(buyer=BUYER, variant=VARIANT, quantity=QUANTITY, times=st.sampled_from([1, 1, 2, 5]))
    def reserve(self, buyer: str, variant: str, quantity: int, times: int) -> None:
        wish = Wish(campaign_id="c1", product_id="p1", variant_id=variant, quantity=quantity, terms_version="v1")
        answers = self.at_once(times, lambda conn: open_preorder(conn, wish, self._buyer(buyer), now=self.now))
        made = [str(one.preorder_id) for one in answers if not isinstance(one, Refusal)]
        expected = 0
        for place in range(times):
            if self.model.reserve(buyer, variant, quantity, self.now):
                name = made[expected] if expected < len(made) else f"missing {place}"
                self.model.note(name, buyer, variant, quantity, self.now)
                expected += 1
        assert len(made) == expected

    @rule(which=WHICH, payment=st.sampled_from(["card_saved", "paid"]))
    def join(self, which: int, payment: Any) -> None:
        if (picked := self._pick(which)) is None:
            return
        name, one = picked
        amount = PRICE[one.variant] * one.quantity if payment == "paid" else 0

        async def act(conn: Connection) -> None:
            preorder_id = UUID(name)
            await move_preorder(conn, preorder_id, payment="pending", now=self.now)
            await mark_joined(conn, preorder_id, payment=payment, paid_minor=amount, now=self.now)

        said = self.said(act)
        assert said == (one.fulfilment == "reserved" and one.payment == "none")
        if said:
            one.fulfilment, one.payment, one.paid = "joined", payment, amount

    @rule(which=WHICH, by_shopper=st.booleans(), times=st.sampled_from([1, 1, 3]))
    def cancel(self, which: int, by_shopper: bool, times: int) -> None:
        if (picked := self._pick(which)) is None:
            return
        name, _ = picked
        preorder_id = UUID(name)
        answers = self.at_once(
            times,
            lambda conn: (
                cancel_own(conn, preorder_id, now=self.now)
                if by_shopper
                else cancel_preorder(conn, preorder_id, now=self.now, reason="test")
            ),
        )
        done = len([one for one in answers if not isinstance(one, Refusal)])
        assert done == self.model.cancel(name, self.now, by_shopper=by_shopper)

    @rule(which=WHICH, variant=VARIANT, quantity=QUANTITY)
    def change(self, which: int, variant: str, quantity: int) -> None:
        if (picked := self._pick(which)) is None:
            return
        name, _ = picked
        wanted = Change(quantity=quantity, variant_id=variant)
        said = self.said(lambda conn: change_preorder(conn, UUID(name), wanted, now=self.now))
        assert said == self.model.change(name, variant, quantity, self.now)

    @rule(to=BY_HAND)
    def ask(self, to: Any) -> None:
        said = self.said(lambda conn: ask_transition(conn, "c1", to, reason="", now=self.now, actor="test"))
        assert said == self.model.ask(to, self.now)

    @rule()
    def go_on(self) -> None:
        """The next step of making and shipping, whatever was asked for before."""
        for to in ("charging", "in_production", "shipping", "completed"):
            if self.model.state in FOLLOWS[to]:
                self.ask(to)
                return

    @rule(to=st.sampled_from(["closed", "cancelled"]), sure=SELDOM)
    def end_by_hand(self, to: str, sure: bool) -> None:
        if sure:
            self.ask(to)

    @rule(which=WHICH, to=st.sampled_from(["in_production", "shipped", "completed"]))
    def make_and_ship(self, which: int, to: Any) -> None:
        if (picked := self._pick(which)) is None:
            return
        name, one = picked
        said = self.said(lambda conn: move_preorder(conn, UUID(name), fulfilment=to, now=self.now))
        before = {"in_production": "confirmed", "shipped": "in_production", "completed": "shipped"}[to]
        assert said == (one.fulfilment == before and (to != "shipped" or one.payment == "paid"))
        if said:
            one.fulfilment = to

    @rule(buyer=BUYER, quantity=QUANTITY, sure=SELDOM)
    def reserve_while_it_closes(self, buyer: str, quantity: int, sure: bool) -> None:
        """Whichever comes first: nothing is let in afterwards, and nothing is lost."""
        if not sure or self.model.state not in ("early_access", "open"):
            return
        wish = Wish(campaign_id="c1", product_id="p1", variant_id="blue", quantity=quantity, terms_version="v1")
        acts: list[Callable[[Connection], Awaitable[object]]] = [
            lambda conn: open_preorder(conn, wish, self._buyer(buyer), now=self.now),
            lambda conn: ask_transition(conn, "c1", "closed", reason="", now=self.now, actor="test"),
        ]
        preorder, closed = self.together(acts)
        fits = self.model.reserve(buyer, "blue", quantity, self.now)
        if isinstance(preorder, Refusal):
            assert not fits or preorder.code == "campaign_not_open"
        else:
            assert fits
            self.model.note(str(getattr(preorder, "preorder_id")), buyer, "blue", quantity, self.now)  # noqa: B009
        assert not isinstance(closed, Refusal)
        self.model.ask("closed", self.now)

    @invariant()
    def everything_is_as_the_model(self) -> None:
        CampaignMachine.steps += 1
        CampaignMachine.seen[self.model.state] += 1
        state, caps, preorders = self.do(_read)
        model = self.model
        assert state == model.state
        assert preorders == {
            name: (one.variant, one.quantity, one.fulfilment, one.payment, one.paid, one.owed)
            for name, one in model.preorders.items()
        }
        if caps:
            self._check_caps(caps)

    @invariant()
    def every_step_was_a_listed_one_and_audited(self) -> None:
        campaign, preorders, audits = self.do(_read_steps)
        walked = ["draft", *(to for _, to in campaign)]
        assert [before for before, _ in campaign] == walked[:-1]
        assert walked[-1] == self.model.state
        assert all(to in TRANSITIONS[before] for before, to in campaign)
        assert audits == len(campaign)
        allowed: dict[str, Any] = {"fulfilment": FULFILMENT, "payment": PAYMENT}
        assert all(to in allowed[side][before] for _, side, before, to in preorders if side in allowed)
        # For good: what one preorder went through hangs together, side by side.
        at: dict[tuple[str, str], str] = {}
        for name, side, before, to in preorders:
            assert at.get((name, side), {"fulfilment": "reserved", "payment": "none"}.get(side, before)) == before
            at[name, side] = to

    def _check_caps(self, caps: dict[str, tuple[int | None, int]]) -> None:
        total, taken = caps["total"]
        assert taken == self.model.live()
        assert total is None or taken <= total
        if "variant:p1/red" in caps:
            cap, red = caps["variant:p1/red"]
            assert red == self.model.live(variant="red") <= (cap or 0)
        if self.model.plan.per_shopper is not None:
            assert all(self.model.live(buyer=buyer) <= self.model.plan.per_shopper for buyer in ("ann", "bea", "cem"))

    def _pick(self, which: int) -> tuple[str, Held] | None:
        """One of those there are. Not drawn from them: how many there are may hang on who was first."""
        names = [*self.model.preorders]
        if not names:
            return None
        name = names[which % len(names)]
        return name, self.model.preorders[name]

    def _buyer(self, name: str) -> Buyer:
        if name in self.shoppers:
            return Buyer(shopper=self.shoppers[name])
        return Buyer(guest_email=f"{name}@example.com")

    def do(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        return self.ground.run(self._once(act))

    def said(self, act: Callable[[Connection], Awaitable[object]]) -> bool:
        """Whether it was done."""
        return not isinstance(self.at_once(1, act)[0], Refusal)

    def at_once(self, times: int, act: Callable[[Connection], Awaitable[T]]) -> "list[T | Refusal]":
        """The same act from several connections at the same moment."""

        async def all_of_them() -> "list[T | Refusal]":
            return await asyncio.gather(*(self._refused(act) for _ in range(times)))

        return self.ground.run(all_of_them())

    def together(self, acts: list[Callable[[Connection], Awaitable[object]]]) -> list[object]:
        async def all_of_them() -> list[object]:
            return await asyncio.gather(*(self._refused(act) for act in acts))

        return self.ground.run(all_of_them())

    async def _refused(self, act: Callable[[Connection], Awaitable[T]]) -> "T | Refusal":
        try:
            return await self._once(act)
        except Refusal as refusal:
            return refusal

    async def _once(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """As the API writes: again when it crossed another transaction."""

        async def once() -> T:
            async with self.ground.db.tenant(self.tenant_id) as conn:
                return await act(conn)

        return await settle(once)


def _product() -> Product:
    variants = tuple(Variant(id=name, price_minor=price) for name, price in PRICE.items())
    return Product(id="p1", title="x", url="https://x.example", price_minor=1, currency="EUR", variants=variants)


def _campaign(plan: Plan) -> Campaign:
    red = () if plan.red is None else (VariantCap(product_id="p1", variant_id="red", units=plan.red),)
    until: Any = plan.until
    return Campaign(
        id="c1",
        title={"en": "x"},
        products=(CampaignProduct(product_id="p1", variants=tuple(PRICE)),),
        early_from=plan.early_from,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        caps=Caps(total=plan.total, per_variant=red, per_shopper=plan.per_shopper),
        minimum_units=plan.minimum,
        payment=PaymentTerms(mode="upfront"),
        ship_from=date(2026, 6, 1),
        ship_until=date(2026, 7, 1),
        terms={"en": "x"},
        terms_version="v1",
        cancellation=Cancellation(until=until),
        seller=Seller(name="x", address="x", email="x"),
        checklist=Checklist(total_price_clear=True, withdrawal_notice={"en": "x"}),
    )


async def _read(conn: Connection) -> tuple[str, dict[str, tuple[int | None, int]], dict[str, tuple[Any, ...]]]:
    """State, caps and preorders, in the model's terms."""
    state = await conn.fetchval("select state from campaigns")
    caps = {row[0]: (row[1], row[2]) for row in await conn.fetch("select scope, cap, taken from campaign_caps")}
    preorders = {str(row[0]): tuple(row)[1:] for row in await conn.fetch(_PREORDERS)}
    return state, caps, preorders


async def _read_steps(conn: Connection) -> tuple[list[tuple[Any, Any]], list[tuple[str, ...]], int]:
    """The campaign's steps, the preorders' by name and side, and how many are audited."""
    campaign = [(row[0], row[1]) for row in await conn.fetch(_CAMPAIGN_STEPS)]
    preorders = [(str(row[0]), *tuple(row)[1:]) for row in await conn.fetch(_PREORDER_STEPS)]
    audits = await conn.fetchval("select count(*) from audit_log where action like 'campaign %'")
    return campaign, preorders, audits


_PREORDERS = """
select preorder_id, variant_id, quantity, fulfilment, payment, paid_minor::integer, owed_back_minor::integer
from preorders
"""
_CAMPAIGN_STEPS = "select from_state, to_state from campaign_transitions order by place"
_PREORDER_STEPS = "select preorder_id, side, from_state, to_state from preorder_transitions order by place"
