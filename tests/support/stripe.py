"""Stripe of the tests: the stand-in on a real server in this process, a receiver of its webhooks, and its controls."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from infra.clock import Clock, system_clock
from infra.embedded.stripe.app import build_fake
from infra.embedded.stripe.world import World

API_KEY = "sk_test_of_the_tests"
SECRET = "whsec_of_the_tests"


@dataclass(slots=True)
class Inbox:
    """Webhooks as they arrived: header and body. `status` is what they are answered with."""

    url: str = ""
    status: int = 200
    arrived: list[tuple[str, bytes]] = field(default_factory=list)

    def events(self, *, tolerance: int = 300) -> list[stripe.Event]:
        """Every one checked by the package itself."""
        return [stripe.Webhook.construct_event(body, header, SECRET, tolerance) for header, body in self.arrived]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]

    async def receive(self, request: Request) -> Response:
        self.arrived.append((request.headers["stripe-signature"], await request.body()))
        return Response(status_code=self.status)

    async def wait_for(self, holds: Callable[["Inbox"], bool], seconds: float = 5) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds(self):
            assert asyncio.get_running_loop().time() < deadline, [body[:80] for _, body in self.arrived]
            await asyncio.sleep(0.01)


@dataclass(frozen=True, slots=True)
class FakeStripe:
    """A running stand-in."""

    url: str
    world: World
    http: httpx2.AsyncClient
    """For its controls and pages; the key is sent along."""

    # Any: JSON.
    async def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call `/_fake/{path}`. Raises for a refusal."""
        answer = await self.http.request(method, f"/_fake/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def advance(self, *, days: float = 0, seconds: int = 0) -> None:
        await self.control("POST", "clock", {"advance_seconds": int(days * 86400) + seconds})

    async def fault(self, **fault: Any) -> None:
        await self.control("POST", "faults", fault)

    async def merchant(self) -> str:
        """A connected account that may charge."""
        account = await self.control("POST", "accounts", {"name": "Shop"})
        return str(account["id"])


@asynccontextmanager
async def run_fake(clock: Clock = system_clock) -> AsyncIterator[FakeStripe]:
    """Serve a new world on a free port."""
    with _listener() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world = World(url, api_key=API_KEY, clock=clock)
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with (
            _serving(build_fake(world), listener),
            httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, verify=False) as http,
        ):
            # No certificates: it speaks plain HTTP, and reading them takes longer than most tests.
            yield FakeStripe(url, world, http)


@asynccontextmanager
async def run_inbox() -> AsyncIterator[Inbox]:
    """Receive webhooks on a free port."""
    with _listener() as listener:
        inbox = Inbox(f"http://127.0.0.1:{listener.getsockname()[1]}/hook")
        async with _serving(Starlette(routes=[Route("/hook", inbox.receive, methods=["POST"])]), listener):
            yield inbox


@asynccontextmanager
async def _serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _listener() -> socket.socket:
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener
