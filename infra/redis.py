"""Redis: what may be forgotten (sessions, limits). Keys are built here, and a tick's reads become one MGET."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

TIMEOUT_SECONDS = 0.25


def key(tenant_id: UUID, *parts: str) -> str:
    """`{t:<tenant>}:part:part`: the braces keep a tenant's keys on one node of a cluster."""
    return ":".join((f"{{t:{tenant_id}}}", *parts))


class Cache:
    """Reads and writes that never fail a request: when Redis is down, there is simply nothing in it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._waiting: dict[str, asyncio.Future[bytes | None]] = {}
        self._flush: asyncio.Task[None] | None = None

    async def get(self, name: str) -> bytes | None:
        """The value or None. Reads asked for in the same turn of the event loop travel together."""
        future = self._waiting.get(name)
        if future is None:
            future = self._waiting[name] = asyncio.get_running_loop().create_future()
        if self._flush is None:
            self._flush = asyncio.create_task(self._read_waiting())
        return await asyncio.shield(future)

    async def set(self, name: str, value: bytes, *, seconds: int) -> None:
        try:
            await self._redis.set(name, value, ex=seconds)
        except (RedisError, OSError, TimeoutError):
            return

    async def delete(self, names: Iterable[str]) -> None:
        """What cannot be deleted now ends with its time."""
        names = list(names)
        try:
            if names:
                await self._redis.delete(*names)
        except (RedisError, OSError, TimeoutError):
            return

    async def list_last_parts(self, tenant_id: UUID, *parts: str) -> AsyncIterator[str]:
        """What follows these parts in a tenant's keys. Goes through every key of the server, a thousand at a time: for
        jobs only. Unlike the others it raises RedisError.
        """
        start = key(tenant_id, *parts, "")
        async for name in self._redis.scan_iter(match=f"{start}*", count=1000):
            yield name.decode().removeprefix(start)

    async def ping(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        await self._redis.aclose()

    async def _read_waiting(self) -> None:
        waiting, self._waiting, self._flush = self._waiting, {}, None
        values = await self._mget(waiting)
        for future, value in zip(waiting.values(), values, strict=True):
            if not future.done():
                future.set_result(value)

    async def _mget(self, names: Iterable[str]) -> list[bytes | None]:
        names = list(names)
        try:
            return cast(list[bytes | None], await self._redis.mget(names))
        except (RedisError, OSError, TimeoutError):
            return [None] * len(names)


def open_cache(url: str) -> Cache:
    """Connects at the first use; answers within a quarter of a second or counts as down."""
    return Cache(Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS))
