"""Ids: time-ordered UUIDs (RFC 9562, version 7), so that new rows land at an index's end."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A version-7 UUID: 48 bits of milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant of RFC 9562
    return UUID(int=value)
