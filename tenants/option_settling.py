"""Option settling: what stands when answers, a shopper's preferences, defaults and rules have been put together.

What a shopper said stands or is named as a problem. What we put in ourselves (preferences, then defaults) gives way
quietly when it would break a rule. An option that is not shown has no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tenants.option_plan import Plan, PlannedOption, PlannedRule
from tenants.option_values import Value

PrefilledFrom = Literal["personal", "default"]
"""Where an answer comes from that the shopper did not give: their recorded preference, or the document."""
Start = tuple[Value, PrefilledFrom]
Closed = Literal["region", "not_yet", "over"]
Refused = Literal["unknown_option", "wrong_value", "unavailable"]
Measure = Literal["known", "missing", "out_of_range"]
Code = Literal[
    "unknown_option",
    "wrong_value",
    "not_offered",
    "unavailable",
    "hidden",
    "require",
    "exclude",
    "out_of_range",
    "missing",
    "missing_measurement",
]
SOFT: frozenset[Code] = frozenset({"missing", "missing_measurement"})
"""What is not yet complete; all else is inconsistent."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was said, as far as it can be used, and what may be put in."""

    plan: Plan
    given: Mapping[str, Value | None]
    """None where the shopper wants none, or said what cannot be."""
    refused: Mapping[str, tuple[Refused, str | None]]
    """What was said that cannot be, with the value where it is one that is not offered here and now."""
    starts: Mapping[str, tuple[Start, ...]]
    """What to start from where nothing was said, the better first."""
    closed: Mapping[tuple[str, str | None], Closed]
    """Options (without a value) and values that are not offered here and now."""
    measures: Mapping[str, Measure]
    """By measurement option."""

    def answering(self, option: str, value: Value | None) -> "Question":
        """The same with another answer."""
        refused = {name: why for name, why in self.refused.items() if name != option}
        return replace(self, given={**self.given, option: value}, refused=refused)


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands."""

    answers: Mapping[str, Value]
    prefilled: Mapping[str, PrefilledFrom]
    shown: Mapping[str, PlannedOption]
    """In the plan's order."""
    denied: Mapping[str, tuple[PlannedRule, ...]]
    """Options that were answered although they, or that value, are not shown: by which rules."""
    broken: tuple[PlannedRule, ...]
    wanting: tuple[PlannedRule, ...]
    """Rules that require an answer which is not there yet."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way, by its code, the options that it is about and the rule, if it is one's."""

    code: Code
    options: tuple[str, ...]
    rule: PlannedRule | None = None

    @property
    def hard(self) -> bool:
        return self.code not in SOFT

    @property
    def key(self) -> tuple[str, ...]:
        return (self.code, *self.options, "" if self.rule is None else self.rule.id)


def settle(question: Question) -> Settled:
    """Drop what was put in until it breaks no rule; one at a time, the later of the two options first."""
    starts = dict(question.starts)
    while True:
        settled = _settle_once(question, starts)
        dropped = _prefilled_in_the_way(settled)
        if dropped is None:
            return settled
        starts[dropped] = starts[dropped][1:]


def find_problems(question: Question, settled: Settled) -> list[Problem]:
    """All of them, in the order of the options and then of the rules."""
    refused = [Problem(why, (name,)) for name, (why, _) in question.refused.items()]
    denied = [Problem("hidden", (name, rules[0].when), rules[0]) for name, rules in settled.denied.items()]
    broken = [Problem(_code(rule), (rule.when, rule.then), rule) for rule in settled.broken]
    wanting = [Problem("missing", (rule.when, rule.then), rule) for rule in settled.wanting]
    asked = {rule.then for rule in settled.wanting}
    lacking = [
        Problem(code, (one.id,))
        for one in question.plan.demanding
        if one.id in settled.shown
        and one.id not in asked
        and one.id not in question.refused
        and (code := _lack(question, settled, one)) is not None
    ]
    return refused + denied + broken + wanting + lacking


def is_used(question: Question, settled: Settled, option: str) -> bool:
    """Whether a measurement option takes part: it is shown, on record, and not declined."""
    return option in settled.shown and question.measures[option] == "known" and option not in question.given


def breaks(rule: PlannedRule, value: Value | None) -> bool:
    """Whether this answer to `then` is against a rule whose condition holds. None is never: it may still come."""
    return value is not None and (
        (rule.kind == "require" and bool(rule.values) and value not in rule.values)
        or (rule.kind == "exclude" and (not rule.values or value in rule.values))
    )


def _settle_once(question: Question, starts: Mapping[str, tuple[Start, ...]]) -> Settled:
    given, closed = question.given, question.closed
    answers: dict[str, Value] = {}
    prefilled: dict[str, PrefilledFrom] = {}
    shown: dict[str, PlannedOption] = {}
    denied: dict[str, tuple[PlannedRule, ...]] = {}
    for one in question.plan.options:
        name = one.id
        if (name, None) in closed:
            continue
        if one.shows and not any(rule.holds(answers.get(rule.when)) for rule in one.shows):
            if given.get(name) is not None:
                denied[name] = one.shows
            continue
        shown[name] = one
        if name in given:
            value = given[name]
            if value is None:
                continue
            if one.value_shows and not _value_is_shown(one, value, answers):
                denied[name] = one.value_shows[value]
                continue
            answers[name] = value
            continue
        for value, source in starts.get(name, ()):
            if not one.value_shows or _value_is_shown(one, value, answers):
                answers[name], prefilled[name] = value, source
                break
    broken, wanting = _judge(question.plan, shown, answers, denied)
    return Settled(answers, prefilled, shown, denied, broken, wanting)


def _value_is_shown(one: PlannedOption, value: Value, answers: Mapping[str, Value]) -> bool:
    rules = one.value_shows.get(value)
    return rules is None or any(rule.holds(answers.get(rule.when)) for rule in rules)


def _judge(
    plan: Plan, shown: Mapping[str, PlannedOption], answers: Mapping[str, Value], denied: Mapping[str, object]
) -> tuple[tuple[PlannedRule, ...], tuple[PlannedRule, ...]]:
    """The rules that are broken, and those that want an answer."""
    broken: list[PlannedRule] = []
    wanting: list[PlannedRule] = []
    for rule in plan.rules:
        if rule.then not in shown or not rule.holds(answers.get(rule.when)):
            continue
        value = answers.get(rule.then)
        if value is None:
            if rule.kind == "require" and rule.then not in denied:
                wanting.append(rule)
        elif breaks(rule, value):
            broken.append(rule)
    return tuple(broken), tuple(wanting)


def _prefilled_in_the_way(settled: Settled) -> str | None:
    for rule in settled.broken:
        for name in (rule.then, rule.when):
            if name in settled.prefilled:
                return name
    return None


def _code(rule: PlannedRule) -> Code:
    return "require" if rule.kind == "require" else "exclude"


def _lack(question: Question, settled: Settled, one: PlannedOption) -> Code | None:
    """What a shown option lacks."""
    if one.option.kind != "measurement":
        lacks = one.required and one.id not in settled.answers and one.id not in settled.denied
        return "missing" if lacks else None
    if one.id in question.given and not one.required:
        return None
    state = question.measures[one.id]
    if state == "out_of_range":
        return "out_of_range"
    return "missing_measurement" if state == "missing" and one.required else None
