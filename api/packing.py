"""Packing: answers to pages, compressed for those who can read it. Many are the same, and then packed once."""

from functools import lru_cache

import deflate

WORTH_IT = 1_000
"""Bytes: what is smaller fits into one packet as it is."""
QUICKLY = 1
"""libdeflate's level: 12 products in about a twentieth of a millisecond."""
KEPT = 1_000
"""Answers that are remembered packed, at a few kilobytes each."""
KEPT_BYTES = 50_000
"""Of an answer, the most that is remembered: a stranger may ask for 50 places of 50 products, over and over."""


def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether this header's sender does. One that says `gzip;q=0` gets it nevertheless; no browser does."""
    return b"gzip" in accept_encoding


def worth_packing(body: bytes, accept_encoding: bytes) -> bool:
    return len(body) >= WORTH_IT and takes_gzip(accept_encoding)


def pack(body: bytes, *, remember: bool) -> bytes:
    """gzip. An answer that is served again is the same object, which is found without being looked through; what is one
    shopper's alone is not to be remembered."""
    return packed_before(body) if remember and len(body) <= KEPT_BYTES else _compress(body)


def _compress(body: bytes) -> bytes:
    return bytes(deflate.gzip_compress(body, QUICKLY))


packed_before = lru_cache(maxsize=KEPT)(_compress)
