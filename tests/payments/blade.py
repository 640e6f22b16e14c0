"""Blade: kills a worker before or after any one of its steps, which are its transactions and its calls to Stripe."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from api.payments import Payments
from infra.database import Connection, Database


class Killed(BaseException):
    """The worker is gone: nothing that it was about to do is done."""


class Blade:
    """Falls at the next step but `left`; never while it is None."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Killed

    @contextmanager
    def falling(self, after: int) -> Iterator[None]:
        """Killed at that step, if there are so many."""
        self.left = after
        try:
            yield
        except Killed:
            pass
        finally:
            self.left = None


class _Cut(Database):
    """A database whose user may die before a transaction, or right after its commit."""

    def __init__(self, db: Database, blade: Blade) -> None:
        super().__init__(db._pool)
        self._blade = blade

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator[Connection]:
        self._blade.step()
        async with super().tenant(tenant_id) as conn:
            yield conn
        self._blade.step()


def under(blade: Blade, payments: Payments) -> Payments:
    """The same worker with its neck under the blade."""
    watch_calls(payments, blade.step, blade.step)
    return replace(payments, db=_Cut(payments.db, blade))


def watch_calls(payments: Payments, before: Callable[[], Any], after: Callable[[], Any]) -> None:
    """Do something around every call to Stripe. Any: what they return is not looked at, but awaited if it can be."""
    http = payments.client._requestor._get_http_client()
    ask: Callable[..., Awaitable[Any]] = http.request_async

    async def watched(*args: Any, **named: Any) -> Any:
        await _settle(before())
        answer = await ask(*args, **named)
        await _settle(after())
        return answer

    http.request_async = watched  # type: ignore[method-assign]
    http.sleep_async = _at_once  # type: ignore[method-assign,assignment]


async def _at_once(seconds: float) -> None:
    """The package waits before it asks again."""


async def _settle(result: Any) -> None:
    if isinstance(result, Awaitable):
        await result
