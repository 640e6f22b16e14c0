"""Option checks: what must hold before a document is published, all that does not named by its place in the document.

First its form (ids that exist, values that an option can have), then circles among the rules, then whether something
can be ordered by it (`tenants.option_search`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from infra.errors import FieldError
from tenants.option_circles import find_circle
from tenants.option_plan import make_plan, read_rule_value
from tenants.option_search import find_unreachable
from tenants.option_values import allows_text, read_answer, read_thousandths
from tenants.options import (
    ChoiceOption,
    MeasurementOption,
    NumberOption,
    Option,
    OptionCondition,
    OptionDocument,
    OptionRule,
    OptionTarget,
    TextOption,
    UnitPrice,
)

LEAST_PER = 10
"""Tenths of a millimetre by which a price may follow a measure: a finer one would tell the measure."""


def check_document(document: OptionDocument, now: datetime) -> tuple[FieldError, ...]:
    """Everything that is wrong with it, as far as one can look: nothing can be searched that has no form."""
    if errors := tuple(_check_form(document)):
        return errors
    if circle := find_circle(document):
        return (circle,)
    return tuple(find_unreachable(make_plan(document), now))


def _check_form(document: OptionDocument) -> Iterator[FieldError]:
    yield from _check_unique("products", document.products)
    yield from _check_unique("options", (option.id for option in document.options))
    yield from _check_unique("rules", (rule.id for rule in document.rules))
    for place, option in enumerate(document.options):
        yield from _check_option(f"options[{place}]", option)
    options = {option.id: option for option in document.options}
    for place, rule in enumerate(document.rules):
        yield from _check_rule(f"rules[{place}]", rule, options)


def _check_unique(field: str, ids: Iterable[str]) -> Iterator[FieldError]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield FieldError(field, f"{name!r} stands in it {count} times")


def _check_option(field: str, option: Option) -> Iterator[FieldError]:
    if isinstance(option, ChoiceOption):
        yield from _check_unique(f"{field}.values", (value.id for value in option.values))
    elif isinstance(option, TextOption):
        yield from _check_text(field, option)
    elif isinstance(option, NumberOption):
        yield from _check_number(field, option)
    else:
        yield from _check_measurement(field, option)
        return
    if option.default is not None and read_answer(option, option.default) is None:
        yield FieldError(f"{field}.default", f"{option.default!r} is no answer to {option.id!r}")


def _check_text(field: str, option: TextOption) -> Iterator[FieldError]:
    free = TextOption(id=option.id, max_length=option.max_length)
    if not allows_text(free, option.extra_characters):
        yield FieldError(f"{field}.extra_characters", "only characters that are printed on one line can be allowed")


def _check_number(field: str, option: NumberOption) -> Iterator[FieldError]:
    bounds = {name: read_thousandths(getattr(option, name)) for name in ("min", "max", "step")}
    for name, value in bounds.items():
        if value is None:
            yield FieldError(f"{field}.{name}", "a number has at most three decimals")
    low, high, step = bounds["min"], bounds["max"], bounds["step"]
    if step is not None and step <= 0:
        yield FieldError(f"{field}.step", "must be above 0")
    if low is not None and high is not None and low > high:
        yield FieldError(f"{field}.max", "must not be below min")


def _check_measurement(field: str, option: MeasurementOption) -> Iterator[FieldError]:
    if option.max is not None and (option.min or 0) > option.max:
        yield FieldError(f"{field}.max", "must not be below min")
    if isinstance(option.price, UnitPrice) and option.price.per < LEAST_PER:
        yield FieldError(f"{field}.price.per", f"is at least {LEAST_PER}: a finer price would tell the measure itself")


def _check_rule(field: str, rule: OptionRule, options: Mapping[str, Option]) -> Iterator[FieldError]:
    when, then = options.get(rule.when.option), options.get(rule.then.option)
    for side, name, option in (("when", rule.when.option, when), ("then", rule.then.option, then)):
        if option is None:
            yield FieldError(f"{field}.{side}.option", f"rule {rule.id!r}: there is no option {name!r}")
    if when is None or then is None:
        return
    if when.id == then.id:
        yield FieldError(field, f"rule {rule.id!r}: a rule joins two options, this one speaks of {when.id!r} twice")
    yield from _check_condition(f"{field}.when", rule, rule.when, when)
    yield from _check_target(f"{field}.then", rule, rule.then, then)


def _check_condition(field: str, rule: OptionRule, when: OptionCondition, option: Option) -> Iterator[FieldError]:
    if isinstance(option, MeasurementOption):
        yield FieldError(f"{field}.option", f"rule {rule.id!r}: {option.id!r} is a measure, which no rule can ask")
        return
    yield from _check_values(f"{field}.is", rule, when.values, option)
    for name, bound in (("at_least", when.at_least), ("at_most", when.at_most)):
        if bound is not None and isinstance(option, ChoiceOption):
            yield FieldError(f"{field}.{name}", f"rule {rule.id!r}: {option.id!r} is a choice, which is no amount")
        elif bound is not None and read_thousandths(bound) is None:
            yield FieldError(f"{field}.{name}", "a number has at most three decimals")


def _check_target(field: str, rule: OptionRule, then: OptionTarget, option: Option) -> Iterator[FieldError]:
    if isinstance(option, MeasurementOption) and rule.kind != "show":
        said = f"rule {rule.id!r}: {option.id!r} is a measure; a rule can only say when it is shown"
        yield FieldError(f"{field}.option", said)
    if then.values and rule.kind == "show" and not isinstance(option, ChoiceOption):
        yield FieldError(f"{field}.is", f"rule {rule.id!r}: only values of a choice can be shown one by one")
    else:
        yield from _check_values(f"{field}.is", rule, then.values, option)


def _check_values(field: str, rule: OptionRule, values: Iterable[str | float], option: Option) -> Iterator[FieldError]:
    for place, value in enumerate(values):
        if read_rule_value(option, value) is None:
            yield FieldError(f"{field}[{place}]", f"rule {rule.id!r}: {value!r} is no value of {option.id!r}")
