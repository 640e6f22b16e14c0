"""Clock: the one place that knows what time it is, so that a test can say otherwise."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns now, in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)
