"""Option answers: one pure function from what a shopper said to what it comes to: price, days, issues, summary, id.

Everybody who shows, quotes or charges calls this function with the same version, so a price that was shown is the price
that is charged. Measurement values come in from the record (`measured`) and decide about range and price; they never
come out: not in answers, issues, summary or id.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from tenants.fields import Scalar
from tenants.option_fixes import STEPS, Fix, Standing, find_fix
from tenants.option_plan import Plan, PlannedOption, Published
from tenants.option_pricing import price_of, price_of_measure
from tenants.option_search import Budget
from tenants.option_settling import (
    Closed,
    Code,
    Measure,
    PrefilledFrom,
    Problem,
    Question,
    Refused,
    Settled,
    Start,
    find_problems,
    is_used,
    settle,
)
from tenants.option_texts import describe_problem, label_of, say, value_text
from tenants.option_values import THOUSAND, Value, read_answer, show_answer
from tenants.options import MeasurementOption, OptionDocument, Period

Side = Literal["left", "right", "none"]
Measured = Mapping[tuple[str, Side], int]
"""Tenths of a millimetre by measurement key and side."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Why an answer cannot be made yet, or not at all: of which rule, about which options, and what to do."""

    code: Code
    rule: str | None
    options: tuple[str, ...]
    message: str
    fix: Fix | None


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What one option adds. Base price and lines add up to the price."""

    option: str
    label: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One answer as a person reads it; of a measurement only that it is used."""

    option: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Needed:
    """A measurement that the configuration is made by."""

    option: str
    key: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An option, or one of its values, that is not offered as things stand."""

    option: str
    value: str | None
    why: Literal["region", "not_yet", "over", "hidden"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an answer comes to. To be ordered it must be complete and consistent."""

    complete: bool
    consistent: bool
    issues: tuple[Issue, ...]
    price_minor: int
    prices: tuple[PriceLine, ...]
    lead_days: int
    summary: tuple[SummaryLine, ...]
    answers: Mapping[str, Scalar]
    """In full: evaluating them again comes to the same, whatever the preferences have become. Null where the shopper
    has none although one would be put in."""
    prefilled: Mapping[str, PrefilledFrom]
    missing: tuple[str, ...]
    """Measurement keys that the record lacks."""
    measurements: tuple[Needed, ...]
    """Those that it is made by."""
    shown: tuple[str, ...]
    unavailable: tuple[Unavailable, ...]
    configuration_id: str
    withdrawal_exempt: bool
    """Made by the shopper's measures, words or numbers, and not from preset choices alone."""


def evaluate(
    published: Published,
    base_price_minor: int,
    currency: str,
    answers: Mapping[str, Scalar],
    *,
    product_id: str,
    measured: Measured,
    preferences: Mapping[str, Scalar],
    region: str | None,
    now: datetime,
    locale: str,
) -> Evaluation:
    """Put an answer to the version. Null as an answer means that the shopper wants none, not even what is put in.

    `base_price_minor` is what the product costs at the moment. About 0.2 ms for 40 options and 60 rules.
    """
    plan = published.plan
    question = read_question(plan, answers, measured=measured, preferences=preferences, region=region, now=now)
    settled = settle(question)
    problems = [*_not_offered(plan, currency, region, now), *find_problems(question, settled)]
    hard = {one.key for one in problems if one.hard}
    standing = Standing(question, settled, hard, Budget(STEPS))
    used = tuple(_needs(question, settled))
    lines = tuple(_price_lines(base_price_minor, question, settled, measured, locale))
    return Evaluation(
        complete=not any(one.code in ("missing", "missing_measurement", "not_offered") for one in problems),
        consistent=not hard,
        issues=tuple(_issue(one, standing, locale) for one in problems),
        price_minor=base_price_minor + sum(line.amount_minor for line in lines),
        prices=lines,
        lead_days=plan.document.base_lead_days
        + sum(_lead_days(one, settled) for one in _taking_part(question, settled)),
        summary=tuple(_summarise(question, settled, locale)),
        answers=_effective(question, settled),
        prefilled=settled.prefilled,
        missing=_missing_keys(problems, plan),
        measurements=used,
        shown=tuple(name for name in plan.by_id if name in settled.shown),
        unavailable=tuple(_unavailable(question, settled)),
        configuration_id=_configuration_id(published, product_id, settled, used),
        withdrawal_exempt=any(one.option.kind != "choice" for one in _taking_part(question, settled)),
    )


def read_question(
    plan: Plan,
    answers: Mapping[str, Scalar],
    *,
    measured: Measured,
    preferences: Mapping[str, Scalar],
    region: str | None,
    now: datetime,
) -> Question:
    """What was said, read against the document as it is offered here and now."""
    closed = {(name, value): why for name, value, part in plan.limited if (why := _why_closed(part, region, now))}
    given: dict[str, Value | None] = {}
    refused: dict[str, tuple[Refused, str | None]] = {}
    for name, answer in answers.items():
        one = plan.by_id.get(name)
        if one is None or answer is None:
            _read_none(name, answer, one, given, refused)
            continue
        value = read_answer(one.option, answer)
        closed_value = value if isinstance(value, str) and (name, value) in closed else None
        if value is None:
            refused[name] = ("wrong_value", None)
        elif closed_value is not None or (name, None) in closed:
            refused[name] = ("unavailable", closed_value)
        given[name] = None if name in refused else value
    starts = {one.id: _starts(one, preferences, closed) for one in plan.starting if one.id not in given}
    return Question(plan, given, refused, starts, closed, _read_measures(plan, measured))


def _read_none(
    name: str,
    answer: Scalar,
    one: PlannedOption | None,
    given: dict[str, Value | None],
    refused: dict[str, tuple[Refused, str | None]],
) -> None:
    """An unknown option, or null: none is wanted. A measure that is required cannot be declined."""
    if one is None:
        if answer is not None:
            refused[name] = ("unknown_option", None)
    elif one.option.kind != "measurement" or not one.required:
        given[name] = None


def _why_closed(part: Period, region: str | None, now: datetime) -> Closed | None:
    if not part.offered_in(region):
        return "region"
    if part.offered_at(now):
        return None
    return "not_yet" if part.valid_from is not None and now < part.valid_from else "over"


def _starts(
    one: PlannedOption, preferences: Mapping[str, Scalar], closed: Mapping[tuple[str, str | None], Closed]
) -> tuple[Start, ...]:
    """What to put in, the shopper's own first; only what can be an answer."""
    preferred = None if one.personal is None else preferences.get(one.personal)
    personal = None if preferred is None else read_answer(one.option, preferred)
    found: list[Start] = [] if personal is None else [(personal, "personal")]
    if one.default is not None and one.default != personal:
        found.append((one.default, "default"))
    return tuple(start for start in found if (one.id, str(start[0])) not in closed)


def _read_measures(plan: Plan, measured: Measured) -> dict[str, Measure]:
    return {option.id: _judge_measure(option, measured) for option in plan.measured}


def _judge_measure(option: MeasurementOption, measured: Measured) -> Measure:
    values = [measured[option.key, side] for side in _sides(option) if (option.key, side) in measured]
    if len(values) < len(_sides(option)):
        return "missing"
    made = values if option.sided == "each" else [max(values)]
    low, high = option.min or 0, option.max
    return "known" if all(low <= value and (high is None or value <= high) for value in made) else "out_of_range"


def _sides(option: MeasurementOption) -> tuple[Side, ...]:
    return ("none",) if option.sided == "none" else ("left", "right")


def _not_offered(plan: Plan, currency: str, region: str | None, now: datetime) -> Iterator[Problem]:
    """The document's region and dates; amounts in one currency are none in another."""
    document: OptionDocument = plan.document
    wrong_currency = plan.has_amounts and document.currency not in (None, currency)
    if wrong_currency or not document.offered_in(region) or not document.offered_at(now):
        yield Problem("not_offered", ())


def _taking_part(question: Question, settled: Settled) -> list[PlannedOption]:
    """The options that have an answer or a measure, in the document's order."""
    return [
        one
        for name, one in question.plan.by_id.items()
        if name in settled.answers or (one.option.kind == "measurement" and is_used(question, settled, name))
    ]


def _price_lines(
    base: int, question: Question, settled: Settled, measured: Measured, locale: str
) -> Iterator[PriceLine]:
    """One line an option that changes the price, and one that lifts a total below zero."""
    total = base
    for one in _taking_part(question, settled):
        amount = _amount(base, one, settled.answers.get(one.id), measured)
        if amount:
            total += amount
            yield PriceLine(one.id, label_of(one.option, locale), amount)
    if total < 0:
        yield PriceLine("", say("at_least_nothing", locale), -total)


def _amount(base: int, one: PlannedOption, value: Value | None, measured: Measured) -> int:
    option = one.option
    if isinstance(option, MeasurementOption):
        largest = max(measured[option.key, side] for side in _sides(option))
        return price_of_measure(option.price, base_price_minor=base, value_tenth_mm=largest)
    if isinstance(value, int):
        return price_of(option.price, base_price_minor=base, quantity=value, scale=THOUSAND)
    text = value or ""
    amount = price_of(option.price, base_price_minor=base, quantity=len(text))
    return amount + (price_of(one.values[text].price, base_price_minor=base) if text in one.values else 0)


def _lead_days(one: PlannedOption, settled: Settled) -> int:
    value = one.values.get(str(settled.answers.get(one.id)))
    return one.option.lead_days + (0 if value is None else value.lead_days)


def _summarise(question: Question, settled: Settled, locale: str) -> Iterator[SummaryLine]:
    for one in _taking_part(question, settled):
        measured = one.option.kind == "measurement"
        answer = settled.answers.get(one.id, "")
        said = say("measured", locale) if measured else value_text(question.plan, one.id, answer, locale)
        yield SummaryLine(one.id, label_of(one.option, locale), said)


def _effective(question: Question, settled: Settled) -> dict[str, Scalar]:
    answers: dict[str, Scalar] = {}
    for one in question.plan.by_id.values():
        value = settled.answers.get(one.id)
        if value is not None:
            answers[one.id] = show_answer(one.option, value)
        elif one.id in settled.shown and (
            one.id in question.given or one.personal is not None or one.default is not None
        ):
            answers[one.id] = None
    return answers


def _needs(question: Question, settled: Settled) -> Iterator[Needed]:
    for one in _taking_part(question, settled):
        if isinstance(one.option, MeasurementOption):
            yield Needed(one.id, one.option.key, _sides(one.option))


def _missing_keys(problems: Sequence[Problem], plan: Plan) -> tuple[str, ...]:
    options = (plan.by_id[one.options[0]].option for one in problems if one.code == "missing_measurement")
    return tuple(dict.fromkeys(option.key for option in options if isinstance(option, MeasurementOption)))


def _unavailable(question: Question, settled: Settled) -> Iterator[Unavailable]:
    for (name, value), why in question.closed.items():
        yield Unavailable(name, value, why)
    for one in question.plan.by_id.values():
        if one.id not in settled.shown:
            if (one.id, None) not in question.closed:
                yield Unavailable(one.id, None, "hidden")
            continue
        for shown_by, rules in one.value_shows.items():
            if not any(rule.holds(settled.answers.get(rule.when)) for rule in rules):
                yield Unavailable(one.id, str(shown_by), "hidden")


def _issue(problem: Problem, standing: Standing, locale: str) -> Issue:
    return Issue(
        code=problem.code,
        rule=None if problem.rule is None else problem.rule.id,
        options=problem.options,
        message=describe_problem(problem, standing.question, standing.settled, locale),
        fix=find_fix(problem, standing),
    )


def _configuration_id(published: Published, product_id: str, settled: Settled, used: Sequence[Needed]) -> str:
    """The same for the same answers to the same version for the same product; says nothing of them to others."""
    chosen = sorted((*settled.answers.items(), *((need.option, True) for need in used)))
    told = msgspec.json.encode([published.document_id, published.version, product_id, chosen])
    return "cfg_" + hashlib.blake2b(told, digest_size=16, key=published.salt).hexdigest()
