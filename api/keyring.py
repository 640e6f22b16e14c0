"""Key ring: keys that were found valid a moment ago, so that a request seldom asks the database for its key."""

import time
from dataclasses import dataclass
from uuid import UUID

from infra.database import Database, DatabaseDown
from infra.errors import Unauthenticated
from tenants.keys import Kind, ParsedKey, find_key, find_public_key, parse_key

FRESH_SECONDS = 30.0
MOST = 20_000
# Where a secret key belongs, the refusal's own hint says it; a page must never be told to send one.
HINTS: dict[Kind, str] = {
    "publishable": "Put a publishable key (lb_pk_…) of the shop that has not been revoked into the body's field 'key'.",
    "signing": "Sign on your server with a signing key in use, and name its id in the token's header (kid).",
}


class UnknownKey(Unauthenticated):
    """A valid key is needed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key of a tenant, and what it may do."""

    tenant_id: UUID
    key_id: UUID
    scopes: frozenset[str]


class KeyRing:
    """Looks keys up and remembers them. A revocation reaches every process by the change feed, or after 30 seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._callers: dict[tuple[str, Kind], tuple[float, Caller]] = {}
        self._public: dict[tuple[UUID, UUID], tuple[float, bytes]] = {}

    def find_caller(self, secret: str, kind: Kind) -> Caller | None:
        """Whose key it is, if that is known; without a wait."""
        known = self._callers.get((secret, kind))
        return None if known is None or known[0] < time.monotonic() else known[1]

    async def caller(self, secret: str, kind: Kind) -> Caller:
        """Raises Unauthenticated when the key is unknown, revoked, mistyped or of another kind."""
        found = self.find_caller(secret, kind)
        if found is not None:
            return found
        parsed = parse_key(secret)
        if parsed is None or parsed.kind != kind:
            raise Unauthenticated(_why_not(parsed, kind), hint=HINTS.get(kind))
        known = self._callers.get((secret, kind))
        try:
            caller = await self._look_up(parsed, stale=known[1] if known else None)
        except Unauthenticated:
            # Not kept for when the database is away: it is revoked.
            self._callers.pop((secret, kind), None)
            raise
        if len(self._callers) >= MOST:
            self._callers.clear()
        self._callers[secret, kind] = (_until(), caller)
        return caller

    async def public_key(self, tenant_id: UUID, key_id: UUID) -> bytes:
        """The tenant's signing key's public half. Raises Unauthenticated."""
        known = self._public.get((tenant_id, key_id))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        try:
            async with self._db.tenant(tenant_id) as conn:
                found = await find_public_key(conn, key_id)
        except DatabaseDown:
            if known is None:
                raise
            return known[1]
        if found is None:
            self._public.pop((tenant_id, key_id), None)
            raise UnknownKey("The shopper token names a signing key that is unknown or revoked.", hint=HINTS["signing"])
        self._public[tenant_id, key_id] = (_until(), found)
        return found

    def forget(self, tenant_id: UUID) -> None:
        """Ask the database again for this tenant's keys."""
        self._callers = {name: known for name, known in self._callers.items() if known[1].tenant_id != tenant_id}
        self._public = {name: known for name, known in self._public.items() if name[0] != tenant_id}

    async def _look_up(self, parsed: ParsedKey, stale: Caller | None) -> Caller:
        try:
            async with self._db.tenant(parsed.tenant_id) as conn:
                key = await find_key(conn, parsed)
        except DatabaseDown:
            # The widgets of a shop keep answering from memory while the database is away.
            if stale is None:
                raise
            return stale
        if key is None:
            raise UnknownKey("The key is unknown or revoked.", hint=HINTS.get(parsed.kind))
        return Caller(parsed.tenant_id, key.key_id, frozenset(key.scopes))


def _until() -> float:
    return time.monotonic() + FRESH_SECONDS


def _why_not(parsed: ParsedKey | None, kind: Kind) -> str:
    if parsed is None:
        return "The key is not one of ours: it may be mistyped or cut."
    return f"This address needs a {kind} key, and this one is a {parsed.kind} key."
