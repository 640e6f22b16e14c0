"""Option repairs: several changes at once, for conflicts that no single change ends.

As much of what the shopper said is kept as goes together, each answer tried in turn on top of those that are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tenants.option_plan import Plan, PlannedOption
from tenants.option_search import Assignment, Budget, Space
from tenants.option_settling import Question, Settled, breaks
from tenants.option_values import Value, read_answer
from tenants.options import TextOption


@dataclass(frozen=True, slots=True)
class Repair:
    """By option, the answers to change, None to take one away."""

    changes: Mapping[str, Value | None]
    words: tuple[str, ...]
    """Those of them where the shopper's own words are wanted: their value is only one that would do."""


def find_repair(question: Question, settled: Settled, about: Sequence[str], budget: Budget) -> Repair | None:
    """What to change so that the options linked with these can be completed.

    None when nothing goes together here and now. Raises SearchTooLong.
    """
    plan = question.plan
    space = Space(plan, question.closed, budget)
    group = next(group for group in space.groups if about[0] in group)
    kept, found = _keep_most(space, group, _said(question, settled, group, about), plan, budget)
    return None if found is None else _changes(group, kept, found, question, settled)


def _keep_most(
    space: Space, group: Sequence[str], said: Iterable[tuple[str, Value]], plan: Plan, budget: Budget
) -> tuple[set[str], Assignment | None]:
    """The options whose answers stay, and a choice of all with them."""
    fixed: dict[str, Value | None] = {}
    found = space.solve(group, fixed, budget)
    for name, value in said:
        cell = _stand_in(plan.by_id[name], value, plan, space)
        if found is None or cell is None:
            continue
        more = space.solve(group, {**fixed, name: cell}, budget)
        if more is not None:
            fixed[name], found = cell, more
    return {*fixed}, found


def _said(question: Question, settled: Settled, group: Sequence[str], about: Sequence[str]) -> list[tuple[str, Value]]:
    """What is to be kept, those that the problem is about last."""
    given = {name: settled.answers.get(name, question.given.get(name)) for name in group}
    present = [(name, value) for name, value in given.items() if value is not None]
    return sorted(present, key=lambda one: about.index(one[0]) if one[0] in about else -1)


def _stand_in(one: PlannedOption, value: Value, plan: Plan, space: Space) -> Value | None:
    """The cell that no rule tells from this answer."""
    cells = space.values(one.id)
    if value in cells:
        return value
    seen = _as_seen(one.id, value, plan)
    return next((cell for cell in cells if _as_seen(one.id, cell, plan) == seen), None)


def _as_seen(name: str, value: Value, plan: Plan) -> list[bool]:
    """What each rule makes of the answer."""
    return [
        rule.holds(value) if rule.when == name else breaks(rule, value)
        for rule in plan.all_rules
        if name in (rule.when, rule.then)
    ]


def _changes(group: Sequence[str], kept: set[str], found: Assignment, question: Question, settled: Settled) -> Repair:
    changes: dict[str, Value | None] = {}
    words: list[str] = []
    for name in group:
        one = question.plan.by_id[name]
        present = settled.answers.get(name, question.given.get(name))
        wanted = found.get(name)
        value = _shorten(one, wanted, present)
        if name in kept or one.option.kind == "measurement" or value == present:
            continue
        changes[name] = value
        if isinstance(one.option, TextOption) and value is not None and value == wanted:
            words.append(name)
    return Repair(changes, tuple(words))


def _shorten(one: PlannedOption, value: Value | None, present: Value | None) -> Value | None:
    """Of a text we only know how long it may be: the shopper's own, cut to that length if it is long enough."""
    if not isinstance(one.option, TextOption) or not isinstance(value, str) or not isinstance(present, str):
        return value
    return read_answer(one.option, present[: len(value)]) if len(present) >= len(value) else value
