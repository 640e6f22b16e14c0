"""Service of the tests: the real app on a real server in this process, with a clock that a test may move."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import uvicorn

from api.app import build_app
from infra.database import Database, open_database
from infra.settings import Settings
from infra.stripe import WEBHOOK_PATH
from tests.support.stripe import API_KEY, SECRET, FakeStripe, run_fake


class MovableClock:
    """Now, plus what the test added."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class Service:
    """A running Lastbook."""

    url: str
    settings: Settings
    clock: MovableClock
    db: Database
    """As the app's own role sees it."""
    stripe: FakeStripe | None = None
    """What it takes for Stripe, if it runs in this process."""


@asynccontextmanager
async def run_service(settings: Settings, *, with_stripe: bool = True) -> AsyncIterator[Service]:
    """Serve on a free port until the context ends."""
    clock = MovableClock()
    async with run_fake(clock) as fake:
        if with_stripe:
            settings = replace(settings, stripe_api_key=API_KEY, stripe_webhook_secret=SECRET, stripe_base_url=fake.url)
        async with _serve(settings, clock, fake) as running:
            yield running


@asynccontextmanager
async def _serve(settings: Settings, clock: MovableClock, fake: FakeStripe) -> AsyncIterator[Service]:
    # The protocol by name: asyncio switches Nagle's delay (40 ms an answer) off for sockets that tell it only.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = replace(settings, public_url=url)
        fake.world.listen(url + WEBHOOK_PATH, SECRET, ["*"])
        # Events wait until a test lets them go.
        fake.world.outbox.mode.hold = True
        server = uvicorn.Server(uvicorn.Config(build_app(settings, clock), log_config=None, access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        assert settings.database_url is not None
        db = await open_database(settings.database_url, pool_size=4)
        try:
            yield Service(url, settings, clock, db, fake)
        finally:
            await db.close()
            server.should_exit = True
            await task
