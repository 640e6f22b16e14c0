"""Canaries of measurements: random lengths, searched for wherever Lastbook keeps anything.

A length has few digits, and some number somewhere is the same by chance; but not three of the four in one place. As it
was told (inches with six decimals) it is unmistakable.
"""

import os
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.settings import Settings
from tenants.lengths import from_tenth_mm, to_tenth_mm
from tests.privacy.scan import find_everywhere, find_in_files, find_in_redis
from tests.support.databases import as_admin
from tests.support.machines import FOLDER
from tests.support.shop import Document

KEYS = ("canary_a", "canary_b", "canary_c", "canary_d")
ENOUGH = 3
"""So many of the four in one place are no chance."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One length."""

    key: str
    told: str
    """In inches."""

    @property
    def tenths(self) -> int:
        return to_tenth_mm(Decimal(self.told), "in")

    @property
    def spellings(self) -> tuple[str, ...]:
        """As it may be kept or said."""
        said = (from_tenth_mm(self.tenths, unit) for unit in ("mm", "cm", "in"))
        return (str(self.tenths), *map(str, said))


def make_canaries() -> list[Canary]:
    """Four lengths from two metres on, whose tenths of a millimetre have five digits."""
    return [Canary(key, f"{random.uniform(80, 390):.6f}") for key in KEYS]


def definition(canary: Canary) -> Document:
    """Of a key that takes it, with a warning."""
    return {"id": canary.key, "label": {"en": "Canary"}, "soft_max_tenth_mm": 1000}


def value(canary: Canary) -> Document:
    return {"key": canary.key, "side": "none", "value": canary.told, "unit": "in"}


async def find_told(settings: Settings, canaries: list[Canary]) -> list[str]:
    """Where any of them stands as it was told."""
    return [place for one in canaries for place in await find_everywhere(settings, one.told)]


async def find_lengths(settings: Settings, canaries: list[Canary]) -> set[str]:
    """Where they stand in any spelling."""
    found: dict[tuple[str, int], int] = {}
    for one in canaries:
        for number, spelling in enumerate(one.spellings):
            for place in {*await _find(settings, spelling)}:
                found[place, number] = found.get((place, number), 0) + 1
    return {place for (place, _), count in found.items() if count >= ENOUGH}


def count_in(text: str, canaries: list[Canary]) -> int:
    """How many of them stand in a text, in whichever spelling most do."""
    return max(
        sum(one.told in text for one in canaries),
        *(sum(one.spellings[number] in text for one in canaries) for number in range(4)),
    )


async def _find(settings: Settings, spelling: str) -> list[str]:
    needle = spelling.encode()
    return [
        *await _find_in_tables(settings, spelling),
        *await find_in_redis(settings, needle),
        *find_in_files(Path(unquote(urlsplit(settings.artifacts_url).path)), "*", needle),
        *find_in_files(Path(os.environ[FOLDER]) / "data", "*.log*", needle),
    ]


async def _find_in_tables(settings: Settings, spelling: str) -> list[str]:
    """As a number of its own: the digits of an id or of a transaction's number are no length."""
    pattern = rf"(^|[^0-9a-f.-]){spelling.replace('.', '[.]')}([^0-9a-f]|$)"
    async with as_admin(settings) as admin:
        tables = [row[0] for row in await admin.fetch(_TABLES)]
        query = "select exists (select from {} as one where (to_jsonb(one) - 'changed_in')::text ~ $1)"
        return [f"table {table}" for table in tables if await admin.fetchval(query.format(table), pattern)]


_TABLES = """
select format('%I.%I', schemaname, tablename)
from pg_tables
where schemaname not in ('pg_catalog', 'information_schema')
order by 1
"""
