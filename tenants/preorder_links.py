"""Preorder links: by which a shopper, guests too, comes back to a preorder. Whoever has the link may act for it.

A secret is base64url of the tenant's id (16 bytes) and 24 random bytes: the tenant is read from it, so that the look-up
is a tenant's own query like every other. Only the SHA-256 is kept, so every message carries a new one; all work on.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.database import Connection
from tenants.identifiers import normalise_email
from tenants.preorder_states import no_preorder

LENGTH = 40


@dataclass(frozen=True, slots=True)
class ParsedLink:
    """What can be told from a link's secret alone."""

    tenant_id: UUID
    sha256: bytes


def make_link(tenant_id: UUID) -> tuple[str, bytes]:
    """A new secret, and the digest to keep of it."""
    body = tenant_id.bytes + secrets.token_bytes(LENGTH - 16)
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode(), hashlib.sha256(body).digest()


async def open_link(conn: Connection, tenant_id: UUID, preorder_id: UUID) -> str:
    """A new secret for a preorder. Raises NotFound."""
    secret, sha256 = make_link(tenant_id)
    if not await conn.fetchval(_OPEN, sha256, preorder_id):
        raise no_preorder()
    return secret


def link_url(public_url: str, secret: str) -> str:
    """Where the shopper finds the preorder."""
    return f"{public_url}/p/v1/preorder/{secret}"


async def get_linked(conn: Connection, link: ParsedLink) -> UUID:
    """The preorder that it leads to. Raises NotFound."""
    found: UUID | None = await conn.fetchval("select preorder_id from preorder_links where sha256 = $1", link.sha256)
    if found is None:
        raise no_preorder()
    return found


async def forget_guests(conn: Connection, emails: Sequence[str]) -> int:
    """Guests at these addresses were erased: their preorders lose name, links, addresses and what they are made by.

    Returns how many.
    """
    forgotten: int = await conn.fetchval(_FORGET, [normalise_email(email) for email in emails])
    return forgotten


def parse_link(secret: str) -> ParsedLink:
    """Raises NotFound for what cannot be one of ours."""
    try:
        body = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise no_preorder() from None
    if len(body) != LENGTH:
        raise no_preorder()
    return ParsedLink(UUID(bytes=body[:16]), hashlib.sha256(body).digest())


_OPEN = """
insert into preorder_links (sha256, preorder_id)
select $1, preorder_id
from preorders
where preorder_id = $2
returning true
"""

_FORGET = """
with nameless as (
    update preorders
    set guest_email = null
    where guest_email = any($1::text[])
    returning preorder_id
), gone as (
    delete from preorder_links
    using nameless
    where preorder_links.preorder_id = nameless.preorder_id
), unmade as (
    delete from made_preorders
    using nameless
    where made_preorders.preorder_id = nameless.preorder_id
), unaddressed as (
    update notices
    set recipient = null
    from nameless
    where notices.preorder_id = nameless.preorder_id
)
select count(*) from nameless
"""
