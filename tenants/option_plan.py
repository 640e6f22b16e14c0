"""Option plans: a document prepared once, so that answering it costs microseconds.

Options stand in the order in which they can be decided: each after those on which it depends whether it is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter
from uuid import UUID

from tenants.option_values import Value, read_answer, read_thousandths
from tenants.options import (
    ChoiceOption,
    ChoiceValue,
    MeasurementOption,
    Option,
    OptionCondition,
    OptionDocument,
    OptionRule,
    Period,
    RuleKind,
    RuleValue,
)

Test = Callable[[Value | None], bool]


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """A rule that can be asked."""

    id: str
    kind: RuleKind
    when: str
    then: str
    holds: Test
    """Given the answer to `when`, None without one."""
    values: frozenset[Value]
    """Of `then`; all if empty."""
    rule: OptionRule


@dataclass(frozen=True, slots=True)
class PlannedOption:
    """An option with what decides about it."""

    id: str
    option: Option
    required: bool
    default: Value | None
    personal: str | None
    values: Mapping[str, ChoiceValue]
    """Of a choice, by id."""
    shows: tuple[PlannedRule, ...]
    """It is shown when one of them holds, and always without any."""
    value_shows: Mapping[Value, tuple[PlannedRule, ...]]
    """The same for single values."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A document that can be answered."""

    document: OptionDocument
    options: tuple[PlannedOption, ...]
    by_id: Mapping[str, PlannedOption]
    rules: tuple[PlannedRule, ...]
    """Those that require or exclude."""
    all_rules: tuple[PlannedRule, ...]
    touching: Mapping[str, tuple[PlannedRule, ...]]
    """These rules by each of their two options."""
    deciding: Mapping[str, tuple[PlannedRule, ...]]
    """By option, the show rules that ask for its answer."""
    demanding: tuple[PlannedOption, ...]
    """Options that can lack something: those that are required, and measures."""
    starting: tuple[PlannedOption, ...]
    """Options that have something to start from."""
    measured: tuple[MeasurementOption, ...]
    limited: tuple[tuple[str, str | None, Period], ...]
    """Options (without a value) and values that are not offered everywhere and always."""
    has_amounts: bool


@dataclass(frozen=True, slots=True)
class Published:
    """An immutable version of a document. The salt makes its configuration ids its own."""

    tenant_id: UUID
    document_id: str
    version: int
    salt: bytes = field(repr=False)
    published_at: datetime
    retired_at: datetime | None
    document: OptionDocument = field(repr=False)
    plan: Plan = field(repr=False)

    def in_effect(self, now: datetime) -> bool:
        return self.retired_at is None and self.document.offered_at(now)

    @property
    def measurement_keys(self) -> tuple[str, ...]:
        """All that its options may ask of the record."""
        options = self.document.options
        return tuple(dict.fromkeys(option.key for option in options if option.kind == "measurement"))


def make_plan(document: OptionDocument) -> Plan:
    """The document must have passed the checks of its form and for circles (`tenants.option_checks`)."""
    rules = plan_rules(document)
    planned = {option.id: _plan_option(option, rules) for option in document.options}
    judged = tuple(rule for rule in rules if rule.kind != "show")
    return Plan(
        document=document,
        options=tuple(planned[name] for name in _decidable_order(document)),
        by_id=planned,
        rules=judged,
        all_rules=tuple(rules),
        touching={name: tuple(rule for rule in judged if name in (rule.when, rule.then)) for name in planned},
        deciding={name: tuple(rule for rule in rules if rule.kind == "show" and rule.when == name) for name in planned},
        demanding=tuple(one for one in planned.values() if one.required or one.option.kind == "measurement"),
        starting=tuple(one for one in planned.values() if one.default is not None or one.personal is not None),
        measured=tuple(option for option in document.options if isinstance(option, MeasurementOption)),
        limited=tuple(_limited(document)),
        has_amounts=document.has_amounts,
    )


def plan_rules(document: OptionDocument) -> list[PlannedRule]:
    """In the document's order. Its ids must exist."""
    options = {option.id: option for option in document.options}
    return [_plan_rule(rule, options) for rule in document.rules]


def read_rule_value(option: Option, value: RuleValue) -> Value | None:
    """A value in a rule, as answers are read; None when no answer can be that."""
    return None if option.kind == "text" else read_answer(option, value)


def _plan_rule(rule: OptionRule, options: Mapping[str, Option]) -> PlannedRule:
    then = options[rule.then.option]
    values = (read_rule_value(then, value) for value in rule.then.values)
    return PlannedRule(
        id=rule.id,
        kind=rule.kind,
        when=rule.when.option,
        then=rule.then.option,
        holds=make_test(options[rule.when.option], rule.when),
        values=frozenset(value for value in values if value is not None),
        rule=rule,
    )


def make_test(option: Option, condition: OptionCondition) -> Test:
    """Whether the condition holds for an answer to this option."""
    if condition.set is False:
        return lambda value: value is None
    read = (read_rule_value(option, value) for value in condition.values)
    values = frozenset(value for value in read if value is not None)
    low, high = read_thousandths(condition.at_least), read_thousandths(condition.at_most)
    if low is None and high is None:
        return values.__contains__ if condition.values else lambda value: value is not None
    least, most = -(10**15) if low is None else low, 10**15 if high is None else high

    def holds(value: Value | None) -> bool:
        if value is None or (condition.values and value not in values):
            return False
        return least <= measure(value) <= most

    return holds


def measure(value: Value) -> int:
    """What at_least and at_most compare, in thousandths: a number, or a text's number of characters."""
    return value if isinstance(value, int) else 1000 * len(value)


def _plan_option(option: Option, rules: Sequence[PlannedRule]) -> PlannedOption:
    shows = [rule for rule in rules if rule.kind == "show" and rule.then == option.id]
    shown_values = {value for rule in shows for value in rule.values}
    default = None if option.kind == "measurement" or option.default is None else read_answer(option, option.default)
    return PlannedOption(
        id=option.id,
        option=option,
        required=option.required,
        default=default,
        personal=None if option.kind == "measurement" else option.personal,
        values={value.id: value for value in option.values} if isinstance(option, ChoiceOption) else {},
        shows=tuple(rule for rule in shows if not rule.values),
        value_shows={value: tuple(rule for rule in shows if value in rule.values) for value in shown_values},
    )


def _decidable_order(document: OptionDocument) -> tuple[str, ...]:
    """As in the document, as far as show rules allow."""
    places = {option.id: place for place, option in enumerate(document.options)}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(places, ()))
    for rule in document.rules:
        if rule.kind == "show":
            sorter.add(rule.then.option, rule.when.option)
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        order += ready
        sorter.done(*ready)
    return tuple(order)


def _limited(document: OptionDocument) -> list[tuple[str, str | None, Period]]:
    parts: list[tuple[str, str | None, Period]] = []
    for option in document.options:
        parts.append((option.id, None, option))
        parts += ((option.id, value.id, value) for value in (option.values if option.kind == "choice" else ()))
    return [part for part in parts if part[2].regions or part[2].valid_from or part[2].valid_until]
