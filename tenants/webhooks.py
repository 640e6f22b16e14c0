"""Webhooks: addresses at which a merchant's servers hear of what happened, signed as Standard Webhooks says.

Source of the scheme: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants.fields import Moment, PublicUrl
from tenants.shop_documents import delete_document, find_document, list_documents, upsert_documents
from tenants.upserts import Upserted

WebhookKind = Literal[
    "preorder.joined",
    "preorder.upcoming_charge",
    "preorder.charged",
    "preorder.charge_failed",
    "preorder.action_required",
    "preorder.dropped",
    "preorder.delayed",
    "preorder.dates_changed",
    "preorder.shipped",
    "preorder.refunded",
    "preorder.refund_failed",
    "preorder.cancelled",
    "preorder.campaign_failed",
    "test",
]
CHANGE_OVER = timedelta(days=1)
"""The secret before signs for so long beside a new one."""
SECRET_BYTES = 32


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One address of a merchant's server."""

    id: Annotated[str, Meta(min_length=1, max_length=100)]
    url: PublicUrl
    kinds: Annotated[
        tuple[WebhookKind, ...], Meta(max_length=50, description="What it hears of. Empty: of everything.")
    ] = ()
    enabled: bool = True


class StoredWebhook(Webhook, frozen=True, kw_only=True):
    """An address as it is in force."""

    url: str
    created_at: Moment
    updated_at: Moment


class WebhookSecret(Struct, frozen=True, kw_only=True):
    """What a receiver checks signatures with."""

    id: str
    secret: Annotated[str, Meta(description="whsec_ and 32 bytes in base64. Keep it as a password.")]
    previous_until: Annotated[Moment | None, Meta(description="Until then the one before signs as well.")]


async def upsert_webhooks(conn: Connection, webhooks: Sequence[Webhook]) -> Upserted:
    """Store each as given, in full; ids must differ. Raises TooManyDocuments."""
    stored = await upsert_documents(conn, "webhooks", webhooks)
    made = [secrets.token_bytes(SECRET_BYTES) for _ in webhooks]
    await conn.execute(_MAKE_SECRETS, [one.id for one in webhooks], made)
    return stored


async def get_webhook(conn: Connection, name: str) -> StoredWebhook:
    """Raises NotFound."""
    found = await find_document(conn, "webhooks", name, StoredWebhook)
    if found is None:
        raise _no_webhook(name)
    return found


async def list_webhooks(conn: Connection, *, after: str, limit: int) -> Sequence[StoredWebhook]:
    """By id, starting behind `after` ('' from the start)."""
    return await list_documents(conn, "webhooks", StoredWebhook, after=after, limit=limit)


async def delete_webhook(conn: Connection, name: str) -> None:
    """With its secret, and with what it was not told yet. Raises NotFound."""
    if not await delete_document(conn, "webhooks", name):
        raise _no_webhook(name)
    await conn.execute("delete from webhook_secrets where webhook_id = $1", name)
    await conn.execute("delete from webhook_deliveries where webhook_id = $1 and status = 'waiting'", name)


async def read_secret(conn: Connection, name: str, *, now: datetime) -> WebhookSecret:
    """Raises NotFound."""
    row = await conn.fetchrow(_SIGNED_WITH, name, now)
    if row is None:
        raise _no_webhook(name)
    return WebhookSecret(id=name, secret=write_secret(row["secret"]), previous_until=row["previous_until"])


async def roll_secret(conn: Connection, name: str, *, now: datetime) -> WebhookSecret:
    """A new one from now on; the one before signs beside it for `CHANGE_OVER`. Raises NotFound."""
    fresh = secrets.token_bytes(SECRET_BYTES)
    if await conn.fetchval(_ROLL, name, fresh, now + CHANGE_OVER) is None:
        raise _no_webhook(name)
    return await read_secret(conn, name, now=now)


def write_secret(secret: bytes) -> str:
    """As receivers' libraries read it."""
    return "whsec_" + base64.b64encode(secret).decode()


def sign_message(keys: Sequence[bytes], message_id: UUID, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message: its id, when it was sent in POSIX seconds, and an HMAC-SHA256 of both and the body by
    each of the keys."""
    seconds = str(int(at.timestamp()))
    signed = b"%s.%s.%s" % (str(message_id).encode(), seconds.encode(), body)
    signatures = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def _no_webhook(name: str) -> NotFound:
    return NotFound(f"There is no webhook {name!r}.", hint="GET /v1/webhooks lists them.")


_MAKE_SECRETS = """
insert into webhook_secrets (webhook_id, secret)
select webhook_id, secret
from unnest($1::text[], $2::bytea[]) as made (webhook_id, secret)
on conflict (tenant_id, webhook_id) do nothing
"""

_SIGNED_WITH = """
select secret, case when previous_until > $2 then previous_until end as previous_until
from webhook_secrets
where webhook_id = $1
"""

_ROLL = """
update webhook_secrets
set secret = $2, previous = secret, previous_until = $3
where webhook_id = $1
returning true
"""
