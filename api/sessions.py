"""Sessions: what shoppers and visitors did of late, stored in Redis for all processes and read from memory.

An owner is a proven shopper or a visitor, and has up to two sorted sets in Redis, members by the time they happened:

    {t:<tenant>}:session:<kind>:<id>    v<product> viewed, c<product> carted    ends 30 minutes after the last one
    {t:<tenant>}:bought:<kind>:<id>     <product>, of a shopper                 ends after 35 days

Adding to a sorted set loses nothing that another process adds at the same time. Whoever changes an owner tells all
processes, and they forget what they have read of it. Redis may lose all of this: a session then begins anew, and what
was bought is known again as soon as the next training has learned it from the record.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from infra.clock import Clock
from infra.database import Connection
from infra.key_feed import tell
from infra.near import Near
from infra.redis import Cache, Command, key
from recommender.serving.session import NOTHING, Session
from tenants.erase import Identifier, list_names

BROWSED = timedelta(minutes=30)
BOUGHT = timedelta(days=35)
"""Longer than any tenant goes without a training."""
SHOWN = 20
"""How many products of each kind a session has, beside the purchases."""
MOST_BROWSED, MOST_BOUGHT = 60, 50

Kind = Literal["shopper", "visitor"]

VIEWED, CARTED = "v", "c"
BROWSING = {"view": VIEWED, "click": VIEWED, "cart": CARTED}
"""The events that a session remembers, and as what."""


def owner(tenant_id: UUID, kind: Kind, name: str) -> str:
    """The owner's name for `Sessions`: the key of what they browsed."""
    return key(tenant_id, "session", kind, name)


async def list_owners(conn: Connection, tenant_id: UUID, person: Identifier) -> list[str]:
    """Everything under which a person may have a session: all their ids and browsers."""
    kinds: dict[str, Kind] = {"external_id": "shopper", "visitor": "visitor"}
    return [owner(tenant_id, kinds[kind], name) for kind, name in await list_names(conn, person) if kind in kinds]


class Deed(NamedTuple):
    """A product viewed or carted, at a time in POSIX seconds."""

    kind: str
    product_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Purchases:
    """What a shopper bought, product and POSIX seconds, and what they gave back or never got."""

    bought: Mapping[str, float]
    returned: Collection[str] = ()


class Trace(NamedTuple):
    """What one owner did, as one process remembers it."""

    browsed: tuple[tuple[float, str], ...]
    """Members of the sorted set, the latest first."""
    session: Session
    """What they make of it alone."""


class Sessions:
    """Read, extended and forgotten by owner. All of it goes on without Redis, as if nobody had done anything."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self.near: Near[Trace] = Near(self._load, _NO_TRACE)

    def find(self, owners: Sequence[str]) -> Session | None:
        """Their session, joined when they are two, if nothing of it changed since this process read it."""
        if not owners:
            return NOTHING
        mine = self.near.find(owners[0])
        if mine is None or len(owners) == 1:
            return None if mine is None else mine.session
        browser = self.near.find(owners[1])
        return None if browser is None else _join(mine, browser)

    async def read(self, owners: Sequence[str]) -> Session:
        """The same of one or two, from Redis where need be."""
        traces = await asyncio.gather(*map(self.near.get, owners))
        return traces[0].session if len(traces) == 1 else _join(*traces)

    async def browse(self, deeds: Mapping[str, Sequence[Deed]]) -> None:
        """Add what was done by owner; of the same time the later in the list is the later one."""
        commands = [command for owner, done in deeds.items() for command in _browse(owner, done)]
        await self._change(list(deeds), commands)

    async def buy(self, purchases: Mapping[str, Purchases]) -> None:
        """Add purchases by owner, and take out what was returned. Saying the same again changes nothing."""
        commands = [command for owner, one in purchases.items() for command in _buy(owner, one)]
        await self._change(list(purchases), commands)

    async def forget(self, owners: Iterable[str]) -> None:
        """Delete all of it, now if Redis can be reached; what cannot be deleted ends with its time."""
        owners = list(owners)
        keys = [name for owner in owners for name in (owner, _bought(owner))]
        await self._change(owners, [("DEL", *keys)] if keys else [], anyway=True)

    async def _change(self, owners: Sequence[str], commands: Sequence[Command], *, anyway: bool = False) -> None:
        if commands:
            await self._cache.send([*commands, tell(owners)], anyway=anyway)
            self.near.forget(owners)  # the message comes to us as well, but later

    async def _load(self, owners: Sequence[str]) -> Sequence[Trace] | None:
        now = self._clock()
        browsed, bought = [str((now - age).timestamp()) for age in (BROWSED, BOUGHT)]
        answers = await self._cache.send(
            [
                ("ZRANGE", name, "+inf", since, "BYSCORE", "REV", "WITHSCORES")
                for owner in owners
                for name, since in ((owner, browsed), (_bought(owner), bought))
            ]
        )
        if answers is None:
            return None
        members = [_members(answer) for answer in answers]
        return [_trace(browsed, bought) for browsed, bought in zip(members[::2], members[1::2], strict=True)]


def _bought(owner: str) -> str:
    """The tenant's part is before the first colon of these, and has no such word."""
    return owner.replace(":session:", ":bought:", 1)


def _add(name: str, scored: Mapping[str, float], *, most: int, keep: timedelta) -> list[Command]:
    pairs = [one for member, score in scored.items() for one in (score, member)]
    return [
        ("ZADD", name, *pairs),
        ("ZREMRANGEBYRANK", name, 0, -most - 1),
        ("EXPIRE", name, int(keep.total_seconds())),
    ]


def _browse(owner: str, deeds: Sequence[Deed]) -> list[Command]:
    # A microsecond apart, so that their order is kept.
    scored = {deed.kind + deed.product_id: deed.at + place * 1e-6 for place, deed in enumerate(deeds)}
    return _add(owner, scored, most=MOST_BROWSED, keep=BROWSED)


def _buy(owner: str, purchases: Purchases) -> list[Command]:
    name, commands = _bought(owner), list[Command]()
    if purchases.returned:
        commands.append(("ZREM", name, *purchases.returned))
    if purchases.bought:
        commands += _add(name, purchases.bought, most=MOST_BOUGHT, keep=BOUGHT)
    return commands


def _members(answer: Sequence[bytes]) -> tuple[tuple[float, str], ...]:
    """From members and scores in turns."""
    return tuple((float(score), member.decode()) for member, score in zip(answer[::2], answer[1::2], strict=True))


def _trace(browsed: tuple[tuple[float, str], ...], bought: tuple[tuple[float, str], ...]) -> Trace:
    if not browsed and not bought:
        return _NO_TRACE
    return Trace(browsed, _session(browsed, tuple(product for _, product in bought)))


def _join(shopper: Trace, browser: Trace) -> Session:
    """What was done in both, the latest first."""
    if not browser.browsed:
        return shopper.session
    return _session(sorted((*shopper.browsed, *browser.browsed), reverse=True), shopper.session.bought)


def _session(browsed: Iterable[tuple[float, str]], bought: tuple[str, ...]) -> Session:
    latest = list(dict.fromkeys(member for _, member in browsed))
    viewed = tuple(member[1:] for member in latest if member[0] == VIEWED)
    carted = tuple(member[1:] for member in latest if member[0] == CARTED)
    return Session(viewed[:SHOWN], carted[:SHOWN], bought)


_NO_TRACE = Trace((), NOTHING)
