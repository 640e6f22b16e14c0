"""Properties of made-up documents: what holds for whatever a merchant writes and whatever a shopper answers."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenants.fields import Scalar
from tenants.option_cells import make_cells
from tenants.option_pricing import divide_half_up, price_of
from tenants.option_search import Budget, Space
from tenants.option_values import show_answer
from tenants.options import FixedPrice, PercentPrice, UnitPrice
from tests.options.shoes import (
    answer,
    apply_fix,
    check,
    choice,
    codes,
    document,
    fixed,
    number,
    per_unit,
    percent,
    publish,
    rule,
    said,
    text,
)
from tests.support.shop import Document

NAMES = "abcd"
MANY = settings(max_examples=150, deadline=None, derandomize=True, database=None)
AMOUNTS = st.integers(-10_000, 10_000)
FLAT = st.one_of(AMOUNTS.map(fixed), AMOUNTS.map(percent))
ANY_PRICE = st.one_of(FLAT, st.builds(per_unit, AMOUNTS, st.integers(1, 5), st.integers(0, 5)))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with that field or none."""
    return st.one_of(st.just({}), strategy)


def priced(prices: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    return maybe(prices.map(lambda price: {"price": price}))


@st.composite
def options(draw: st.DrawFn, name: str) -> Document:
    shared = draw(st.fixed_dictionaries({"required": st.booleans(), "lead_days": st.integers(0, 3)}))
    personal = draw(maybe(st.just({"personal": name})))
    kind = draw(st.sampled_from(["choice", "choice", "choice", "number", "text"]))
    if kind == "number":
        default = draw(maybe(st.integers(0, 6).map(lambda n: {"default": n / 2})))
        return number(name, max=3, step=0.5, **shared, **personal, **draw(priced(ANY_PRICE)), **default)
    if kind == "text":
        default = draw(maybe(st.sampled_from([{"default": "ab"}, {"default": "abcd"}])))
        return text(name, max_length=4, **shared, **personal, **draw(priced(ANY_PRICE)), **default)
    values = [{"id": value, **draw(priced(FLAT))} for value in "xyz"[: draw(st.integers(1, 3))]]
    default = draw(maybe(st.sampled_from(values).map(lambda value: {"default": value["id"]})))
    return choice(name, *values, **shared, **personal, **draw(priced(FLAT)), **default)


def sides(draw: st.DrawFn, one: Document, *, then: bool, kind: str) -> Document:
    name = one["id"]
    if one["kind"] == "choice" and draw(st.booleans()):
        ids = [value["id"] for value in one["values"]]
        return said(name, *draw(st.lists(st.sampled_from(ids), min_size=1, max_size=2, unique=True)))
    if one["kind"] == "number" and not (then and kind == "show") and draw(st.booleans()):
        return said(name, *draw(st.lists(st.sampled_from([0, 0.5, 1, 3]), min_size=1, max_size=2, unique=True)))
    if then:
        return said(name)
    if one["kind"] != "choice" and draw(st.booleans()):
        return said(name, **{draw(st.sampled_from(["at_least", "at_most"])): draw(st.integers(1, 3))})
    return said(name, set=draw(st.booleans()))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Of two to four options and up to six rules; not all can be published."""
    made = [draw(options(name)) for name in NAMES[: draw(st.integers(2, 4))]]
    rules = []
    for place in range(draw(st.integers(0, 6))):
        when, then = draw(st.permutations(made))[:2]
        kind = draw(st.sampled_from(["require", "exclude", "show"]))
        sentence = sides(draw, when, then=False, kind=kind), sides(draw, then, then=True, kind=kind)
        rules.append(rule(f"r{place}", kind, *sentence))
    return document(made, rules)


def everything(body: Document) -> list[Mapping[str, Scalar]]:
    """All answers to the document, as far as rules can tell them apart; null for none."""
    plan = publish(body).plan
    cells = make_cells(plan.document, plan.all_rules)
    each = [[None, *(show_answer(plan.by_id[name].option, cell) for cell in cells[name])] for name in plan.by_id]
    return [dict(zip(plan.by_id, combination, strict=True)) for combination in product(*each)]


def form_errors(body: Document) -> list[str]:
    return [error.reason for error in check(body) if "never" not in error.reason and "nothing" not in error.reason]


ANSWERS = st.dictionaries(
    st.sampled_from([*NAMES, "zz"]),
    st.sampled_from(["x", "y", "z", "ab", "abcd", "abcdef", 0, 0.5, 1, 1.5, 3, 4, None, True, 0.3]),
    max_size=5,
)
PREFERENCES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y", "abc", 1, 2.5, 99]), max_size=4)


@MANY
@given(documents())
def test_c3_what_publish_accepts_can_be_ordered_and_each_value_of_it_chosen(body: Document) -> None:
    """The search against every answer there is, put through evaluate."""
    assume(not form_errors(body))
    published = publish(body)
    orderable = [one for one in everything(body) if _orderable(answer(published, one))]
    space = Space(published.plan, (), Budget())
    assert all(space.solve(group, {}, Budget()) is not None for group in space.groups) == bool(orderable)

    chosen = {(name, value) for one in orderable for name, value in answer(published, one).answers.items()}
    errors = [error.field for error in check(body)]
    if not orderable:
        assert errors == ["options"]
        return
    for place, option in enumerate(body["options"]):
        values = {value for name, value in chosen if name == option["id"] and value is not None}
        assert (f"options[{place}]" in errors) == (not values)
        for row, value in enumerate(option.get("values", ()) if values else ()):
            assert (f"options[{place}].values[{row}]" in errors) == (value["id"] not in values)


def _orderable(evaluation: Any) -> bool:
    return bool(evaluation.complete and evaluation.consistent)


@MANY
@given(documents())
def test_c3_what_the_search_finds_is_complete_and_consistent_when_it_is_answered(body: Document) -> None:
    assume(not check(body))
    published = publish(body)
    space = Space(published.plan, (), Budget())
    found: dict[str, Scalar] = dict.fromkeys(published.plan.by_id)
    for group in space.groups:
        for name, value in (space.solve(group, {}, Budget()) or {}).items():
            found[name] = None if value is None else show_answer(published.plan.by_id[name].option, value)

    evaluation = answer(published, found)

    assert _orderable(evaluation), codes(evaluation)


@MANY
@given(documents(), ANSWERS, PREFERENCES)
def test_c3_every_issue_has_a_fix_that_ends_it_and_brings_no_new_conflict(
    body: Document, answers: dict[str, Scalar], preferences: dict[str, Scalar]
) -> None:
    assume(not check(body))
    published = publish(body)
    evaluation = answer(published, answers, preferences=preferences)
    before = {(issue.code, issue.rule, issue.options) for issue in evaluation.issues}

    for issue in evaluation.issues:
        assert issue.message
        assert issue.rule is None or len(issue.options) == 2
        assert issue.fix is not None, (issue, answers, preferences, body)
        for place in range(max(1, len(issue.fix.values))) if issue.fix.act != "answer" else ():
            changed = apply_fix(answers, issue, place)
            after = answer(published, changed, preferences=preferences)
            keys = {(one.code, one.rule, one.options) for one in after.issues}
            assert (issue.code, issue.rule, issue.options) not in keys, (issue, answers)
            assert {key for key in keys - before if key[0] != "missing"} == set(), (issue, answers)


@MANY
@given(documents(), PREFERENCES)
def test_c3_what_we_put_in_ourselves_is_never_a_conflict(body: Document, preferences: dict[str, Scalar]) -> None:
    assume(not form_errors(body))

    evaluation = answer(body, preferences=preferences)

    assert evaluation.consistent, codes(evaluation)
    assert set(evaluation.prefilled) == {name for name, value in evaluation.answers.items() if value is not None}


@MANY
@given(documents(), ANSWERS, PREFERENCES, PREFERENCES)
def test_c3_an_answer_given_back_in_full_comes_to_the_same_whatever_the_preferences_became(
    body: Document, answers: dict[str, Scalar], preferences: dict[str, Scalar], later: dict[str, Scalar]
) -> None:
    assume(not form_errors(body))
    published = publish(body)
    first = answer(published, answers, preferences=preferences)
    again = answer(published, first.answers, preferences=later)

    assert again.answers == first.answers
    for name in ("price_minor", "prices", "lead_days", "summary", "configuration_id", "withdrawal_exempt", "shown"):
        assert getattr(again, name) == getattr(first, name), name
    assert not again.prefilled


@MANY
@given(documents(), ANSWERS, st.integers(0, 10**9))
def test_c3_price_is_base_and_lines_and_what_is_hidden_adds_nothing(
    body: Document, answers: dict[str, Scalar], base: int
) -> None:
    assume(not form_errors(body))
    evaluation = answer(body, answers, base=base)

    assert evaluation.price_minor == base + sum(line.amount_minor for line in evaluation.prices) >= 0
    named = {line.option for line in evaluation.prices} | {line.option for line in evaluation.summary}
    assert named - {""} <= set(evaluation.shown)
    said_only = {name: value for name, value in answers.items() if name in evaluation.shown or value is None}
    without = answer(body, said_only, base=base)
    assert (without.price_minor, without.configuration_id) == (evaluation.price_minor, evaluation.configuration_id)


@MANY
@given(AMOUNTS, st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 10**6), st.integers(0, 10**14))
def test_c3_each_amount_is_rounded_half_up_to_a_minor_unit(
    amount: int, per: int, above: int, thousandths: int, base: int
) -> None:
    def nearest(exact: Fraction) -> int:
        return int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)

    unit = UnitPrice(amount_minor=amount, per=per, above=above)
    exact = amount * max(Fraction(0), Fraction(thousandths, 1000) - above) / per
    assert price_of(unit, base_price_minor=base, quantity=thousandths, scale=1000) == nearest(exact)
    share = PercentPrice(basis_points=amount)
    assert price_of(share, base_price_minor=base) == nearest(Fraction(base * amount, 10_000))
    assert price_of(FixedPrice(amount_minor=amount), base_price_minor=base) == amount


@pytest.mark.parametrize(("base", "basis_points", "expected"), [
    (1, 5000, 1), (1, 4999, 0), (3, 5000, 2), (1, -5000, -1), (1, -4999, 0), (0, 10_000, 0),
    (980, 1250, 123),  # a yen has no parts: 122.5 are 123
    (12_345, 1, 1),  # 12.345 dinars of a thousand fils: 1.2345 fils are 1
    (10**14, 100_000, 10**15),
])  # fmt: skip
def test_c3_a_minor_unit_is_whole_whatever_the_currencys_decimals(base: int, basis_points: int, expected: int) -> None:
    assert divide_half_up(base * basis_points, 10_000) == expected


@MANY
@given(documents(), ANSWERS, st.sampled_from(["JPY", "KWD", "EUR"]), st.integers(0, 10**6))
def test_c3_the_same_minor_units_come_out_in_yen_dinars_and_euros(
    body: Document, answers: dict[str, Scalar], currency: str, base: int
) -> None:
    assume(not form_errors(body))
    here = answer({**body, "currency": currency}, answers, base=base, currency=currency)
    there = answer({**body, "currency": "EUR"}, answers, base=base)

    assert (here.price_minor, here.prices) == (there.price_minor, there.prices)
