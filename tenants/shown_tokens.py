"""Shown tokens: a product in an answer carries where it was shown, signed, so that a page can only hand it back.

Nothing in one is about a person: who is shown the same has the same token all day, and answers stay cacheable.
It is not encrypted: what it says is what the answer beside it says, and the arm of an experiment.
"""

import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection

MAC_BYTES = 12
EPOCH = date(1970, 1, 1)
DAY_S = 86_400
GOOD_DAYS = 8
"""A page may stay open for a while; who keeps a token for longer than this makes no deed of it."""

ShownToken = Annotated[
    str, Meta(min_length=1, max_length=4000, description="The `token` of a product as it was shown, handed back.")
]


class Shown(Struct, frozen=True, kw_only=True):
    """Where and why a product was shown."""

    placement: str
    position: Annotated[int, Meta(description="From 1.")]
    strategy: str
    source: str
    day: Annotated[date, Meta(description="By UTC.")]
    experiment: str | None = None
    arm: str | None = None


class Place(Struct, frozen=True, array_like=True):
    """What the products of a slot have in common, as tokens carry it. The day is one of days since 1970."""

    day: int
    placement: str
    strategy: str
    source: str
    experiment: str | None = None
    arm: str | None = None


class _Token(Place, frozen=True, array_like=True):
    # Behind what they share: tokens of a slot begin alike, which compresses.
    position: int = 0
    product: str = ""


class ShownTokens:
    """A tenant's tokens. Its key makes another tenant's tokens as wrong as invented ones."""

    __slots__ = ("_mac",)

    def __init__(self, key: bytes) -> None:
        self._mac = hashlib.blake2b(key=key, digest_size=MAC_BYTES, person=b"shown token")

    @classmethod
    def for_nobody(cls) -> "ShownTokens":
        """Under a key that is forgotten with it: until the tenant's is known."""
        return cls(secrets.token_bytes(32))

    def make(self, place: Place, products: Iterable[str]) -> list[bytes]:
        """One a product, in the order shown. About a microsecond each."""
        day, placement, strategy, source, experiment, arm = msgspec.structs.astuple(place)
        tokens = []
        for position, product in enumerate(products, start=1):
            said = _pack(_Token(day, placement, strategy, source, experiment, arm, position, product))
            mac = self._mac.copy()
            mac.update(said)
            tokens.append(_to_text(said + mac.digest()))
        return tokens

    def read(self, token: str) -> tuple[str, Shown] | None:
        """The product and where it was shown; None for what we did not make."""
        try:
            signed = binascii.a2b_base64(token.translate(_STANDARD) + "=" * (-len(token) % 4), strict_mode=True)
        except ValueError:
            return None
        if _to_text(signed).decode() != token:
            return None  # another spelling of the same bytes: what was shown once would count twice
        said, told = signed[:-MAC_BYTES], signed[-MAC_BYTES:]
        mac = self._mac.copy()
        mac.update(said)
        return _open(said) if hmac.compare_digest(mac.digest(), told) else None


def day_of(now: float) -> int:
    """Days since 1970, of POSIX seconds."""
    return int(now // DAY_S)


def is_of_time(shown: Shown, at: datetime) -> bool:
    """Whether something may have been done at this time with what was shown then."""
    return shown.day - timedelta(days=1) <= at.date() <= shown.day + timedelta(days=GOOD_DAYS)


async def read_shown_tokens(conn: Connection) -> ShownTokens:
    """The tenant's."""
    key = await conn.fetchval("select shown_token_key from tenants where tenant_id = current_tenant()")
    return ShownTokens(bytes(key))


def _open(said: bytes) -> tuple[str, Shown]:
    token = _unpack(said)
    return token.product, Shown(
        placement=token.placement,
        position=token.position,
        strategy=token.strategy,
        source=token.source,
        day=EPOCH + timedelta(days=token.day),
        experiment=token.experiment,
        arm=token.arm,
    )


def _to_text(signed: bytes) -> bytes:
    return binascii.b2a_base64(signed, newline=False).translate(_URL_SAFE, b"=")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = str.maketrans("-_", "+/")
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Token).decode
