"""Special requests after any sequence of acts and any passing of time (C7).

`LASTBOOK_STATE_STEPS=20000 pytest tests/made_orders/test_request_states.py` runs it long.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from api.onboarding import open_shop
from api.writes import settle
from infra.database import Connection, Database
from infra.errors import Refusal
from infra.ids import new_id
from infra.settings import Settings
from tenants.named import hold_named
from tenants.shoppers import Shopper, upsert_shoppers
from tenants.special_requests import (
    MOST_OPEN,
    Offer,
    SpecialRequest,
    Wish,
    accept_request,
    decline_request,
    get_request,
    open_request,
    quote_request,
    start_request,
)
from tenants.work_calendar import WorkCalendar, store_work_calendar
from tests.support.service import Service

T = TypeVar("T")
STEPS = int(os.environ.get("LASTBOOK_STATE_STEPS", "300"))
STEPS_EACH = 30
Act = Callable[..., Awaitable[SpecialRequest]]
ANSWERS: dict[str, tuple[Act, str, str]] = {
    "accept": (accept_request, "quoted", "accepted"),
    "decline": (decline_request, "quoted", "declined"),
    "start": (start_request, "accepted", "in_production"),
}
"""Each with the state it needs and the one it leads to."""


@dataclass(slots=True)
class Known:
    """What the model knows of a request."""

    state: str = "requested"
    price: int | None = None
    until: datetime | None = None
    ready_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the machine runs: the event loop of the test, from another thread."""

    db: Database
    settings: Settings
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class RequestMachine(RuleBasedStateMachine):
    """One tenant and one shopper a run."""

    ground: ClassVar[Ground]
    steps: ClassVar[int] = 0
    requests = Bundle("requests")

    @initialize()
    def open_shop(self) -> None:
        self.now, self.known = datetime(2026, 3, 2, 12, tzinfo=UTC), dict[UUID, Known]()
        slug = f"m-{new_id().hex[-24:]}"
        made = open_shop(self.ground.settings, slug=slug, name=slug, currency="EUR", owner_email="m@example.com")
        self.tenant_id = self.ground.run(made).tenant_id
        self.do(lambda conn: upsert_shoppers(conn, [Shopper(id="s1")]))

    @rule(target=requests)
    def ask(self) -> UUID | MultipleResults[UUID]:
        before = sum(self.state(name) in ("requested", "quoted") for name in self.known)

        async def act(conn: Connection) -> SpecialRequest:
            return await open_request(conn, await hold_named(conn, "s1"), Wish(text="x"), actor="t", now=self.now)

        made = self.do(act)
        if isinstance(made, str):
            assert (made, before) == ("TooManyOpen", MOST_OPEN)
            return multiple()
        self.known[made.id] = Known()
        return made.id

    @rule(name=requests, price=st.integers(0, 9), days=st.integers(1, 9), times=st.sampled_from([1, 1, 3]))
    def quote(self, name: UUID, price: int, days: int, times: int) -> None:
        until, known = self.now + timedelta(days=days), self.known[name]
        offer = Offer(price_minor=price, currency="EUR", lead_days=days, valid_until=until)
        said = self.at_once(times, lambda conn: quote_request(conn, name, offer, actor="t", now=self.now))
        self.check(said, allowed=known.state == "requested")
        if known.state == "requested":
            self.known[name] = Known("quoted", price, until)
        self.look(name)

    @rule(name=requests, verb=st.sampled_from([*ANSWERS]), times=st.sampled_from([1, 1, 3]))
    def answer(self, name: UUID, verb: str, times: int) -> None:
        act, needed, after = ANSWERS[verb]
        known, before = self.known[name], self.state(name)
        said = self.at_once(times, lambda conn: act(conn, name, actor="t", now=self.now))
        self.check(said, allowed=before == needed)
        if before == needed:
            known.state = after
        if after == "accepted" == known.state and before == "quoted":
            known.ready_on = self.look(name).ready_on
        self.look(name)

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(day=st.sampled_from(["mon", "wed", "sun"]))
    def change_calendar(self, day: Any) -> None:
        calendar = WorkCalendar(working_days=(day,))
        self.do(lambda conn: store_work_calendar(conn, calendar, actor="t"))

    def state(self, name: UUID) -> str:
        known = self.known[name]
        over = known.state == "quoted" and known.until is not None and known.until <= self.now
        return "expired" if over else known.state

    def look(self, name: UUID) -> SpecialRequest:
        """Read it, and compare it with what is known."""
        found, known = self.do(lambda conn: get_request(conn, name, now=self.now)), self.known[name]
        assert not isinstance(found, str)
        assert (found.state, found.offer and found.offer.price_minor) == (self.state(name), known.price)
        if known.ready_on is not None:
            assert found.ready_on == known.ready_on
        return found

    def check(self, said: list[Any], *, allowed: bool) -> None:
        """Of those who did the same at the same moment one succeeded, or none."""
        assert [one for one in said if one not in (True, "WrongState")] == []
        assert said.count(True) == allowed

    def at_once(self, times: int, act: Callable[[Connection], Awaitable[object]]) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*(self._do(act) for _ in range(times)))

        return [one if isinstance(one, str) else True for one in self.ground.run(all_of_them())]

    def do(self, act: Callable[[Connection], Awaitable[T]]) -> T | str:
        return self.ground.run(self._do(act))

    async def _do(self, act: Callable[[Connection], Awaitable[T]]) -> T | str:
        """What it returned, or the name of the refusal."""
        type(self).steps += 1

        async def once() -> T:
            async with self.ground.db.tenant(self.tenant_id) as conn:
                return await act(conn)

        try:
            return await settle(once)
        except Refusal as refusal:
            return type(refusal).__name__


async def test_c7_any_sequence_of_acts_takes_only_listed_steps(service: Service) -> None:
    RequestMachine.ground = Ground(service.db, service.settings, asyncio.get_running_loop())
    RequestMachine.steps = 0
    how = settings(
        max_examples=STEPS // STEPS_EACH * 5 // 4 + 2, stateful_step_count=STEPS_EACH, derandomize=True, database=None,
        deadline=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    await asyncio.to_thread(run_state_machine_as_test, RequestMachine, settings=how)
    print(f"{RequestMachine.steps} steps")
    assert RequestMachine.steps >= STEPS
