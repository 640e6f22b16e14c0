"""Conflicts: where a shop's rules contradict one another or the catalogue, and what will happen then."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, islice, product
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from recommender.serving.rules import NO, UNDECIDED, YES, Judged, RuleBook, allow, window

MOST = 100
"""Conflicts of one kind in a report."""
MOMENTS = 500
"""Places and times at which it is looked whether anything is left."""
Kind = Literal[
    "pinned_and_hidden",
    "pinned_and_left_out",
    "pin_unavailable",
    "pins_at_one_position",
    "boosted_and_buried",
    "applied_twice",
    "nothing_left",
    "matches_nothing",
    "undecided",
    "unknown_placement",
]
Mask = NDArray[np.bool_]
Packed = NDArray[np.uint8]
"""Eight rows a byte."""


class Conflict(Struct, frozen=True, kw_only=True):
    """One contradiction. Times are those in which all of its rules apply; null is open."""

    kind: Kind
    rules: Annotated[tuple[str, ...], Meta(description="Ids of the rules; empty for a placement's own filter.")]
    placements: Annotated[tuple[str, ...], Meta(description="Where; everywhere if empty.")]
    products: Annotated[int, Meta(description="How many products it concerns.")]
    examples: Annotated[tuple[str, ...], Meta(description="Up to five of their ids.")]
    valid_from: datetime | None
    valid_until: datetime | None
    what_happens: str


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules say of the whole catalogue, judged."""

    ids: Sequence[str]
    rows: Mapping[str, int]
    judged: Sequence[Judged]
    sellable: Mask
    """By row."""
    known: frozenset[str]
    """Names of the placements."""


def find_conflicts(book: RuleBook, sellable: Sequence[int], known: Iterable[str]) -> list[Conflict]:
    """Up to MOST of each kind. `sellable` is 1 by row, `known` are the names of the shop's placements.

    Rules count while they apply or will apply. Costs about 20 µs a pair of rules and 100,000 products.
    """
    size = book.size
    shown = np.zeros(size, np.bool_)
    shown[: len(sellable)] = np.frombuffer(bytes(sellable), np.uint8)[:size] > 0
    case = Case(book.catalogue.ids, book.catalogue.rows, book.judged, shown, frozenset(known))
    return [conflict for find in FINDERS for conflict in islice(find(case), MOST)]


def _pinned_and_kept_out(case: Case) -> Iterator[Conflict]:
    for pin, hard in product(_of(case, "pin"), _of(case, "hide", "only")):
        if not _meet(pin, hard):
            continue
        hides = hard.rule.action == "hide"
        rows = [row for row in pin.rows() if (hard.verdict(row) != (NO if hides else YES))]
        if rows and hides:
            yield _conflict(case, "pinned_and_hidden", (pin, hard), rows, "Hiding wins: they are not shown.")
        elif rows:
            by = "the placement's filter" if hard.is_filter else f"the rule {hard.rule.id!r}"
            yield _conflict(
                case, "pinned_and_left_out", (pin, hard), rows, f"They are not shown, because {by} leaves them out."
            )


def _pins_unavailable(case: Case) -> Iterator[Conflict]:
    for pin in _of(case, "pin"):
        gone = [name for name in pin.rule.products if not _sells(case, name)]
        if gone:
            said = "They are not in the catalogue or do not sell now; the others keep their positions."
            yield _conflict(case, "pin_unavailable", (pin,), gone, said)


def _pins_at_one_position(case: Case) -> Iterator[Conflict]:
    for first, second in combinations(_of(case, "pin"), 2):
        shared = {*_positions(first)} & {*_positions(second)}
        if shared and _meet(first, second):
            names = [name for at, name in _positions(second).items() if at in shared]
            said = f"Position {min(shared)} goes to the rule {first.rule.id!r}, whose id is the smaller one; "
            yield _conflict(
                case, "pins_at_one_position", (first, second), names, f"{said}{second.rule.id!r} takes the next free."
            )


def _boosted_and_buried(case: Case) -> Iterator[Conflict]:
    said = "Both apply, one against the other: the greater strength decides the direction."
    yield from _overlaps(case, "boosted_and_buried", product(_of(case, "boost"), _of(case, "bury")), said)


def _applied_twice(case: Case) -> Iterator[Conflict]:
    """Windows that overlap: the same action on the same products."""
    for action, said in _TWICE.items():
        yield from _overlaps(case, "applied_twice", combinations(_of(case, action), 2), said)


def _overlaps(case: Case, kind: Kind, pairs: Iterable[tuple[Judged, Judged]], said: str) -> Iterator[Conflict]:
    """Pairs that hold for the same products somewhere, sometime."""
    packed: dict[int, Packed] = {}
    for pair in pairs:
        if not _meet(*pair):
            continue
        for one in pair:
            if id(one) not in packed:
                packed[id(one)] = _pack(case, one)
        both = packed[id(pair[0])] & packed[id(pair[1])]
        if both.any():
            rows = np.flatnonzero(np.unpackbits(both, count=len(case.ids))).tolist()
            yield _conflict(case, kind, pair, rows, said)


def _nothing_left(case: Case) -> Iterator[Conflict]:
    """At each moment at which a hard rule begins, in each place that one names: is anything left?"""
    hard = _of(case, "hide", "only")
    seen: set[tuple[int, ...]] = set()
    names = sorted({name for one in hard for name in one.rule.placements})
    starts = sorted({window(one.rule)[0] for one in hard})
    for name, at in islice(product(("", *names), starts), MOMENTS):
        group = [one for one in hard if one.open_at(at) and one.names(name)]
        key = tuple(id(one) for one in group)
        allowed = None if key in seen else allow(group, len(case.ids))
        seen.add(key)
        if allowed is not None and case.sellable.any() and not (allowed.astype(np.bool_) & case.sellable).any():
            said = "Nothing is shown while they apply: no product that sells keeps to all of them."
            yield _conflict(case, "nothing_left", group, (), said)


def _matches_nothing(case: Case) -> Iterator[Conflict]:
    for one in case.judged:
        if not one.is_filter and not one.mask(len(case.ids))[1:].any():
            said = "It lets nothing through." if one.rule.action == "only" else "It has no effect."
            yield _conflict(case, "matches_nothing", (one,), (), f"No product in the catalogue matches. {said}")


def _undecided(case: Case) -> Iterator[Conflict]:
    for one in case.judged:
        rows = np.flatnonzero(one.mask(len(case.ids)) == UNDECIDED).tolist()
        if rows:
            yield _conflict(case, "undecided", (one,), rows, _UNDECIDED[one.rule.action])


def _unknown_placements(case: Case) -> Iterator[Conflict]:
    for one in case.judged:
        unknown = sorted({*one.rule.placements} - case.known)
        if unknown:
            said = f"There is no placement {unknown[0]!r}: the rule has no effect there."
            yield _conflict(case, "unknown_placement", (one,), (), said)


FINDERS: Sequence[Callable[[Case], Iterator[Conflict]]] = (
    _pinned_and_kept_out,
    _pins_unavailable,
    _pins_at_one_position,
    _nothing_left,
    _undecided,
    _matches_nothing,
    _unknown_placements,
    _boosted_and_buried,
    _applied_twice,
)
_TWICE = {
    "pin": "The rule with the smaller id places them, the other one does not.",
    "boost": "Both apply: their strengths multiply.",
    "bury": "Both apply: their strengths multiply.",
}
_LACKS = "They lack what the expression compares, or hold a value of another type"
_UNDECIDED = {
    "hide": f"{_LACKS}: they are hidden, to be safe. Say has(…) && … to show them.",
    "only": f"{_LACKS}: they are left out, to be safe.",
    "pin": f"{_LACKS}: they are not pinned.",
    "boost": f"{_LACKS}: they stay at their places.",
    "bury": f"{_LACKS}: they stay at their places.",
}


def _of(case: Case, *actions: str) -> list[Judged]:
    return [one for one in case.judged if one.rule.action in actions]


def _pack(case: Case, one: Judged) -> Packed:
    return np.packbits(one.mask(len(case.ids)) == YES)


def _sells(case: Case, name: str) -> bool:
    row = case.rows.get(name, 0)
    return 0 < row < len(case.sellable) and bool(case.sellable[row])


def _positions(pin: Judged) -> dict[int, str]:
    return dict(enumerate(pin.rule.products, start=pin.rule.position or 1))


def _meet(one: Judged, other: Judged) -> bool:
    """Whether there is a place and a time at which both apply."""
    start, end = _shared_window((one, other))
    places, others = {*one.rule.placements}, {*other.rule.placements}
    return start < end and (not places or not others or not places.isdisjoint(others))


def _shared_window(group: Iterable[Judged]) -> tuple[float, float]:
    windows = [window(one.rule) for one in group]
    return max(start for start, _ in windows), min(end for _, end in windows)


def _shared_places(group: Iterable[Judged]) -> tuple[str, ...]:
    """Where all apply; () is everywhere."""
    named = [{*one.rule.placements} for one in group if one.rule.placements]
    return tuple(sorted(set.intersection(*named))) if named else ()


def _conflict(
    case: Case, kind: Kind, group: Sequence[Judged], concerned: Sequence[int] | Sequence[str], what_happens: str
) -> Conflict:
    start, end = _shared_window(group)
    return Conflict(
        kind=kind,
        rules=tuple(one.rule.id for one in group if not one.is_filter),
        placements=_shared_places(group),
        products=len(concerned),
        examples=tuple(one if isinstance(one, str) else case.ids[one] for one in concerned[:5]),
        valid_from=_moment(start),
        valid_until=_moment(end),
        what_happens=what_happens,
    )


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if abs(seconds) != float("inf") else None
