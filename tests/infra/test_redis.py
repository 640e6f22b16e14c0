"""Redis: a turn's reads travel together, and without it there is simply nothing remembered."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from infra.ids import new_id
from infra.redis import Cache, key, open_cache
from infra.settings import Settings


@pytest.fixture
async def cache(settings: Settings) -> AsyncIterator[Cache]:
    assert settings.redis_url is not None
    cache = open_cache(settings.redis_url)
    yield cache
    await cache.close()


async def commands_during(settings: Settings, name: str, reads: list[str], cache: Cache) -> list[str]:
    """The commands with this word that Valkey got from anybody while the reads ran."""
    assert settings.redis_url is not None
    listener = Redis.from_url(settings.redis_url, decode_responses=True)
    async with listener, listener.monitor() as monitor:
        await asyncio.gather(*(cache.get(read) for read in reads))
        await listener.echo(name)
        seen = list[str]()
        async for command in monitor.listen():
            words = str(command["command"])
            if words.startswith("ECHO"):
                return [one for one in seen if name in one]
            seen.append(words)
    raise AssertionError("the monitor ended before its echo")


async def test_what_was_set_is_read_back_and_what_was_not_is_none(cache: Cache) -> None:
    tenant = new_id()
    await cache.set(key(tenant, "a"), b"1", seconds=60)
    assert [await cache.get(key(tenant, name)) for name in ("a", "b")] == [b"1", None]


async def test_the_reads_of_one_turn_are_one_command(cache: Cache, settings: Settings) -> None:
    tenant = new_id()
    reads = [key(tenant, str(number % 40)) for number in range(100)]
    [command] = await commands_during(settings, str(tenant), reads, cache)
    assert command.split()[0] == "MGET"
    assert len(command.split()) == 41


async def test_reads_of_later_turns_each_get_their_answer(cache: Cache) -> None:
    tenant = new_id()
    await cache.set(key(tenant, "a"), b"1", seconds=60)

    async def read_late(turns: int) -> bytes | None:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await cache.get(key(tenant, "a"))

    assert await asyncio.gather(*(read_late(turns) for turns in range(30))) == [b"1"] * 30


async def test_a_reader_that_gives_up_takes_no_answer_from_the_others(cache: Cache) -> None:
    tenant = new_id()
    await cache.set(key(tenant, "a"), b"1", seconds=60)
    impatient, patient = (asyncio.create_task(cache.get(key(tenant, "a"))) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == b"1"


async def test_keys_start_with_the_tenant_in_braces() -> None:
    tenant = new_id()
    assert key(tenant, "session", "v1") == f"{{t:{tenant}}}:session:v1"


async def test_values_end_after_their_seconds(cache: Cache, settings: Settings) -> None:
    assert settings.redis_url is not None
    name = key(new_id(), "a")
    await cache.set(name, b"1", seconds=60)
    async with Redis.from_url(settings.redis_url) as client:
        assert 0 < await client.ttl(name) <= 60


@pytest.mark.parametrize("url", ["unix:///nowhere/valkey.sock", "redis://127.0.0.1:1"])
async def test_without_redis_there_is_nothing_and_nothing_fails(url: str) -> None:
    cache = open_cache(url)
    await cache.set("a", b"1", seconds=60)
    assert await asyncio.gather(*(cache.get(str(number)) for number in range(10))) == [None] * 10
    assert await cache.ping() is False
    await cache.close()
