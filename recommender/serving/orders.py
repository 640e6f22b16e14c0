"""Orders: which products a placement would show to somebody, best first, remembered until something changes."""

from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.reasons import Why, close_card, tell_reason
from recommender.serving.rulings import Ruling, reorder
from recommender.serving.strategies import FALLBACK, STRATEGIES, Ask, Source, Stage
from recommender.serving.variety import diversify, rotate
from recommender.serving.words import Language, Words
from tenants.placements import Placement, Strategy

KEPT = 150
"""Products of a stage that are put in order; behind them a slot goes on with what sells."""
DIVERSE = 48
REMEMBERED = 4_096
"""Orders that a process keeps, about 2 kB each."""
MOST_ANSWERS = 2_048
"""Answers that a process keeps, about 5 kB each."""
MOST_ANSWER_BYTES = 64_000_000
"""Of all of them with their questions: a page may ask for 50 places of 50 products each, and name 200 ids in each."""
KEY_BYTES = 16
"""That a byte of a question takes in memory at the most: an id of one character is a string of 50 bytes."""
MOST_CLOSINGS = 50_000
"""Reasons in words that a process keeps, about 200 bytes each."""
DAY_S = 86_400


class Ordered(NamedTuple):
    """The head of a stage, or all of one that stands behind."""

    source: Source
    rows: Iterable[int]
    whys: Iterable[Why]


class Order(NamedTuple):
    """What a placement would show, before it is known what sells now and what other places show."""

    stages: tuple[Ordered, ...]
    """Those of the placement's own strategy."""
    gone: frozenset[int]
    """Rows that are not shown to this shopper: bought, and not bought twice."""
    never: frozenset[int]
    """Those of them that are not shown even when nothing else is left."""
    further: tuple[Ordered, ...] = ()
    """Those of its other strategies, in turn."""


Key = tuple[int, str, str, Ask, int]


class Orders:
    """A process' memory of orders and answers. The same key has the same one, so that forgetting costs time alone."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Order] = OrderedDict()
        self._closings: dict[tuple[int, Language], dict[Why, bytes]] = {}
        self._closing_count = 0
        self.answers: OrderedDict[Hashable, bytes] = OrderedDict()
        """Whole answers, by all that they depend on; see `widgets.slots.fill`."""
        self._weights: dict[Hashable, int] = {}
        self._weight = 0

    def keep(self, key: Hashable, answer: bytes, *, question_bytes: int = 0) -> bytes:
        """Remember an answer, and forget those that were kept first when there are too many, or they are too big.

        `question_bytes`: of what was asked, as it came."""
        weight = len(answer) + KEY_BYTES * question_bytes
        if weight > MOST_ANSWER_BYTES // 50:
            return answer  # it would drive out what everybody asks for
        self._weight += weight - self._weights.get(key, 0)
        self.answers[key], self._weights[key] = answer, weight
        while len(self.answers) > MOST_ANSWERS or self._weight > MOST_ANSWER_BYTES:
            first, _ = self.answers.popitem(last=False)
            self._weight -= self._weights.pop(first)
        return answer

    def get(self, live: LiveTenant, placement: Placement, ask: Ask, *, now: float, arm: str = "") -> Order:
        """`arm`: whatever tells this placement from others of its name, as the arm of an experiment does."""
        live.advance(now)
        ruling = live.ruling(placement.id)
        key = (live.generation, placement.id, arm, ask, int(now // DAY_S))
        order = self._known.get(key)
        if order is not None:
            self._known.move_to_end(key)
        else:
            order = self._known[key] = make_order(live, placement, ask, ruling, day=key[-1])
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return order

    def closings(self, live: LiveTenant, words: Words) -> dict[Why, bytes]:
        """What closes a card, by the reason, as far as it is known: ask `close` for the rest."""
        key = live.generation, words.language
        return self._closings.get(key) or self._closings.setdefault(key, {})

    def close(self, live: LiveTenant, reason: Why, words: Words) -> bytes:
        """What closes a card that is shown for this reason."""
        if self._closing_count >= MOST_CLOSINGS:
            self._closings, self._closing_count = {}, 0
        self._closing_count += 1
        closing = self.closings(live, words)[reason] = close_card(tell_reason(live.catalogue, reason, words))
        return closing


def make_order(live: LiveTenant, placement: Placement, ask: Ask, ruling: Ruling, *, day: int) -> Order:
    """Deterministic for the same model, catalogue, rules, ask and day."""
    just_bought = _just_bought(live, placement, placement.strategy, ask)
    gone = just_bought | _bought_before(live, placement, placement.strategy, ask)
    never = gone if placement.strategy == "discover" else just_bought
    seed = f"{day} {placement.id} {ask.shopper_id or ''}"
    stages = [
        _ordered(live, placement, stage, gone, ruling, seed) for stage in STRATEGIES[placement.strategy](live, ask)
    ]
    further = [
        _ordered(live, placement, stage, _gone(live, placement, strategy, ask), ruling, seed)
        for strategy in placement.fallbacks
        for stage in STRATEGIES[strategy](live, ask)
    ]
    return Order(tuple(stages), gone, never, tuple(further))


def behind(live: LiveTenant, placement: Placement, ask: Ask) -> Iterator[Ordered]:
    """What follows an order's head: all that sells, and all that is new; nothing in a strict placement."""
    if not placement.strict:
        for stage in chain.from_iterable(follow(live, ask) for follow in FALLBACK):
            yield Ordered(stage.source, stage.rows, repeat(stage.why))


def _ordered(
    live: LiveTenant, placement: Placement, stage: Stage, gone: frozenset[int], ruling: Ruling, seed: str
) -> Ordered:
    rows = [row for row, _ in zip(_distinct(stage, gone), range(KEPT), strict=False)]
    rows = reorder(rotate(rows, placement.rotation, seed=seed), ruling.factors)
    rows = diversify(rows, live.catalogue.kinds, placement.diversity, most=DIVERSE)
    return Ordered(stage.source, array("i", rows), array("q", (stage.whys.get(row, stage.why) for row in rows)))


def _distinct(stage: Stage, gone: frozenset[int]) -> Iterator[int]:
    seen = set(gone)
    for row in stage.rows:
        if row not in seen:
            seen.add(row)
            yield row


def _gone(live: LiveTenant, placement: Placement, strategy: Strategy, ask: Ask) -> frozenset[int]:
    """What this shopper is not shown in a strategy's part of a placement."""
    return _just_bought(live, placement, strategy, ask) | _bought_before(live, placement, strategy, ask)


def _bought_before(live: LiveTenant, placement: Placement, strategy: Strategy, ask: Ask) -> frozenset[int]:
    """What the shopper bought before the model learned and is not shown again."""
    shopper = live.find_shopper(ask.shopper_id)
    if live.learned is None or shopper is None:
        return frozenset()
    bought = live.learned.bought(shopper)
    return frozenset(filter(_test(placement, strategy, live.learned.is_durable), bought))


def _just_bought(live: LiveTenant, placement: Placement, strategy: Strategy, ask: Ask) -> frozenset[int]:
    bought = map(live.row_of, ask.session.bought)
    unneeded = _everything if live.learned is None else live.learned.is_needed_no_more
    return frozenset(filter(_test(placement, strategy, unneeded), bought))


def _test(placement: Placement, strategy: Strategy, unneeded: Callable[[int], bool]) -> Callable[[int], bool]:
    """What of the shopper's purchases a strategy leaves out: all of it in a place for discoveries."""
    if strategy in ("buy_again", "recently_viewed"):
        return _nothing
    return _everything if placement.exclude_purchased or strategy == "discover" else unneeded


def _everything(row: int) -> bool:
    return True


def _nothing(row: int) -> bool:
    return False
