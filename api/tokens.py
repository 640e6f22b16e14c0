"""Shopper tokens: a merchant's server vouches, for 15 minutes at the most, that the page's visitor is this shopper."""

from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import extract_compact

from api.keyring import KeyRing, UnknownKey
from infra.errors import Unauthenticated

AUDIENCE = "lastbook"
# RFC 9864 names the curve; many libraries still sign under the older name. Both are pinned to an Ed25519 key.
ALGORITHMS = ["Ed25519", "EdDSA"]
LONGEST_SECONDS = 15 * 60
LEEWAY_SECONDS = 60
MOST_REMEMBERED = 20_000


class BadToken(Unauthenticated):
    """The shopper token is not valid."""

    code = "bad_token"
    hint = (
        "Sign a fresh one on your server: Ed25519, kid = your signing key's id, aud 'lastbook', sub, exp within 15 min."
    )


@dataclass(frozen=True, slots=True)
class _Verified:
    shopper_id: str
    expires_at: float


class TokenReader:
    """Verifies tokens and remembers them until they end: a page asks many times with the same one."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._verified: dict[tuple[UUID, str], _Verified] = {}

    def find(self, token: str, tenant_id: UUID, now: float) -> str | None:
        """The shopper's external id, if the token was verified before and has not ended; without a wait."""
        known = self._verified.get((tenant_id, token))
        return None if known is None or known.expires_at + LEEWAY_SECONDS <= now else known.shopper_id

    async def shopper(self, token: str, tenant_id: UUID, now: float) -> str:
        """The shopper's external id; `now` in POSIX seconds.

        Raises BadToken when signature, tenant, audience or times do not hold.
        """
        known = self._verified.get((tenant_id, token))
        if known is None:
            known = await self._verify(token, tenant_id, now)
            if len(self._verified) >= MOST_REMEMBERED:
                self._verified.clear()
            self._verified[tenant_id, token] = known
        if known.expires_at + LEEWAY_SECONDS <= now:
            raise BadToken("The shopper token has expired.")
        return known.shopper_id

    def forget(self, tenant_id: UUID) -> None:
        """Verify this tenant's tokens anew: one of its signing keys may be revoked."""
        self._verified = {name: known for name, known in self._verified.items() if name[0] != tenant_id}

    async def _verify(self, token: str, tenant_id: UUID, now: float) -> _Verified:
        try:
            public_key = await self._keys.public_key(tenant_id, _key_id(token))
        except UnknownKey as unknown:
            raise BadToken(unknown.detail) from unknown
        try:
            claims = jwt.decode(token, _jwk(public_key), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, RecursionError) as wrong:
            raise BadToken("The shopper token's signature does not hold.") from wrong
        return _check_claims(claims, now)


def _key_id(token: str) -> UUID:
    try:
        return UUID(str(extract_compact(token.encode()).headers()["kid"]))
    except (JoseError, ValueError, KeyError, RecursionError) as wrong:
        raise BadToken("The shopper token is no JWT with a key id (kid) of ours.") from wrong


def _jwk(public_key: bytes) -> OKPKey:
    key: OKPKey = OKPKey.import_key(Ed25519PublicKey.from_public_bytes(public_key))
    return key


def _check_claims(claims: "dict[str, object]", now: float) -> _Verified:
    subject, expires_at = claims.get("sub"), claims.get("exp")
    if claims.get("aud") != AUDIENCE:
        raise BadToken("The shopper token is meant for another service (aud).")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 200 or not _storable(subject):
        raise BadToken("The shopper token names no shopper (sub).")
    if isinstance(expires_at, bool) or not isinstance(expires_at, int):
        raise BadToken("The shopper token has no end (exp, in whole seconds).")
    if expires_at > now + LONGEST_SECONDS + LEEWAY_SECONDS:
        raise BadToken("The shopper token lives longer than 15 minutes.")
    return _Verified(subject, expires_at)


def _storable(text: str) -> bool:
    """JSON can say NUL and half a surrogate pair; the record's texts hold neither."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
