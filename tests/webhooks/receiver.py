"""Receiver: a merchant's server on this machine, which checks messages as the published scheme says."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from api.webhook_work import send_waiting
from infra.http_out import FetchRules
from tenants.webhooks import Webhook, WebhookKind, upsert_webhooks
from tests.support.shop import Document, ShopClient

TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass
class Receiver:
    """Answers with `answers` one after another, then 204."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


def verify(secret: str, message: Message, *, now: datetime) -> bool:
    """Written from the specification alone, not from our own signing."""
    sent = int(message.headers["webhook-timestamp"])
    if abs(now.timestamp() - sent) > TOLERANCE.total_seconds():
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message.headers['webhook-id']}.{sent}.".encode() + message.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, one) for one in message.headers["webhook-signature"].split(" "))


@asynccontextmanager
async def receive() -> AsyncIterator[Receiver]:
    """A server that ends with the context."""
    receiver = Receiver()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        pairs = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        receiver.messages.append(Message(headers, await reader.readexactly(int(headers["content-length"]))))
        status = receiver.answers.pop(0) if receiver.answers else 204
        writer.write(b"HTTP/1.1 %d Answer\r\nContent-Length: 0\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        receiver.url = f"http://127.0.0.1:{port}/hook"
        yield receiver


async def listen(shop: ShopClient, url: str, *kinds: WebhookKind, name: str = "w1") -> None:
    """Past the API, which refuses this machine's address."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await upsert_webhooks(conn, [Webhook(id=name, url=url, kinds=kinds)])


async def send(shop: ShopClient) -> int:
    """The tenant's round; returns how many messages were taken."""
    rules = FetchRules(loopback=True, seconds=5)
    return await send_waiting(shop.service.db, shop.keys.tenant_id, rules, clock=shop.service.clock)


async def deliveries(shop: ShopClient, **asked: str) -> list[Document]:
    answer = await shop.api.get("/v1/webhook-deliveries", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[Document] = answer.json()["items"]
    return items


async def read_secret(shop: ShopClient, *, roll: bool = False) -> str:
    answer = await shop.api.post("/v1/webhooks:secret", json={"id": "w1", "roll": roll})
    assert answer.status_code == 200, answer.text
    secret: str = answer.json()["secret"]
    return secret
