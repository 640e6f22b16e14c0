"""Near: what this process read from afar a moment ago, kept until somebody changes it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH_SECONDS = 30.0
"""How long a lost message stays unnoticed."""
MOST = 20_000


class Near(Generic[T]):
    """Values by name. Nothing is kept while changes are not heard of (`listen`); then each question goes afar.

    `load` reads many at once and returns None when it cannot; `nothing` is what is answered then.
    """

    def __init__(self, load: Callable[[Sequence[str]], Awaitable[Sequence[T] | None]], nothing: T) -> None:
        self._load = load
        self._nothing = nothing
        self._listening = False
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[T]] = {}
        self._reading: dict[str, asyncio.Future[T]] = {}
        self._reader: asyncio.Task[None] | None = None

    def find(self, name: str) -> T | None:
        """What is kept of it, or None: then `get` asks."""
        kept = self._kept.get(name)
        return None if kept is None or kept[0] < time.monotonic() else kept[1]

    async def get(self, name: str) -> T:
        """Questions of the same turn of the event loop travel together."""
        kept = self.find(name)
        if kept is not None:
            return kept
        future = self._reading.get(name) or self._waiting.get(name)
        if future is None:
            future = self._waiting[name] = asyncio.get_running_loop().create_future()
        if self._waiting and self._reader is None:
            self._reader = asyncio.create_task(self._read_waiting())
        return await asyncio.shield(future)

    def forget(self, names: Sequence[str]) -> None:
        """These changed. What is being read of them may be older and will not be kept."""
        for name in names:
            self._kept.pop(name, None)
            self._reading.pop(name, None)

    def listen(self, heard: bool) -> None:
        """Whether `forget` is told of every change from now on."""
        self._listening = heard
        self._kept.clear()
        self._reading.clear()

    async def _read_waiting(self) -> None:
        asked, self._waiting, self._reader = self._waiting, {}, None
        self._reading |= asked
        try:
            values = await self._load(list(asked))
            for (name, future), value in zip(asked.items(), values or [self._nothing] * len(asked), strict=True):
                if values is not None and self._listening and self._reading.get(name) is future:
                    self._keep(name, value)
                future.set_result(value)
        finally:
            for name, future in asked.items():
                future.cancel()  # without effect where there is a result; else nobody waits for ever
                if self._reading.get(name) is future:
                    del self._reading[name]

    def _keep(self, name: str, value: T) -> None:
        if len(self._kept) >= MOST:
            self._kept.popitem(last=False)
        self._kept[name] = (time.monotonic() + FRESH_SECONDS, value)
