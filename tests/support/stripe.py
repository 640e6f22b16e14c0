"""Stripe of the tests: the embedded stand-in, in this process and by the tests' clock, on a real server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from infra.clock import Clock
from infra.embedded.stripe.app import build_fake
from infra.embedded.stripe.world import World

API_KEY = "sk_test_of_the_tests"
WEBHOOK_SECRET = "whsec_of_the_tests"


@asynccontextmanager
async def run_world(clock: Clock) -> AsyncIterator[World]:
    """Answers on a free port until the context ends. Events are held until a test lets them go."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        world = World(f"http://127.0.0.1:{listener.getsockname()[1]}", api_key=API_KEY, clock=clock)
        world.outbox.mode.hold = True
        server = uvicorn.Server(uvicorn.Config(build_fake(world), log_config=None, access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        try:
            yield world
        finally:
            server.should_exit = True
            await task
