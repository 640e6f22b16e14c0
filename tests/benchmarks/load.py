"""Load: one fixed set of requests sent to a loopback server over keep-alive connections, as fast as answers come."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import numpy as np


@dataclass(slots=True)
class Measured:
    """What a load saw; may be added to over several rounds."""

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile_ms(self, q: float) -> float:
        return float(np.percentile(self.latencies_ms, q))


def make_request(url: str, path: str, body: bytes) -> bytes:
    host = urlsplit(url).netloc
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def load(url: str, requests: Sequence[bytes], *, connections: int, seconds: float, into: Measured) -> None:
    """Send for that long from a uvloop of its own."""
    import uvloop

    uvloop.run(_load(url, requests, connections, seconds, into))


async def _load(url: str, requests: Sequence[bytes], connections: int, seconds: float, into: Measured) -> None:
    started = time.perf_counter()
    until = started + seconds
    lanes = [requests[lane::connections] or requests for lane in range(connections)]
    spinning = asyncio.create_task(_spin())
    await asyncio.gather(*(_lane(url, lane, until, into) for lane in lanes))
    spinning.cancel()
    into.seconds += time.perf_counter() - started


async def _spin() -> None:
    """Never let this process sleep: waking it would be charged to the server's write, on loopback only, and more often
    to the slower of two servers."""
    while True:  # noqa: ASYNC110 it is here to be busy
        await asyncio.sleep(0)


async def _lane(url: str, requests: Sequence[bytes], until: float, into: Measured) -> None:
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    transport, client = await loop.create_connection(Client, address.hostname or "", address.port or 80)
    turn = 0
    while (begun := time.perf_counter()) < until:
        status = await client.ask(requests[turn % len(requests)])
        into.latencies_ms.append((time.perf_counter() - begun) * 1000)
        into.failures += status != b"200"
        turn += 1
    transport.close()


class Client(asyncio.Protocol):
    """Reads just enough HTTP/1.1 to know when an answer ends."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answered: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour, not by class

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(self._buffer) >= end + 4 + length and self._answered is not None:
            self._buffer.clear()
            self._answered.set_result(head[9:12])

    async def ask(self, request: bytes) -> bytes:
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered
