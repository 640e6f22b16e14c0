"""Batches: many documents in one call, answered row by row; bad rows are named and the others stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from api.bodies import Rows
from infra.errors import FieldError
from tenants.upserts import Upserted

D = TypeVar("D", bound=Struct)


class RowResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to one row."""

    line: Annotated[int, Meta(ge=1, description="Place in the array, or line of the NDJSON, from 1.")]
    result: Literal["created", "updated", "unchanged", "duplicate", "rejected"]
    id: str | None = None
    errors: tuple[FieldError, ...] = ()
    warnings: Annotated[tuple[FieldError, ...], Meta(description="What is unusual in a row that was stored.")] = ()


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """What happened to a batch. Rejected rows are not stored; all others are."""

    received: int
    created: int
    updated: int
    unchanged: int
    duplicate: Annotated[int, Meta(description="Rows followed by another row with the same id: the last one counts.")]
    rejected: int
    rows: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True)
class Sorted(Generic[D]):
    """A batch before it is stored: one document an id with its line, and the rows already answered."""

    documents: Mapping[str, tuple[int, D]]
    answered: Sequence[RowResult]


def sort_rows(rows: Rows[D], check: Callable[[D], FieldError | None]) -> Sorted[D]:
    """Set aside what is bad and what a later row repeats."""
    answered = [RowResult(line=bad.line, id=bad.id, result="rejected", errors=(bad.error,)) for bad in rows.bad]
    documents: dict[str, tuple[int, D]] = {}
    for line, document in rows.good:
        error, name = check(document), document_id(document)
        if error is not None:
            answered.append(RowResult(line=line, id=name, result="rejected", errors=(error,)))
            continue
        if name in documents:
            answered.append(RowResult(line=documents[name][0], id=name, result="duplicate"))
        documents[name] = (line, document)
    return Sorted(documents, answered)


def summarise(batch: Sorted[D], stored: Upserted) -> BatchAnswer:
    """Every row's result in the order of the lines, and the counts."""
    kept = [_result(line, name, stored) for name, (line, _) in batch.documents.items()]
    rows = sorted([*batch.answered, *kept], key=lambda row: row.line)
    counts = dict.fromkeys(("created", "updated", "unchanged", "duplicate", "rejected"), 0)
    for row in rows:
        counts[row.result] += 1
    return BatchAnswer(received=len(rows), rows=tuple(rows), **counts)


def _result(line: int, name: str, stored: Upserted) -> RowResult:
    if name in stored.refused:
        return RowResult(line=line, id=name, result="rejected", errors=(stored.refused[name],))
    return RowResult(line=line, id=name, result=stored.outcomes[name])


def document_id(document: Struct) -> str:
    """Every document of the record has the merchant's own `id`."""
    name: str = document.id  # type: ignore[attr-defined]  # a Struct type cannot demand a field
    return name
