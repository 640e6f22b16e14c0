"""The showcase in memory: opens and closes to the second, keeps audiences apart, and reads nothing when it need not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from api.public.personal import NOBODY, PATIENCE_S, UNREAD, read_personal
from infra.database import DatabaseDown
from recommender.serving.showcase import Showcase
from tenants.collections import Audience, Collection
from tests.serving.shops import NOW, open_live, product

START = datetime.fromtimestamp(NOW, UTC)
MEMBERS = Audience(kind="shoppers")


@st.composite
def collections(draw: st.DrawFn) -> list[Collection]:
    """Up to six with windows of whole minutes, over five products."""
    made = []
    for number in range(draw(st.integers(0, 6))):
        minutes = st.none() | st.integers(-5, 5)
        start, end = draw(minutes), draw(minutes)
        if start is not None and end is not None and start >= end:
            end = start + 1
        made.append(
            Collection(
                id=f"c{number}", products=tuple(draw(st.sets(st.sampled_from("abcde"), min_size=1))),
                starts_at=None if start is None else START + timedelta(minutes=start),
                ends_at=None if end is None else START + timedelta(minutes=end),
                audience=draw(st.sampled_from([Audience(), MEMBERS])), exclusive=draw(st.booleans()),
            )
        )  # fmt: skip
    return made


def is_open(one: Collection, now: float) -> bool:
    starts, ends = one.starts_at or START - timedelta(days=9), one.ends_at or START + timedelta(days=9)
    return starts.timestamp() <= now < ends.timestamp()


@given(collections(), st.integers(-400, 400), st.sets(st.sampled_from([f"c{n}" for n in range(6)])))
def test_c9_what_is_closed_to_somebody_is_what_the_documents_say(
    made: list[Collection], seconds: int, mine: set[str]
) -> None:
    now = NOW + seconds
    opening = Showcase(made).open_at(now)
    theirs = [one for one in made if is_open(one, now) and (one.audience == Audience() or one.id in mine)]
    exclusive = {name for one in made if one.exclusive for name in one.products}
    assert {one.collection_id for one in opening.open_to(mine)} == {one.id for one in theirs}
    assert opening.closed_to(frozenset(mine)) == exclusive - {
        name for one in theirs if one.exclusive for name in one.products
    }


@given(collections(), st.integers(-400, 400), st.integers(-400, 400))
def test_c9_an_opening_holds_for_as_long_as_it_says(made: list[Collection], seconds: int, other: int) -> None:
    showcase = Showcase(made)
    opening = showcase.open_at(NOW + seconds)
    assert opening.holds(NOW + seconds)
    assert not opening.holds(NOW + other) or showcase.open_at(NOW + other).open == opening.open


def test_c9_two_shoppers_who_ask_in_turn_are_not_mixed_up() -> None:
    live = open_live([product("a"), product("b")])
    live.show(Showcase([Collection(id="c", products=("a",), audience=MEMBERS, exclusive=True)]))
    masks = [live.mask("home", NOW, mine) for mine in (frozenset({"c"}), frozenset[str](), frozenset({"c"}))]
    assert [mask[live.row_of("a")] for mask in masks] == [1, 0, 1]
    assert all(mask[live.row_of("b")] for mask in masks)


class AwayDatabase:
    """What stands for Postgres being away, or not answering."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.asked = seconds, 0

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator[None]:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        raise DatabaseDown("The record is out of reach.")
        yield


@pytest.mark.parametrize("seconds", [0, 60])
async def test_c9_while_the_record_is_away_a_page_goes_on_without_what_is_personal(seconds: float) -> None:
    live, db = open_live([product("a")]), AwayDatabase(seconds)
    live.show(Showcase([Collection(id="c", products=("a",), audience=MEMBERS)]))
    state: Any = SimpleNamespace(db=db)
    began = asyncio.get_running_loop().time()
    assert await read_personal(state, live, "mei", now=START) == UNREAD
    assert asyncio.get_running_loop().time() - began < PATIENCE_S + 1
    assert db.asked == 1


async def test_c9_the_record_is_asked_only_where_an_open_collection_is_personal() -> None:
    db = AwayDatabase(0)
    state: Any = SimpleNamespace(db=db)
    everyone = Collection(id="c", products=("a",))
    over = structs.replace(everyone, audience=MEMBERS, ends_at=START - timedelta(days=1))
    for made in ([], [everyone], [over]):
        live = open_live([product("a")])
        live.show(Showcase(made))
        assert await read_personal(state, live, "mei", now=START) == NOBODY
    live.show(Showcase([structs.replace(everyone, audience=MEMBERS)]))
    assert await read_personal(state, live, None, now=START) == NOBODY
    assert db.asked == 0
