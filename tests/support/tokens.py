"""Tokens: shopper tokens made by hand, right in everything but what a test spoils."""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.keys import signing_seed
from tests.support.shop import ShopClient


def make_token(
    shop: ShopClient, *, header: Any = None, claims: Any = None, signer: ShopClient | None = None, drop: str = ""
) -> str:
    """A valid token of the shop for shopper s1 with these header fields and claims changed, or replaced when they are
    no objects; signed with `signer`'s key.
    """
    now = int(shop.service.clock().timestamp())
    right_header = {"alg": "EdDSA", "kid": str(shop.keys.signing.key_id)}
    right_claims = {"aud": "lastbook", "sub": "s1", "iat": now, "exp": now + 600}
    claims = _changed(right_claims, claims)
    if drop:
        del claims[drop]
    signed = f"{encode_part(_changed(right_header, header))}.{encode_part(claims)}"
    key = Ed25519PrivateKey.from_private_bytes(signing_seed((signer or shop).keys.signing.secret))
    return f"{signed}.{_base64(key.sign(signed.encode()))}"


def forge_with_public_key(shop: ShopClient) -> str:
    """HS256 with the public key as the secret: accepted by readers who believe the header."""
    signed = make_token(shop, header={"alg": "HS256"}).rpartition(".")[0]
    seed = signing_seed(shop.keys.signing.secret)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return f"{signed}.{_base64(hmac.digest(public, signed.encode(), hashlib.sha256))}"


def encode_part(value: Any) -> str:
    return _base64(value if isinstance(value, bytes) else json.dumps(value).encode())


def _changed(right: dict[str, Any], change: Any) -> Any:
    if change is None:
        return right
    return right | change if isinstance(change, dict) else change


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
