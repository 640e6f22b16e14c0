"""Upserts: many documents at once, told apart by digest, answered row by row."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from infra.errors import FieldError

Outcome = Literal["created", "updated", "unchanged", "duplicate"]

_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Upserted:
    """What happened to each document, by its id: it has an outcome, or a reason why it was refused."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    refused: Mapping[str, FieldError] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(outcome != "unchanged" for outcome in self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened to many documents: how many had which outcome, and by id why some were refused."""

    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    refused: Mapping[str, FieldError] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(count for outcome, count in self.outcomes.items() if outcome != "unchanged")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as sent: canonical JSON, and 16 bytes of BLAKE2b over it."""

    text: str
    digest: bytes


def make_document(struct: msgspec.Struct) -> Document:
    data = _encoder.encode(struct)
    return Document(data.decode(), hashlib.blake2b(data, digest_size=16).digest())


def make_digest(struct: msgspec.Struct) -> bytes:
    """The digest alone, for what is stored from its columns."""
    return hashlib.blake2b(_encoder.encode(struct), digest_size=16).digest()


def outcomes(ids: Iterable[str], *, created: Iterable[str], updated: Iterable[str]) -> Upserted:
    """What was neither created nor updated was there already, word for word."""
    result: dict[str, Outcome] = dict.fromkeys(ids, "unchanged")
    result |= dict.fromkeys(created, "created")
    result |= dict.fromkeys(updated, "updated")
    return Upserted(result)


def tally(stored: Upserted) -> Tally:
    return Tally(Counter(stored.outcomes.values()), stored.refused)
