"""Keys: what a merchant's page, server and token signer authenticate with.

    lb_pk_…   publishable, stands in the page, sees nothing of a shopper
    lb_sk_…   secret, for the merchant's server, with scopes
    lb_sig_…  signing: the private half signs shopper tokens at the merchant's; we keep the public half only

A key is base64url of the tenant's id (16 bytes), 24 random bytes and a CRC-32: the tenant is read from the key, so that
the look-up is a tenant's own query like every other, and a mistyped key is refused without one.
"""

import base64
import binascii
import hashlib
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.database import Connection, Row
from infra.errors import NotFound
from infra.ids import new_id

Kind = Literal["publishable", "secret", "signing"]
PREFIXES: dict[str, Kind] = {"lb_pk_": "publishable", "lb_sk_": "secret", "lb_sig_": "signing"}
SCOPES = (
    "products:read",
    "products:write",
    "orders:read",
    "orders:write",
    "events:read",
    "events:write",
    "shoppers:read",
    "shoppers:write",
    "attributes:read",
    "attributes:write",
    "people:read",
    "people:write",
    "rules:read",
    "rules:write",
    "placements:read",
    "placements:write",
    "imports:read",
    "imports:write",
    "models:read",
    "models:write",
    "recommendations:read",
    "measurements:read",
    "measurements:write",
    "measurements:reveal",
    "options:read",
    "options:write",
    "quotes:read",
    "quotes:write",
    "production:read",
    "sizes:read",
    "sizes:write",
    "requests:read",
    "requests:write",
    "calendar:read",
    "calendar:write",
    "collections:read",
    "collections:write",
    "campaigns:read",
    "campaigns:write",
    "preorders:read",
    "preorders:write",
    "webhooks:read",
    "webhooks:write",
    "privacy:read",
    "privacy:write",
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as we remember it: never the secret itself."""

    key_id: UUID
    kind: Kind
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at its making: the only time that `secret` is seen."""

    key_id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """What can be told from a key's text alone."""

    kind: Kind
    tenant_id: UUID
    sha256: bytes


async def open_key(conn: Connection, kind: Kind, *, name: str = "", scopes: Sequence[str] = SCOPES) -> NewKey:
    """Make a key of the connection's tenant. Scopes matter to secret keys only."""
    tenant_id: UUID = await conn.fetchval("select current_tenant()")
    secret = make_secret(kind, tenant_id)
    key_id = new_id()
    signing = kind == "signing"
    await conn.execute(
        """
        insert into api_keys (key_id, kind, name, hint, sha256, public_key, scopes)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        key_id,
        kind,
        name,
        f"…{secret[-4:]}",
        None if signing else _sha256(secret),
        _signer(secret).public_key().public_bytes_raw() if signing else None,
        list(scopes) if kind == "secret" else [],
    )
    return NewKey(key_id, secret)


async def find_key(conn: Connection, parsed: ParsedKey) -> Key | None:
    """The key if it exists here, is of that kind, and is not revoked."""
    row = await conn.fetchrow(
        f"select {_KEY} from api_keys where sha256 = $1 and kind = $2 and revoked_at is null",
        parsed.sha256,
        parsed.kind,
    )
    return _key(row) if row else None


async def find_public_key(conn: Connection, key_id: UUID) -> bytes | None:
    """The public half (32 bytes, Ed25519) of a signing key that is not revoked."""
    found: bytes | None = await conn.fetchval(
        "select public_key from api_keys where key_id = $1 and kind = 'signing' and revoked_at is null", key_id
    )
    return found


async def list_keys(conn: Connection) -> Sequence[Key]:
    return [_key(row) for row in await conn.fetch(f"select {_KEY} from api_keys order by key_id")]


async def revoke_key(conn: Connection, key_id: UUID) -> None:
    """Refuse the key from now on; API processes hear of it at once. Raises NotFound."""
    done = await conn.fetchval(
        "update api_keys set revoked_at = coalesce(revoked_at, now()) where key_id = $1 returning key_id", key_id
    )
    if done is None:
        raise NotFound(f"There is no key {key_id}.")
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


def make_secret(kind: Kind, tenant_id: UUID) -> str:
    """A fresh key text: 192 random bits (a signing key's 256 are its Ed25519 seed)."""
    prefix = next(prefix for prefix, its_kind in PREFIXES.items() if its_kind == kind)
    body = tenant_id.bytes + secrets.token_bytes(32 if kind == "signing" else 24)
    return prefix + _base64(body + zlib.crc32(body).to_bytes(4))


def parse_key(secret: str) -> ParsedKey | None:
    """Kind, tenant and digest, or None when it cannot be one of our keys (a typo fails the checksum)."""
    prefix = next((prefix for prefix in PREFIXES if secret.startswith(prefix)), None)
    body = _unbase64(secret[len(prefix) :]) if prefix and secret.isascii() else None
    if prefix is None or body is None or len(body) < 44 or zlib.crc32(body[:-4]).to_bytes(4) != body[-4:]:
        return None
    return ParsedKey(PREFIXES[prefix], UUID(bytes=body[:16]), _sha256(secret))


def signing_seed(secret: str) -> bytes:
    """The 32-byte Ed25519 seed inside a signing key, for the merchant's side. Raises ValueError on another kind."""
    parsed = parse_key(secret)
    if parsed is None or parsed.kind != "signing":
        raise ValueError("this is not a signing key (lb_sig_…)")
    return (_unbase64(secret.removeprefix("lb_sig_")) or b"")[16:-4]


def _signer(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(signing_seed(secret))


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


_KEY = "key_id, kind, name, hint, scopes, created_at, revoked_at"


def _key(row: Row) -> Key:
    return Key(**{**row, "scopes": tuple(row["scopes"])})
