"""Near: what was read is kept until it changed, and never longer than changes are heard of."""

import asyncio
from collections.abc import Sequence

import pytest

from infra import near
from infra.near import Near


class Afar:
    """A store that counts its readings, and can be held up in the middle of one."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.readings: list[list[str]] = []
        self.going = asyncio.Event()
        self.going.set()
        self.asked = asyncio.Event()
        self.down = False

    async def load(self, names: Sequence[str]) -> list[int] | None:
        self.readings.append([*names])
        self.asked.set()
        found = [self.values.get(name, 0) for name in names]
        await self.going.wait()
        return None if self.down else found


@pytest.fixture
async def afar() -> Afar:
    return Afar()


@pytest.fixture
async def kept(afar: Afar) -> Near[int]:
    """Listening."""
    one = Near(afar.load, nothing=-1)
    one.listen(True)
    return one


async def test_what_was_read_is_not_read_again(afar: Afar, kept: Near[int]) -> None:
    afar.values["a"] = 7
    assert [await kept.get("a"), await kept.get("a"), kept.find("a")] == [7, 7, 7]
    assert afar.readings == [["a"]]


async def test_questions_of_one_turn_travel_together_and_each_name_once(afar: Afar, kept: Near[int]) -> None:
    names = [str(number % 40) for number in range(100)]
    answers = await asyncio.gather(*(kept.get(name) for name in names))
    assert [*answers] == [0] * 100
    assert [sorted(reading) for reading in afar.readings] == [sorted(set(names))]


async def test_what_changed_is_read_again(afar: Afar, kept: Near[int]) -> None:
    await kept.get("a")
    afar.values["a"] = 1
    assert await kept.get("a") == 0
    kept.forget(["a", "never read"])
    assert await kept.get("a") == 1


async def test_what_changes_while_it_is_read_is_not_kept(afar: Afar, kept: Near[int]) -> None:
    afar.going.clear()
    early = asyncio.create_task(kept.get("a"))
    await afar.asked.wait()
    afar.values["a"] = 1
    kept.forget(["a"])
    late = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0)
    afar.going.set()

    assert (await early, await late, await kept.get("a")) == (0, 1, 1)
    assert afar.readings == [["a"]] * 2


@pytest.mark.parametrize("heard_again", [False, True])
async def test_when_changes_are_not_heard_nothing_is_kept(afar: Afar, kept: Near[int], heard_again: bool) -> None:
    await kept.get("a")
    kept.listen(False)
    assert kept.find("a") is None
    await kept.get("a")
    assert kept.find("a") is None
    kept.listen(heard_again)
    await kept.get("a")
    assert kept.find("a") == (0 if heard_again else None)


async def test_what_was_asked_before_changes_were_heard_is_not_kept(afar: Afar) -> None:
    kept = Near(afar.load, nothing=-1)
    afar.going.clear()
    early = asyncio.create_task(kept.get("a"))
    await afar.asked.wait()
    kept.listen(True)
    afar.going.set()

    assert await early == 0
    assert kept.find("a") is None


async def test_when_it_cannot_be_read_there_is_nothing_and_that_is_not_kept(afar: Afar, kept: Near[int]) -> None:
    afar.down = True
    first, second = await asyncio.gather(kept.get("a"), kept.get("b"))
    assert (first, second) == (-1, -1)
    afar.down = False
    assert await kept.get("a") == 0


async def test_a_reader_that_gives_up_takes_no_answer_from_the_others(afar: Afar, kept: Near[int]) -> None:
    impatient, patient = (asyncio.create_task(kept.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 0


async def test_kept_values_end_after_a_time(kept: Near[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "FRESH_SECONDS", -1.0)
    await kept.get("a")
    assert kept.find("a") is None


async def test_the_oldest_goes_when_there_are_too_many(kept: Near[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MOST", 3)
    for name in "abcde":
        await kept.get(name)
    assert [kept.find(name) for name in "abcde"] == [None, None, 0, 0, 0]
