"""The record's state machine: random acts on a real tenant, compared with the model after each of them.

It calls the subjects' own functions on `db.tenant`, as handlers do: over HTTP 20,000 steps would take too long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.onboarding import open_shop
from api.writes import settle
from infra.database import Connection, Database
from infra.errors import NotFound, Refusal
from infra.ids import new_id
from infra.settings import Settings
from tenants.events import Event, delete_event, record_events
from tenants.identifier_kinds import IdentifierKind, put_rules
from tenants.identity import merge_named
from tenants.merges import undo_merge
from tenants.orders import Order, OrderLine, delete_order, upsert_orders
from tenants.products import Product, delete_product, upsert_products
from tenants.shoppers import Shopper, delete_shopper, upsert_shoppers
from tenants.upserts import Upserted
from tenants.visitors import attach_visitor
from tests.identity.record_model import LIMITS, Card, MergeSeen, Model

T = TypeVar("T")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)

SHOPPER = st.sampled_from([f"s{n}" for n in range(6)])
NAMED = st.one_of(st.none(), SHOPPER)
ROW = st.sampled_from([f"r{n}" for n in range(5)])
VISITOR = st.sampled_from(["visitor-1", "visitor-2"])
CARD = st.builds(
    Card,
    name=st.sampled_from(["ann", "ben"]),
    email=st.sampled_from([None, "x@x.example", "y@x.example"]),
    email_verified=st.booleans(),
    phone=st.sampled_from([None, "1111", "2222"]),
    phone_verified=st.booleans(),
)
TIMES = st.sampled_from([1, 1, 1, 2, 3])
"""How many send the same at the same moment."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the machine runs: the event loop of the test, from another thread."""

    db: Database
    settings: Settings
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class RecordMachine(RuleBasedStateMachine):
    """One tenant a run."""

    ground: ClassVar[Ground]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    @initialize()
    def open(self) -> None:
        slug = f"m-{new_id().hex[-24:]}"
        shop = open_shop(self.ground.settings, slug=slug, name=slug, currency="EUR", owner_email="m@example.com")
        self.tenant_id = self.ground.run(shop).tenant_id
        rules = [
            IdentifierKind(kind="email", priority=2, limit=LIMITS["email"]),
            IdentifierKind(kind="phone", priority=3, limit=LIMITS["phone"]),
            IdentifierKind(kind="visitor", priority=4, limit=100),
        ]
        self.do(lambda conn: put_rules(conn, rules, actor="test"))

    @rule(cards=st.dictionaries(SHOPPER, CARD, min_size=1, max_size=3), times=TIMES)
    def tell_shoppers(self, cards: dict[str, Card], times: int) -> None:
        documents = [_shopper(name, card) for name, card in cards.items()]
        answers = self.at_once(times, lambda conn: upsert_shoppers(conn, documents))
        # Again, because a row that was refused may be let in when a later one has given its identifier up.
        said = [{name: self.model.tell_shopper(name, cards[name]) for name in sorted(cards)} for _ in range(times)]
        if times == 1:
            refused = dict.fromkeys(answers[0].refused, "rejected")
            assert [{**answers[0].outcomes, **refused}] == said

    @rule(rows=st.dictionaries(ROW, st.tuples(NAMED, st.integers(1, 2)), min_size=1, max_size=3), times=TIMES)
    def tell_orders(self, rows: dict[str, tuple[str | None, int]], times: int) -> None:
        self.at_once(times, lambda conn: upsert_orders(conn, [_order(name, *row) for name, row in rows.items()]))
        for name, row in rows.items():
            self.model.tell_order(name, row, row[0])

    @rule(name=ROW, shopper=NAMED, visitor=VISITOR, times=TIMES)
    def tell_event(self, name: str, shopper: str | None, visitor: str, times: int) -> None:
        event = Event(id=name, type="view", occurred_at=MONDAY, shopper_id=shopper, visitor_id=visitor)
        self.at_once(times, lambda conn: record_events(conn, [event], "server"))
        self.model.tell_event(name, shopper, visitor)

    @rule(name=ROW, price=st.integers(1, 2), times=TIMES)
    def tell_product(self, name: str, price: int, times: int) -> None:
        product = Product(id=name, title="x", url="https://x.example", price_minor=price, currency="EUR")
        self.at_once(times, lambda conn: upsert_products(conn, [product]))
        self.model.products[name] = price

    @rule(keep=SHOPPER, absorb=SHOPPER, times=TIMES)
    def merge(self, keep: str, absorb: str, times: int) -> None:
        said = self.at_once(times, lambda conn: _merge(conn, keep, absorb))
        expected = self.model.merge(keep, absorb)
        assert said.count("merged") == (expected == "merged")
        assert times > 1 or said == [expected]

    @rule(keep=SHOPPER, absorb=SHOPPER, rows=st.dictionaries(ROW, st.tuples(SHOPPER, st.integers(3, 4)), min_size=1))
    def merge_while_orders_come(self, keep: str, absorb: str, rows: dict[str, tuple[str, int]]) -> None:
        """Whichever comes first, the end is the same: only shoppers that are known already take part."""
        rows = {name: row for name, row in rows.items() if row[0] in self.model.ids}
        orders = [_order(name, *row) for name, row in rows.items()]
        said, _ = self.together(lambda conn: _merge(conn, keep, absorb), lambda conn: upsert_orders(conn, orders))
        assert said == self.model.merge(keep, absorb)
        for name, row in rows.items():
            self.model.tell_order(name, row, row[0])

    @precondition(lambda self: self.model.merges)
    @rule(data=st.data(), times=TIMES)
    def undo(self, data: st.DataObject, times: int) -> None:
        place = data.draw(st.integers(0, len(self.model.merges) - 1))
        merge = self.model.merges[place]
        merge_id = self.do(lambda conn: _find_merge(conn, merge))
        said = self.at_once(times, lambda conn: _undo(conn, merge_id))
        expected = self.model.undo(merge)
        assert said.count("undone") == (expected == "undone")
        assert times > 1 or said == [expected]

    @rule(name=SHOPPER, visitor=VISITOR, times=TIMES)
    def attach(self, name: str, visitor: str, times: int) -> None:
        said = self.at_once(times, lambda conn: _found(attach_visitor(conn, name, visitor)))
        assert said == [self.model.attach(name, visitor)] * times

    @rule(name=SHOPPER)
    def delete_shopper(self, name: str) -> None:
        assert self.do(lambda conn: _found(delete_shopper(conn, name))) == self.model.delete_shopper(name)

    @rule(name=ROW)
    def delete_order(self, name: str) -> None:
        gone = self.model.orders.pop(name, None)
        assert self.do(lambda conn: _found(delete_order(conn, name))) == (gone is not None)

    @rule(name=ROW)
    def delete_event(self, name: str) -> None:
        gone = self.model.events.pop(name, None)
        assert self.do(lambda conn: _found(delete_event(conn, name))) == (gone is not None)

    @rule(name=ROW)
    def delete_product(self, name: str) -> None:
        gone = self.model.products.pop(name, None)
        assert self.do(lambda conn: _found(delete_product(conn, name))) == (gone is not None)

    @invariant()
    def the_record_is_as_the_model(self) -> None:
        RecordMachine.steps += 1
        shoppers, merges, orders, events, products = self.do(_read)
        model = self.model
        assert shoppers == {name: (model.person(name), one.shown) for name, one in model.ids.items()}
        assert merges == sorted((one.keep, one.absorb, one.undone) for one in model.merges)
        assert orders == {name: model.owner(row) for name, row in model.orders.items()}
        assert events == {name: model.owner(row) for name, row in model.events.items()}
        assert products == model.products

    def do(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        return self.ground.run(self._once(act))

    def at_once(self, times: int, act: Callable[[Connection], Awaitable[T]]) -> list[T]:
        """The same act from several connections at the same moment."""

        async def all_of_them() -> list[T]:
            return await asyncio.gather(*(self._once(act) for _ in range(times)))

        return self.ground.run(all_of_them())

    def together(
        self, first: Callable[[Connection], Awaitable[str]], second: Callable[[Connection], Awaitable[Upserted]]
    ) -> tuple[str, Upserted]:
        async def both() -> tuple[str, Upserted]:
            return await asyncio.gather(self._once(first), self._once(second))

        return self.ground.run(both())

    async def _once(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """As the API writes: again when it crossed another transaction."""

        async def once() -> T:
            async with self.ground.db.tenant(self.tenant_id) as conn:
                return await act(conn)

        return await settle(once)


def _shopper(name: str, card: Card) -> Shopper:
    return Shopper(
        id=name,
        name=card.name,
        email=card.email,
        email_verified=card.email_verified,
        phone=card.phone,
        phone_verified=card.phone_verified,
    )


def _order(name: str, shopper: str | None, quantity: int) -> Order:
    line = OrderLine(product_id="p1", quantity=quantity, unit_price_minor=100)
    return Order(id=name, ordered_at=MONDAY, currency="EUR", lines=(line,), shopper_id=shopper)


async def _merge(conn: Connection, keep: str, absorb: str) -> str:
    try:
        await merge_named(conn, keep, absorb, actor="test")
    except Refusal as refusal:
        return refusal.code
    return "merged"


async def _undo(conn: Connection, merge_id: UUID) -> str:
    try:
        await undo_merge(conn, merge_id, actor="test")
    except Refusal as refusal:
        return refusal.code
    return "undone"


async def _found(act: Awaitable[object]) -> bool:
    try:
        await act
    except NotFound:
        return False
    return True


async def _find_merge(conn: Connection, merge: MergeSeen) -> UUID:
    """One that holds is the only one of its two shoppers; of several that were undone any will do."""
    merge_id: UUID = await conn.fetchval(
        f"select merge_id from ({_MERGES}) as known where (kept, absorbed, undone) = ($1, $2, $3) limit 1",
        merge.keep,
        merge.absorb,
        merge.undone,
    )
    return merge_id


async def _read(conn: Connection) -> tuple[Any, ...]:
    """Everything of the tenant, in the model's terms."""
    shoppers = {row[0]: (row[1], Card(*row[2:])) for row in await conn.fetch(_SHOPPERS)}
    merges = sorted(tuple(row)[1:] for row in await conn.fetch(_MERGES))
    rows = [{row[0]: row[1] for row in await conn.fetch(query)} for query in (_ORDERS, _EVENTS, _PRODUCTS)]
    return shoppers, merges, *rows


# A merged id is shown through its person; its own row is what an undo would show.
_SHOPPERS = """
select one.external_id, person.external_id, one.name, one.email, one.email_verified, one.phone, one.phone_verified
from shoppers as one
join shoppers as person on person.shopper_id = coalesce(one.merged_into, one.shopper_id)
"""

_MERGES = """
select merge_id, kept.external_id as kept, absorbed.external_id as absorbed, undone_at is not null as undone
from shopper_merges
join shoppers as kept on kept.shopper_id = kept_id
join shoppers as absorbed on absorbed.shopper_id = absorbed_id
"""

_ORDERS = "select order_id, external_id from orders left join shoppers using (tenant_id, shopper_id)"
_EVENTS = "select event_id, external_id from events left join shoppers using (tenant_id, shopper_id)"
_PRODUCTS = "select product_id, price_minor from products where deleted_at is null"
