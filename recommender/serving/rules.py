"""Rule book: a shop's rules and placement filters, judged for every product once, ready to be asked by placement.

Judging runs expressions: about 10 µs a product for its conversion, and 0.6 µs a product and rule. So it is done in a
thread, in slices, and afterwards only for products that changed. Windows of validity cost no judging.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from recommender.serving.rulings import FREE, Ruling
from tenants.expressions import Document, Expression, Reads, Subject, WrongExpression, compile_expression
from tenants.placements import Placement
from tenants.rules import STRENGTH, Action, Rule

NO, YES, UNDECIDED = 0, 1, 2
_ORDER = get_args(Action)
SLICE = 50
"""Products judged between two pauses: about a millisecond with 20 rules."""


class RuledCatalogue(Protocol):
    """What rules need of a catalogue. Row 0 is nowhere; rows never move."""

    @property
    def ids(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Mapping[str, int]: ...
    def document(self, row: int) -> Document:
        """As in `tenants.expressions.SAMPLE`, with sale_from_s and sale_until_s (POSIX seconds or null) besides
        where a sale has a window."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule and its verdicts by row: an array of bytes, or a mapping where it names its products."""

    rule: Rule
    expression: Expression | None
    named: frozenset[str] | None
    verdicts: bytearray | dict[int, int]
    is_filter: bool
    """It is a placement's filter, which acts as a rule `only`."""

    @property
    def priced(self) -> bool:
        return self.rule.price_from_minor is not None or self.rule.price_until_minor is not None

    def judge(self, document: Document, subject: Subject) -> int:
        """NO, YES, or UNDECIDED when it depends on what cannot be compared."""
        price = document["sale_price_minor"] if document["sale_price_minor"] is not None else document["price_minor"]
        assert isinstance(price, int)
        low, high = self.rule.price_from_minor, self.rule.price_until_minor
        if (low is not None and price < low) or (high is not None and price > high):
            return NO
        if self.expression is None:
            # Without a condition it holds; a condition that an upgraded library no longer reads is undecided.
            return YES if self.rule.when is None else UNDECIDED
        held = self.expression.decide(subject)
        return UNDECIDED if held is None else int(held)

    def verdict(self, row: int) -> int:
        if isinstance(self.verdicts, dict):
            return self.verdicts.get(row, NO)
        return self.verdicts[row] if row < len(self.verdicts) else UNDECIDED

    def mask(self, size: int) -> NDArray[np.uint8]:
        """The verdicts as an array, shape (size,)."""
        if isinstance(self.verdicts, bytearray):
            # A thread may have made room for rows that `size` does not count yet.
            return np.frombuffer(bytes(self.verdicts), np.uint8, size)
        found = np.zeros(size, np.uint8)
        found[list(self.verdicts)] = list(self.verdicts.values())
        return found

    def rows(self) -> list[int]:
        """Where it holds."""
        if isinstance(self.verdicts, dict):
            return [row for row, verdict in self.verdicts.items() if verdict == YES]
        found: list[int] = np.flatnonzero(self.mask(len(self.verdicts)) == YES).tolist()
        return found

    def open_at(self, now: float) -> bool:
        start, end = window(self.rule)
        return start <= now < end

    def names(self, placement: str) -> bool:
        """Whether it applies there."""
        return not self.rule.placements or placement in self.rule.placements


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of a product: `only` says something when it leaves it out, the others when they apply."""

    rule_id: str
    action: Action
    is_filter: bool
    undecided: bool
    """It could not be decided, so that it took the safe side."""


class RuleBook:
    """Made by `compile_rules`. One thread updates it at a time; any may ask meanwhile and get the rulings before."""

    def __init__(self, rules: Iterable[Rule], catalogue: RuledCatalogue, placements: Iterable[Placement] = ()) -> None:
        self.judged = [_prepare(rule) for rule in sorted(rules, key=lambda rule: rule.id) if rule.enabled]
        self.judged += [_prepare_filter(one) for one in placements if one.filter is not None]
        self.catalogue = catalogue
        self.size = 0
        self._judged_to = 0
        """Rows behind it are new, or an update failed before it came to them; no ruling knows them."""
        self.until = math.inf
        """POSIX seconds at which `update` must be called at the latest: a window opens or closes, a sale too."""
        self._reads = Reads([one.expression for one in self.judged if one.expression is not None])
        self._priced = "sale_price_minor" in self._reads.fields or any(one.priced for one in self.judged)
        self._sales: dict[int, float] = {}
        self._rulings: dict[str, Ruling] = {}
        """By placement; '' stands for those that no rule names."""

    def ruling(self, placement: str) -> Ruling:
        """What holds in a placement, as of the last update."""
        rulings = self._rulings
        return rulings.get(placement, rulings.get("", FREE))

    @property
    def rules(self) -> list[Rule]:
        """Those that are enabled."""
        return [one.rule for one in self.judged if not one.is_filter]

    def as_of(self, now: float) -> "RuleBook":
        """A book of the same verdicts, with the rulings of another time; what sales then change is not judged anew."""
        other = copy(self)
        other._settle(now)
        other.until = math.inf  # the verdicts are ours: it must not judge, least of all as of another time
        return other

    def explain(self, placement: str, row: int, now: float) -> list[Said]:
        """Each rule and filter that says something of a product there and then, in the order in which they win."""
        said = [
            Said(one.rule.id, one.rule.action, one.is_filter, undecided=one.verdict(row) == UNDECIDED)
            for one in self.judged
            if one.open_at(now)
            and one.names(placement)
            and one.verdict(row) != (YES if one.rule.action == "only" else NO)
        ]
        return sorted(said, key=lambda one: _ORDER.index(one.action))

    def update(self, rows: Iterable[int], now: float, *, pause: Callable[[], object] = lambda: None) -> None:
        """Judge these rows (new and changed ones), and those whose sale began or ended; make the rulings anew.

        Call it with no rows when `until` has come. `now` in POSIX seconds. `pause` is called between slices.
        """
        self._grow()
        new = range(self._judged_to, self.size)
        due = [row for row, at in self._sales.items() if at <= now]
        waiting = iter({*rows, *new, *due} - {0})
        while batch := list(islice(waiting, SLICE)):
            for row in batch:
                self._judge(row, now)
            pause()
        self._judged_to = self.size
        self._settle(now)

    def _grow(self) -> None:
        more = len(self.catalogue.ids) - self.size
        for one in self.judged:
            if isinstance(one.verdicts, bytearray):
                one.verdicts.extend(bytes(more))
        self.size += more

    def _judge(self, row: int, now: float) -> None:
        name = self.catalogue.ids[row]
        concerned = [one for one in self.judged if one.named is None or name in one.named]
        if not concerned:
            return
        document = self._as_of(row, now)
        subject = Subject(document, self._reads)
        for one in concerned:
            one.verdicts[row] = one.judge(document, subject)

    def _as_of(self, row: int, now: float) -> Document:
        """The product with its sale price only while the sale is on."""
        document = self.catalogue.document(row)
        if document["sale_price_minor"] is None:
            self._sales.pop(row, None)
            return document
        start, end = _seconds(document.get("sale_from_s"), -math.inf), _seconds(document.get("sale_until_s"), math.inf)
        ahead = [at for at in (start, end) if now < at < math.inf]
        if self._priced and ahead:
            self._sales[row] = min(ahead)
        else:
            self._sales.pop(row, None)
        return document if start <= now < end else {**document, "sale_price_minor": None}

    def _settle(self, now: float) -> None:
        edges = [edge for one in self.judged for edge in window(one.rule) if now < edge < math.inf]
        self.until = min([*edges, *self._sales.values()], default=math.inf)
        names = {name for one in self.judged for name in one.rule.placements}
        active = [one for one in self.judged if one.open_at(now)]
        made: dict[tuple[int, ...], Ruling] = {}
        rulings = {}
        for name in ("", *names):
            concerned = [one for one in active if one.names(name)]
            key = tuple(map(id, concerned))
            if key not in made:
                made[key] = self._rule(concerned)
            rulings[name] = made[key]
        self._rulings = rulings

    def _rule(self, concerned: Sequence[Judged]) -> Ruling:
        allowed = allow(concerned, self.size)
        return Ruling(
            allowed=None if allowed is None else allowed.tobytes(),
            pins=_pin(concerned, self.catalogue.rows, allowed),
            factors=_factors(concerned),
            until=self.until,
        )


def compile_rules(
    rules: Iterable[Rule],
    catalogue: RuledCatalogue,
    now: float,
    *,
    placements: Iterable[Placement] = (),
    pause: Callable[[], object] = lambda: None,
) -> RuleBook:
    """Judge the whole catalogue. Pure but for `pause`, which is called between slices: sleep a moment in it when other
    threads wait for the interpreter. Rules that are over or disabled cost nothing."""
    book = RuleBook([rule for rule in rules if window(rule)[1] > now], catalogue, placements)
    book.update(range(len(catalogue.ids)), now, pause=pause)
    return book


def give_way() -> None:
    """A pause in which the event loop has the interpreter."""
    time.sleep(0.0005)


def window(rule: Rule) -> tuple[float, float]:
    """From when and until when (excluded) it applies, in POSIX seconds."""
    start, end = rule.valid_from, rule.valid_until
    return (-math.inf if start is None else start.timestamp()), (math.inf if end is None else end.timestamp())


def allow(concerned: Iterable[Judged], size: int) -> NDArray[np.uint8] | None:
    """1 for each row that all hard rules let through; None when there is no hard rule."""
    allowed: NDArray[np.uint8] | None = None
    for one in concerned:
        if one.rule.action not in ("hide", "only"):
            continue
        if allowed is None:
            allowed = np.ones(size, np.uint8)
            allowed[:1] = 0
        allowed &= one.mask(size) == (NO if one.rule.action == "hide" else YES)
    return allowed


def _pin(
    concerned: Iterable[Judged], rows: Mapping[str, int], allowed: NDArray[np.uint8] | None
) -> tuple[tuple[int, int], ...]:
    """Of two that want one position the rule of the smaller id has it, and the other takes the next one."""
    pins: dict[int, int] = {}
    for one in concerned:
        if one.rule.action != "pin":
            continue
        for at, name in enumerate(one.rule.products, start=one.rule.position or 1):
            row = rows.get(name, 0)
            if one.verdict(row) != YES or row in pins.values() or (allowed is not None and not allowed[row]):
                continue
            while at in pins:
                at += 1
            pins[at] = row
    return tuple(sorted(pins.items()))


def _factors(concerned: Iterable[Judged]) -> Mapping[int, float]:
    factors: dict[int, float] = {}
    for one in concerned:
        if one.rule.action in ("boost", "bury"):
            factor = 1.0 + (one.rule.strength or STRENGTH)
            factor = 1 / factor if one.rule.action == "boost" else factor
            for row in one.rows():
                factors[row] = factors.get(row, 1.0) * factor
    return factors


def _prepare(rule: Rule, *, is_filter: bool = False) -> Judged:
    named = frozenset(rule.products) or None
    return Judged(rule, _compile(rule.when), named, {} if named else bytearray(), is_filter)


def _prepare_filter(placement: Placement) -> Judged:
    rule = Rule(id=f"filter of {placement.id}", action="only", when=placement.filter, placements=(placement.id,))
    return _prepare(rule, is_filter=True)


def _compile(text: str | None) -> Expression | None:
    try:
        return None if text is None else compile_expression(text)
    except WrongExpression:
        return None


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
