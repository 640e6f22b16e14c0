"""Option views: a document's options as a page offers them, beside what the shopper's answer comes to.

A value that is not offered says why. One that would break a rule with the present answers stays to be chosen and says
with what it conflicts: the shopper may want to change the other one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tenants.option_answers import Evaluation, Unavailable
from tenants.option_plan import Plan, PlannedOption, Published
from tenants.option_pricing import price_of
from tenants.option_settling import breaks
from tenants.option_texts import describe_rule, label_of, say, value_text
from tenants.option_values import Value, read_answer
from tenants.options import MeasurementOption, NumberOption, TextOption


@dataclass(frozen=True, slots=True)
class ValueView:
    """One value of a choice. `price_minor` is what it adds; `why_not` is said of what is not offered or conflicts."""

    id: str
    label: str
    price_minor: int
    available: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class OptionView:
    """One option; what its kind does not have is None. `shown` as things stand."""

    id: str
    kind: Literal["choice", "text", "number", "measurement"]
    label: str
    required: bool
    shown: bool
    values: tuple[ValueView, ...]
    max_length: int | None
    min: float | None
    max: float | None
    step: float | None
    unit: str | None
    key: str | None


def list_views(
    published: Published, evaluation: Evaluation, *, base_price_minor: int, locale: str
) -> tuple[OptionView, ...]:
    """In the document's order, those that are not shown too. The evaluation must be of the same version."""
    plan, shown = published.plan, set(evaluation.shown)
    answers = _read_back(plan, evaluation)
    closed = {(one.option, one.value): one for one in evaluation.unavailable}
    return tuple(
        _view(one, tuple(_values(plan, one, answers, closed, base_price_minor, locale)), one.id in shown, locale)
        for one in plan.by_id.values()
    )


def _view(one: PlannedOption, values: tuple[ValueView, ...], shown: bool, locale: str) -> OptionView:
    option = one.option
    number = option if isinstance(option, NumberOption) else None
    return OptionView(
        id=one.id,
        kind=option.kind,
        label=label_of(option, locale),
        required=one.required,
        shown=shown,
        values=values,
        max_length=option.max_length if isinstance(option, TextOption) else None,
        min=None if number is None else number.min,
        max=None if number is None else number.max,
        step=None if number is None else number.step,
        unit=None if number is None else number.unit,
        key=option.key if isinstance(option, MeasurementOption) else None,
    )


def _values(
    plan: Plan,
    one: PlannedOption,
    answers: Mapping[str, Value],
    closed: Mapping[tuple[str, str | None], Unavailable],
    base: int,
    locale: str,
) -> Iterator[ValueView]:
    for name, value in one.values.items():
        unavailable = closed.get((one.id, name)) or closed.get((one.id, None))
        if unavailable is None:
            why = _conflict(plan, one, name, answers, locale)
        else:
            why = _why_closed(plan, one, name, unavailable, answers, locale)
        amount = price_of(one.option.price, base_price_minor=base) + price_of(value.price, base_price_minor=base)
        yield ValueView(name, value_text(plan, one.id, name, locale), amount, unavailable is None, why)


def _why_closed(
    plan: Plan, one: PlannedOption, value: str, closed: Unavailable, answers: Mapping[str, Value], locale: str
) -> str:
    if closed.why == "hidden":
        rule = (one.shows if closed.value is None else one.value_shows[value])[0]
        return describe_rule("hidden", rule, plan, answers, locale)
    label = label_of(one.option, locale)
    what = label if closed.value is None else f"{label}: {value_text(plan, one.id, value, locale)}"
    return say(f"closed_{closed.why}", locale, what=what)


def _conflict(plan: Plan, one: PlannedOption, value: Value, answers: Mapping[str, Value], locale: str) -> str | None:
    """With which answer it would not go together."""
    tried = {**answers, one.id: value}
    for rule in plan.touching[one.id]:
        if rule.holds(tried.get(rule.when)) and breaks(rule, tried.get(rule.then)):
            return describe_rule("require" if rule.kind == "require" else "exclude", rule, plan, tried, locale)
    return None


def _read_back(plan: Plan, evaluation: Evaluation) -> dict[str, Value]:
    read = ((name, read_answer(plan.by_id[name].option, answer)) for name, answer in evaluation.answers.items())
    return {name: value for name, value in read if value is not None}
