"""Key feed: which keys of Redis changed, told by the process that changed them to all others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio.client import PubSub

from infra.redis import DOWN, TIMEOUT_SECONDS, Command, connect

CHANNEL = "lastbook_keys"
"""One for all tenants: who listens takes no part in choosing."""
RETRY_SECONDS = 0.5
SILENT_SECONDS = 5.0
"""After which the other end is asked whether it is still there."""

log = structlog.get_logger()


class Listener(Protocol):
    """Who wants to hear."""

    def listen(self, heard: bool) -> None:
        """Whether every change is heard from now on; with False, anything may change unheard."""

    def forget(self, names: Sequence[str]) -> None:
        """These keys changed."""


def tell(names: Sequence[str]) -> Command:
    """To send in one pipeline behind the change itself, so that who hears it reads what is new."""
    return "PUBLISH", CHANNEL, msgspec.json.encode(names).decode()


@asynccontextmanager
async def follow_keys(url: str, listener: Listener) -> AsyncIterator[None]:
    """Listen until the context ends, on a connection of its own that is renewed when it is lost."""
    task = asyncio.create_task(_follow(url, listener))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(url: str, listener: Listener) -> None:
    while True:
        try:
            await _listen(url, listener)
        except DOWN as lost:
            log.warning("key_feed_lost", reason=type(lost).__name__)
        finally:
            listener.listen(False)
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(url: str, listener: Listener) -> None:
    # It never connects again by itself: what changed meanwhile would stay unheard.
    async with connect(url, tries_again=0) as redis, redis.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        while True:
            message = await _next(pubsub)
            if message["type"] == "subscribe":
                listener.listen(True)
            elif message["type"] == "message":
                listener.forget(_names.decode(message["data"]))


async def _next(pubsub: PubSub) -> dict[str, Any]:
    """A message as the client gives it. Raises TimeoutError when a ping stays unanswered."""
    message: dict[str, Any] | None = await pubsub.get_message(timeout=SILENT_SECONDS)
    if message is None:
        await pubsub.ping()
        message = await pubsub.get_message(timeout=TIMEOUT_SECONDS)
    if message is None:
        raise TimeoutError
    return message


_names = msgspec.json.Decoder(list[str])
