"""Arrival: whatever is told first, the report and every reason are the same, and they are what a model says."""

import asyncio
import dataclasses
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import hypothesis.strategies as st

from tests.attribution.desk import Desk, open_desk
from tests.support.service import Service
from tests.support.shop import Document, event, open_test_shop, order

BEGAN_AT = (datetime.now(UTC) - timedelta(days=6)).replace(minute=0, second=0, microsecond=0)
PERIOD = {
    "from": (BEGAN_AT - timedelta(days=1)).date().isoformat(),
    "to": (BEGAN_AT + timedelta(days=7)).date().isoformat(),
}
CLICK_HOURS, VIEW_HOURS = 48, 24
STRENGTH = {"click": 0, "cart": 1, "impression": 2}


@dataclass(frozen=True)
class Deed:
    """Told by a page or by the server, under a name, at a browser, both or neither."""

    name: str
    kind: str
    product: str
    placement: str
    hour: int
    shopper: str | None
    visitor: str | None
    from_page: bool

    @property
    def event_id(self) -> str:
        return f"client:{self.name}" if self.from_page else self.name


@dataclass(frozen=True)
class Bought:
    """An order, by how often it was told before it stood as it stands."""

    name: str
    products: tuple[str, ...]
    hour: int
    shopper: str | None
    status: str
    before: int


@dataclass(frozen=True)
class Story:
    """All that happened."""

    deeds: tuple[Deed, ...]
    orders: tuple[Bought, ...]
    browsers: tuple[tuple[str, str], ...]
    """Visitor and shopper."""
    merged: bool
    """Whether s0 and s1 are one."""

    def person(self, shopper: str) -> str:
        return "s0" if self.merged and shopper == "s1" else shopper

    def doers(self, deed: Deed) -> set[str]:
        if deed.shopper is not None:
            return {self.person(deed.shopper)}
        return {self.person(shopper) for visitor, shopper in self.browsers if visitor == deed.visitor}

    def credits(self) -> Iterator[tuple[Bought, str, Deed]]:
        """The model: each line and what earned it."""
        for bought in self.orders:
            for product in bought.products:
                found = [deed for deed in self.deeds if self._may_earn(deed, bought, product)]
                if found and bought.status not in ("cancelled", "returned"):
                    yield bought, product, min(found, key=lambda one: (STRENGTH[one.kind], -one.hour, one.event_id))

    def _may_earn(self, deed: Deed, bought: Bought, product: str) -> bool:
        hours = VIEW_HOURS if deed.kind == "impression" else CLICK_HOURS
        return (
            bought.shopper is not None
            and deed.product == product
            and 0 <= bought.hour - deed.hour <= hours
            and self.person(bought.shopper) in self.doers(deed)
        )


PRODUCTS, SHOPPERS, VISITORS = st.sampled_from(["p0", "p1"]), st.sampled_from(["s0", "s1", "s2"]), st.sampled_from("vw")
HOURS = st.integers(0, 130)
DEEDS = st.builds(
    Deed,
    name=st.just(""),
    kind=st.sampled_from(["click", "cart", "impression"]),
    product=PRODUCTS,
    placement=st.sampled_from(["home", "cart"]),
    hour=HOURS,
    shopper=st.none() | SHOPPERS,
    visitor=st.none() | VISITORS.map(lambda name: f"visitor-{name}"),
    from_page=st.booleans(),
)
ORDERS = st.builds(
    Bought,
    name=st.just(""),
    products=st.lists(PRODUCTS, min_size=1, max_size=2, unique=True).map(tuple),
    hour=HOURS,
    shopper=st.none() | SHOPPERS,
    status=st.sampled_from(["placed", "paid", "paid", "cancelled", "returned"]),
    before=st.integers(0, 2),
)
STORIES = st.builds(
    Story,
    deeds=st.lists(DEEDS, min_size=3, max_size=12).map(lambda deeds: tuple(_named(deeds, "event-"))),
    orders=st.lists(ORDERS, min_size=1, max_size=5).map(lambda orders: tuple(_named(orders, "order-"))),
    browsers=st.lists(st.tuples(VISITORS.map(lambda name: f"visitor-{name}"), SHOPPERS), max_size=3, unique=True).map(
        tuple
    ),
    merged=st.booleans(),
)


def _named(things: Sequence[Any], prefix: str) -> list[Any]:
    return [dataclasses.replace(thing, name=f"{prefix}{number:03}") for number, thing in enumerate(things)]


class Teller:
    """Tells a story to a fresh shop, step by step in any order."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def tell(self, story: Story, seed: int) -> None:
        steps: list[tuple[str, Any]] = [
            *(("deed", deed) for deed in story.deeds),
            *(("again", deed) for deed in story.deeds[::3]),
            *(("order", bought) for bought in story.orders for _ in range(bought.before + 1)),
            *(("browser", pair) for pair in story.browsers),
            *([("merge", None)] if story.merged else []),
        ]
        random.Random(seed).shuffle(steps)
        told = defaultdict[str, int](int)
        for what, thing in steps:
            if what == "order":
                told[thing.name] += 1
                await self._order(thing, told[thing.name] - thing.before - 1)
            else:
                await self._step(what, thing)

    async def _step(self, what: str, thing: Any) -> None:
        if what == "browser":
            await self._desk.name(*thing)
        elif what == "merge":
            for shopper in ("s0", "s1"):
                await self._desk.shop.api.put(f"/v1/shoppers/{shopper}", json={"id": shopper})
            answer = await self._desk.shop.api.post("/v1/merges", json={"keep": "s0", "absorb": "s1"})
            assert answer.status_code == 200, answer.text
        else:
            await self._deed(thing)

    async def _order(self, bought: Bought, left: int) -> None:
        """What is told before it stands as it stands is another state of it, with a line more."""
        at = BEGAN_AT + timedelta(hours=bought.hour)
        products, status = (bought.products, bought.status) if left == 0 else (("p0", "p1", "p2"), "placed")
        sold = order(bought.name, products, ordered_at=at, shopper_id=bought.shopper, status=status)
        assert (await self._desk.shop.push("orders", [sold])).json()["rejected"] == 0

    async def _deed(self, deed: Deed) -> None:
        shop, at = self._desk.shop, BEGAN_AT + timedelta(hours=deed.hour)
        told = {"id": deed.name, "type": deed.kind, "token": self._desk.token(deed.product, deed.placement, at=at)}
        if deed.from_page:
            body: Document = {"key": shop.keys.publishable.secret, "events": [{**told, "at": at.isoformat()}]}
            body |= {} if deed.shopper is None else {"token": shop.token(deed.shopper)}
            body |= {} if deed.visitor is None else {"visitor": deed.visitor}
            assert (await shop.page.post("/public/v1/events", json=body)).status_code == 202
        else:
            who = {"shopper_id": deed.shopper, "visitor_id": deed.visitor, "product_id": deed.product}
            sent = event(deed.name, **{**told, **who, "occurred_at": at.isoformat()})
            assert (await shop.push("events", [sent])).json()["rejected"] == 0

    async def found(self, story: Story) -> Document:
        """Everything that can be asked."""
        desk = self._desk
        return {
            **{side: await desk.report(by=side, **PERIOD) for side in ("placement", "day", "product")},
            "orders": [await desk.explain(order=bought.name) for bought in story.orders],
            "events": [await desk.explain(event=deed.event_id) for deed in story.deeds],
        }


async def _tell_and_ask(service: Service, story: Story, seed: int) -> Document:
    shop = await open_test_shop(service)
    async with shop.api, shop.page:
        desk = await open_desk(shop)
        await desk.set_days(click_days=CLICK_HOURS // 24, view_days=VIEW_HOURS // 24)
        teller = Teller(desk)
        await teller.tell(story, seed)
        return await teller.found(story)


async def test_b10_arrival_order_does_not_matter(service: Service) -> None:
    """Late orders, late events, orders sent again, changed or ended, browsers named and shoppers merged at any time."""
    loop = asyncio.get_running_loop()

    @hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @hypothesis.given(STORIES, st.integers(0, 10**6), st.integers(0, 10**6))
    def check(story: Story, first: int, second: int) -> None:
        one, other = (
            asyncio.run_coroutine_threadsafe(_tell_and_ask(service, story, seed), loop).result(60)
            for seed in (first, second)
        )
        assert one == other
        _compare(story, one)

    await asyncio.to_thread(check)


def _compare(story: Story, found: Document) -> None:
    """With the model, to the line and event."""
    model = {(bought.name, product): deed for bought, product, deed in story.credits()}
    said = {
        (bought.name, line["product_id"]): line["earned"]
        for bought, told in zip(story.orders, found["orders"], strict=True)
        for line in told["lines"]
        if line["earned"] is not None
    }
    assert {key: deed.event_id for key, deed in model.items()} == {key: one["event_id"] for key, one in said.items()}
    by_placement = defaultdict[tuple[str, bool], int](int)
    for deed in model.values():
        by_placement[deed.placement, deed.kind == "impression"] += 1000
    rows = found["placement"]["sales"]
    reported = {(row["key"], False): row["clicked_revenue_minor"] for row in rows}
    reported |= {(row["key"], True): row["viewed_revenue_minor"] for row in rows}
    assert {key: minor for key, minor in reported.items() if minor} == by_placement
    earning = {deed.event_id for deed in model.values()}
    told = zip(story.deeds, found["events"], strict=True)
    assert {deed.event_id for deed, one in told if one["event"]["earned"]} == earning
