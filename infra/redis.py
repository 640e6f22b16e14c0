"""Redis: what may be forgotten (sessions). Keys are built here, and no request fails or waits long when it is down."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

TIMEOUT_SECONDS = 0.25
REST_SECONDS = 1.0
"""How long nothing is asked of a Redis that did not answer."""
DOWN = (RedisError, OSError, TimeoutError)

Command = tuple[str | int | float, ...]
"""As in the manual of Redis: ("EXPIRE", name, 60)."""


def key(tenant_id: UUID, *parts: str) -> str:
    """`{t:<tenant>}:part:part`: the braces keep a tenant's keys on one node of a cluster."""
    return f"{_braced(tenant_id)}:{':'.join(parts)}"


@lru_cache(maxsize=10_000)
def _braced(tenant_id: UUID) -> str:
    return f"{{t:{tenant_id}}}"


class Cache:
    """Commands that never fail a request: when Redis is down, there is simply nothing in it.

    After a failure one request a second asks again, and the others go on at once, without waiting for the timeout.
    """

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._failed = False
        self._rests_until = 0.0

    async def send(self, commands: Sequence[Command], *, anyway: bool = False) -> list[Any] | None:
        """All in one round trip; the answers as Redis gives them, or None when it is down.

        `anyway`: also when it was down a moment ago. Any, because each command has an answer of its own type.
        """
        if not (anyway or self._may_ask()):
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._redis.pipeline(transaction=False) as pipe:
                for command in commands:
                    pipe.execute_command(*command)
                answers: list[Any] = await pipe.execute()
        except DOWN:
            self._failed, self._rests_until = True, time.monotonic() + REST_SECONDS
            return None
        self._failed = False
        return answers

    async def list_last_parts(self, tenant_id: UUID, *parts: str) -> AsyncIterator[str]:
        """What follows these parts in a tenant's keys. Goes through every key of the server, a thousand at a time: for
        jobs only. Unlike the others it raises RedisError.
        """
        start = key(tenant_id, *parts, "")
        async for name in self._redis.scan_iter(match=f"{start}*", count=1000):
            yield name.decode().removeprefix(start)

    async def ping(self) -> bool:
        return await self.send([("PING",)], anyway=True) is not None

    async def close(self) -> None:
        await self._redis.aclose()

    def _may_ask(self) -> bool:
        if not self._failed:
            return True
        now = time.monotonic()
        if now < self._rests_until:
            return False
        self._rests_until = now + REST_SECONDS
        return True


def open_cache(url: str) -> Cache:
    """Connects at the first use; answers within a quarter of a second or counts as down."""
    return Cache(connect(url, tries_again=1))


def connect(url: str, *, tries_again: int) -> "Redis":
    """A client for bytes. `tries_again`: once heals a connection that a restarted Redis forgot."""
    redis: Redis = Redis.from_url(
        url,
        protocol=2,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), tries_again),
    )
    return redis
