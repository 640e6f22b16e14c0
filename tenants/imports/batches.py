"""Batches: so many rows of a file, checked and made ready for the record while the ones before are being stored."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.clock import Clock
from infra.errors import FieldError, Refusal
from tenants import attribute_values
from tenants.attribute_texts import read_attribute_texts
from tenants.imports.documents import Bad, Good
from tenants.imports.kinds import Kind, Ready

FIRST, ROWS = 500, 4_000
"""Rows of the first batch, and of later ones, after doubling: a commit waits for the disk, and before the first one
Postgres has nothing to do."""

APART = FieldError("id", "was met before: the rows of one document must stand together")


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all batches of an import."""

    kind: Kind
    currency: str
    together: bool
    """The rows of a document stand together: an id that comes again is refused, for it would cut the first one off."""
    remember: bool
    """Every id is remembered to the end."""
    texts: bool
    """Attributes came as texts, whatever their type."""
    attributes: attribute_values.Rules
    """As they were when the reading began."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that follow each other in the file, and how many stored bytes were read for them."""

    lines: dict[str, int]
    """By id the line of every document that is to be stored."""
    ready: Ready
    """These documents as their kind stores them."""
    bad: Sequence[Bad]
    duplicates: int
    """Rows whose id comes again in a later row of the batch."""
    bytes_read: int


def make_batches(
    rows: Iterator[Good | Bad], rules: Rules, *, clock: Clock, position: Callable[[], int]
) -> Iterator[Batch]:
    """Where the file breaks, the rows before that place come first."""
    some: list[Good | Bad] = []
    size = FIRST
    try:
        for row in rows:
            some.append(row)
            if len(some) == size:
                yield _make_batch(some, rules, clock(), position())
                some, size = [], min(2 * size, ROWS)
    except Refusal as broken:
        yield _make_batch(some, rules, clock(), position())
        raise broken from None
    yield _make_batch(some, rules, clock(), position())


def _make_batch(rows: Sequence[Good | Bad], rules: Rules, now: datetime, bytes_read: int) -> Batch:
    chosen, bad = _choose(rows, rules, now)
    ready = rules.kind.prepare(_read_texts([row.document for row in chosen.values()], rules), rules.attributes)
    lines = {name: row.line for name, row in chosen.items()}
    return Batch(lines, ready, bad, len(rows) - len(bad) - len(chosen), bytes_read)


def _choose(rows: Sequence[Good | Bad], rules: Rules, now: datetime) -> tuple[dict[str, Good], list[Bad]]:
    """By id what is to be stored, the last of those that repeat an id; and what is refused."""
    check, currency, together = rules.kind.check, rules.currency, rules.together
    chosen: dict[str, Good] = {}
    bad: list[Bad] = []
    for row in rows:
        if isinstance(row, Bad):
            bad.append(row)
        elif (error := check(row.document, now, currency)) is not None:
            bad.append(Bad(row.line, row.id, error))
        elif together and row.id in chosen:
            bad.append(Bad(row.line, row.id, APART))
        else:
            chosen[row.id] = row
    return chosen, bad


def _read_texts(documents: Sequence[Any], rules: Rules) -> Sequence[Any]:
    if not rules.texts or rules.kind.attributes is None:
        return documents
    return read_attribute_texts(documents, rules.attributes, field=rules.kind.attributes[1])
