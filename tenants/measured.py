"""Measured: what is known of a person's measures, as far as they allow it to be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.database import Connection

Side = Literal["left", "right", "none"]
Basis = Literal["body", "garment"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One value in force."""

    key: str
    side: Side
    value_tenth_mm: int = field(repr=False)
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """Of one person."""

    allowed: bool = False
    values: Mapping[tuple[str, Side], Measured] = field(default_factory=dict)


async def read_record(
    conn: Connection, shopper_id: UUID, *, person_id: str | None = None, basis: Basis = "body", now: datetime
) -> Record:
    """Nothing is on record."""
    return Record()
