"""Redis: commands travel together, and without it there is simply nothing, at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from infra.ids import new_id
from infra.redis import Cache, Command, key, open_cache
from infra.settings import Settings


@pytest.fixture
async def cache(settings: Settings) -> AsyncIterator[Cache]:
    assert settings.redis_url is not None
    cache = open_cache(settings.redis_url)
    yield cache
    await cache.close()


class SilentServer:
    """Takes connections and never says a word."""

    def __init__(self) -> None:
        self.connections = 0
        self.url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read()
        writer.close()


@pytest.fixture
async def silent() -> AsyncIterator[SilentServer]:
    server = SilentServer()
    async with await asyncio.start_server(server.take, "127.0.0.1", 0) as listening:
        server.url = f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


async def test_commands_are_answered_in_their_order(cache: Cache) -> None:
    name = key(new_id(), "a")
    commands: list[Command] = [("SET", name, "1", "EX", 60), ("GET", name), ("TTL", name), ("GET", name + "b")]
    assert await cache.send(commands) == [True, b"1", 60, None]


async def test_keys_start_with_the_tenant_in_braces() -> None:
    tenant = new_id()
    assert key(tenant, "session", "visitor", "v1") == f"{{t:{tenant}}}:session:visitor:v1"


@pytest.mark.parametrize("url", ["unix:///nowhere/valkey.sock", "redis://127.0.0.1:1"])
async def test_without_redis_there_is_nothing_and_nothing_fails(url: str) -> None:
    cache = open_cache(url)
    for anyway in (False, True):
        assert await asyncio.gather(*(cache.send([("PING",)], anyway=anyway) for _ in range(10))) == [None] * 10
    assert await cache.ping() is False
    await cache.close()


async def test_a_redis_that_says_nothing_is_left_alone_for_a_while(
    silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.redis.REST_SECONDS", 3600)
    cache = open_cache(silent.url)
    assert await cache.send([("PING",)]) is None
    waited_for = silent.connections

    assert await asyncio.gather(*(cache.send([("PING",)]) for _ in range(100))) == [None] * 100
    assert silent.connections == waited_for > 0
    assert await cache.send([("PING",)], anyway=True) is None
    assert silent.connections > waited_for
    await cache.close()


async def test_after_the_rest_one_tries_and_the_others_go_on(
    silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = open_cache(silent.url)
    monkeypatch.setattr("infra.redis.REST_SECONDS", 0)
    await cache.send([("PING",)])
    monkeypatch.setattr("infra.redis.REST_SECONDS", 3600)

    trying = asyncio.create_task(cache.send([("PING",)]))
    await asyncio.sleep(0)
    assert await asyncio.gather(*(cache.send([("PING",)]) for _ in range(10))) == [None] * 10
    assert not trying.done(), "it waits for an answer still"
    assert await trying is None
    await cache.close()


async def test_a_connection_that_redis_forgot_is_renewed_unseen(cache: Cache, settings: Settings) -> None:
    assert settings.redis_url is not None
    [number] = await cache.send([("CLIENT", "ID")]) or [0]
    async with Redis.from_url(settings.redis_url) as admin:
        assert await admin.client_kill_filter(_id=str(number)) == 1
    assert await cache.send([("PING",)]) is not None
