"""Shopper token: what a shop's server signs to tell Lastbook who is looking at the page."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

LIFETIME: Final = timedelta(minutes=10)
ALGORITHM: Final = "Ed25519"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A merchant's Ed25519 key, and the id under which Lastbook knows its public half."""

    key_id: str
    seed: bytes = field(repr=False)
    """The 32 private bytes."""


def sign_shopper_token(key: SigningKey, shopper_id: str, now: datetime) -> str:
    """A token for one shopper of this merchant, good for ten minutes."""
    header = {"alg": ALGORITHM, "kid": key.key_id}
    issued_at = int(now.timestamp())
    claims = {"aud": "lastbook", "sub": shopper_id, "iat": issued_at, "exp": issued_at + int(LIFETIME.total_seconds())}
    return jwt.encode(header, claims, _jwk(key), algorithms=[ALGORITHM])


def _jwk(key: SigningKey) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(key.seed).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": _base64url(key.seed), "x": _base64url(public)})


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
