"""Outbox: signed webhooks on their way, sent at once or, on request, held back, late, several times and shuffled."""

import asyncio
import hashlib
import hmac
import json
import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache

import httpx2

from infra.embedded.stripe.books import Record

RETRY_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Pauses before an event is sent again that was not answered with 2xx; Stripe goes on for days."""
_PATIENCE_SECONDS = 10.0
_REMEMBERED = 1000


@dataclass(slots=True)
class Mode:
    """How events are delivered."""

    hold: bool = False
    """Nothing is sent until `flush`."""
    delay_ms: int = 0
    copies: int = 1
    shuffle: bool = False
    """Events overtake each other, by up to `spread_ms`; a flush sends in random order."""
    spread_ms: int = 200


@dataclass(slots=True)
class Delivery:
    """One event for one endpoint."""

    event: Record
    endpoint: str
    due: float
    """Seconds of the monotonic clock."""
    attempts: int = 0
    age_seconds: int = 0
    """How much older than now the signature says it is."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What an endpoint answered; status 0 when it could not be reached."""

    event: str
    type: str
    endpoint: str
    status: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where an endpoint is and what it is signed with."""

    url: str
    secret: str


def sign(body: str, secret: str, at: int) -> str:
    """The value of the Stripe-Signature header (https://docs.stripe.com/webhooks#verify-manually)."""
    signature = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={signature}"


class Outbox:
    """Deliveries that are still to be made. `run` makes them; everything happens in one event loop."""

    def __init__(self, find_target: Callable[[str], Target | None], wall: Callable[[], int]) -> None:
        self._find_target, self._wall = find_target, wall
        self.mode = Mode()
        self.pending: list[Delivery] = []
        self.sent: deque[Sent] = deque(maxlen=_REMEMBERED)
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()
        self._client = httpx2.AsyncClient(
            trust_env=False, verify=_authorities(), timeout=_PATIENCE_SECONDS, follow_redirects=False
        )

    def put(self, event: Record, endpoint: str, *, copies: int | None = None, age_seconds: int = 0) -> None:
        """Let an event go its way, as often as the mode says."""
        for _ in range(self.mode.copies if copies is None else copies):
            late = self.mode.delay_ms + (random.random() * self.mode.spread_ms if self.mode.shuffle else 0)  # noqa: S311
            due = time.monotonic() + late / 1000
            self.pending.append(Delivery(event, endpoint, due, age_seconds=age_seconds))
        self._wake.set()

    def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        self._wake.set()

    async def run(self) -> None:
        """Make the deliveries when they are due, until cancelled."""
        async with self._client:
            while True:
                async with self._sending:
                    due = self._take_due()
                    for delivery in due:
                        await self._send(delivery)
                if not due:
                    await self._wait()

    async def flush(self) -> list[Sent]:
        """Send everything that is pending now, also what is held or late, once each. Returns what was answered."""
        async with self._sending:
            taken, self.pending = self.pending, []
            if self.mode.shuffle:
                random.shuffle(taken)
            return [await self._send(delivery) for delivery in taken]

    async def _wait(self) -> None:
        self._wake.clear()
        pause = None
        if self.pending and not self.mode.hold:
            pause = max(0.0, min(delivery.due for delivery in self.pending) - time.monotonic())
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    def _take_due(self) -> list[Delivery]:
        if self.mode.hold:
            return []
        now = time.monotonic()
        due = sorted((one for one in self.pending if one.due <= now), key=lambda delivery: delivery.due)
        self.pending = [delivery for delivery in self.pending if delivery.due > now]
        return due

    async def _send(self, delivery: Delivery) -> Sent:
        target = self._find_target(delivery.endpoint)
        status = 200 if target is None else await self._post(target, delivery)
        if not 200 <= status < 300 and delivery.attempts < len(RETRY_SECONDS):
            delivery.due = time.monotonic() + RETRY_SECONDS[delivery.attempts]
            delivery.attempts += 1
            self.pending.append(delivery)
        answered = Sent(delivery.event["id"], delivery.event["type"], delivery.endpoint, status)
        self.sent.append(answered)
        return answered

    async def _post(self, target: Target, delivery: Delivery) -> int:
        body = json.dumps(delivery.event, indent=2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(body, target.secret, self._wall() - delivery.age_seconds),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            return (await self._client.post(target.url, content=body.encode(), headers=headers)).status_code
        except (httpx2.TransportError, httpx2.InvalidURL):
            return 0

    def dump(self) -> Record:
        """For the snapshot."""
        return {"mode": asdict(self.mode), "pending": [asdict(delivery) for delivery in self.pending]}

    def load(self, kept: Record) -> None:
        """From the snapshot; what was late is due now."""
        self.mode = Mode(**kept["mode"])
        self.pending = [Delivery(**{**delivery, "due": 0.0}) for delivery in kept["pending"]]


@cache
def _authorities() -> ssl.SSLContext:
    """Read once: it takes a tenth of a second."""
    return ssl.create_default_context()
