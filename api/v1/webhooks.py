"""/v1/webhooks: where the merchant's servers hear of what happened, what they sign with, and what they were told."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint, Parameter
from api.paging import PAGING, make_cursor, read_limit, read_uuid_cursor
from api.resources import IDEMPOTENCY, Resource, answer
from api.state import state_of
from api.writes import write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from infra.http_out import FetchRefused, check_url
from tenants.audit import record_audit
from tenants.webhook_deliveries import Delivery, DeliveryStatus, list_deliveries, replay_delivery, write_test
from tenants.webhooks import (
    StoredWebhook,
    Webhook,
    WebhookSecret,
    delete_webhook,
    get_webhook,
    list_webhooks,
    read_secret,
    roll_secret,
    upsert_webhooks,
)


class WebhookPage(Struct, frozen=True, kw_only=True):
    """Webhooks by id."""

    items: Sequence[StoredWebhook]
    next: str | None


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """Deliveries, the oldest first."""

    items: Sequence[Delivery]
    next: str | None


class SecretIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose secret."""

    id: str
    roll: Annotated[bool, Meta(description="true: make a new one; the one before stays good for a day.")] = False


class TestIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which address is to be sent a message of kind `test`."""

    id: str


class ReplayIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which message is to be sent anew."""

    delivery_id: UUID


class Queued(Struct, frozen=True, kw_only=True):
    """It is sent within a minute."""

    delivery_id: UUID


def check_webhook(webhook: Webhook, /, now: object) -> FieldError | None:
    """What is wrong with it, as far as can be told without asking a resolver; the rest is found when it is sent."""
    try:
        check_url(webhook.url)
    except FetchRefused as refused:
        return FieldError("url", refused.detail)
    return None


async def ask_secret(request: Request) -> Response:
    """Read it, or make a new one. No Idempotency-Key: its answer would be kept, and with it the secret."""
    caller = await authenticate(request, state_of(request).keys, "webhooks:write")
    wish, now = decode_one(await read_body(request), _secret), state_of(request).clock()
    act, doing = (roll_secret, "roll") if wish.roll else (read_secret, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        found = await act(conn, wish.id, now=now)
        await record_audit(conn, actor=f"key {caller.key_id}", action=f"{doing} webhook secret", subject=wish.id)
    return answer(found)


async def send_test(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "webhooks:write")
    body = await read_body(request)
    wish, now = decode_one(body, _test), state_of(request).clock()

    async def effect(conn: Connection) -> Queued:
        return Queued(delivery_id=await write_test(conn, wish.id, now=now))

    return await write(request, caller.tenant_id, body, effect)


async def get_deliveries(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "webhooks:read")
    limit, after, of = read_limit(request), read_uuid_cursor(request), _read_webhook(request)
    status = _read_status(request.query_params.get("status"))
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        items = await list_deliveries(conn, webhook_id=of, status=status, after=after, limit=limit)
    following = make_cursor(str(items[-1].delivery_id)) if len(items) == limit else None
    return answer(DeliveryPage(items=items, next=following))


async def replay(request: Request) -> Response:
    caller = await authenticate(request, state_of(request).keys, "webhooks:write")
    body = await read_body(request)
    wish, now = decode_one(body, _replay), state_of(request).clock()

    async def effect(conn: Connection) -> Queued:
        await replay_delivery(conn, wish.delivery_id, now=now)
        return Queued(delivery_id=wish.delivery_id)

    return await write(request, caller.tenant_id, body, effect)


def _read_webhook(request: Request) -> str | None:
    """Raises BadRequest for an id that no address can have."""
    name = request.query_params.get("webhook_id")
    if name is not None and ("\0" in name or not 1 <= len(name) <= 100):
        raise BadRequest("webhook_id is no id of a webhook.", hint="Leave webhook_id out for all.")
    return name


def _read_status(text: str | None) -> DeliveryStatus | None:
    try:
        status: DeliveryStatus | None = msgspec.convert(text, DeliveryStatus | None)
    except msgspec.ValidationError:
        raise BadRequest("status is none of ours.", hint="waiting, delivered or failed.") from None
    return status


_secret = msgspec.json.Decoder(SecretIn)
_test = msgspec.json.Decoder(TestIn)
_replay = msgspec.json.Decoder(ReplayIn)

_WEBHOOKS: Resource[Webhook, StoredWebhook] = Resource(
    name="webhooks",
    document=Webhook,
    stored=StoredWebhook,
    page=WebhookPage,
    store=upsert_webhooks,
    get=get_webhook,
    list_page=list_webhooks,
    delete=delete_webhook,
    check=check_webhook,
    audited=True,
)

_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_BODY = (*_KEYED, TooLarge, Unsupported, Invalid, NotFound)
_WEBHOOK = Parameter("webhook_id", "query", {"type": "string"}, "To this address only.")
_STATUS = Parameter(
    "status", "query", {"enum": ["waiting", "delivered", "failed"]}, "Only those with which it stands like this."
)

WEBHOOKS = [
    *_WEBHOOKS.endpoints(),
    Endpoint("POST", "/v1/webhooks:secret", ask_secret, "Read or roll what messages are signed with", "webhooks",
             answer=WebhookSecret, refusals=_BODY, body=SecretIn, scope="webhooks:write"),
    Endpoint("POST", "/v1/webhooks:test", send_test, "Send a message of kind test", "webhooks",
             answer=Queued, refusals=_BODY, body=TestIn, scope="webhooks:write", parameters=IDEMPOTENCY),
    Endpoint("GET", "/v1/webhook-deliveries", get_deliveries, "List what webhooks were told", "webhooks",
             answer=DeliveryPage, refusals=_KEYED, scope="webhooks:read", parameters=(*PAGING, _WEBHOOK, _STATUS)),
    Endpoint("POST", "/v1/webhook-deliveries:replay", replay, "Send a message anew", "webhooks",
             answer=Queued, refusals=(*_BODY, Conflict), body=ReplayIn, scope="webhooks:write",
             parameters=IDEMPOTENCY),
]  # fmt: skip
