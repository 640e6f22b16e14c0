"""The score of completeness: exactly the formula, whatever is known (B6)."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tenants.completeness import Fact, assess

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

facts = st.lists(
    st.builds(
        Fact,
        name=st.text(min_size=1, max_size=3),
        told_at=st.none() | st.integers(0, 1000).map(lambda days: NOW - timedelta(days=days)),
        required=st.booleans(),
        weight=st.integers(1, 1000),
        stale_after_days=st.none() | st.integers(1, 1000),
    ),
    unique_by=lambda fact: fact.name,
    max_size=30,
)


@given(facts)
def test_b6_the_score_is_the_weight_of_what_is_known_over_the_weight_of_what_is_required(given: list[Fact]) -> None:
    whole = known = 0
    for fact in given:
        if fact.required:
            whole += fact.weight
            known += fact.weight if fact.told_at is not None else 0

    assert assess(given, NOW).score == (float(Fraction(known, whole)) if whole else 1.0)


@given(facts)
def test_b6_what_is_missing_is_required_and_unknown_the_weightiest_first(given: list[Fact]) -> None:
    result = assess(given, NOW)
    weights = {fact.name: fact.weight for fact in given}

    assert {*result.missing} == {fact.name for fact in given if fact.required and fact.told_at is None}
    assert [weights[name] for name in result.missing] == sorted(
        (weights[name] for name in result.missing), reverse=True
    )
    assert (result.score == 1.0) == (not result.missing)


@given(facts)
def test_b6_the_order_in_which_facts_come_changes_nothing(given: list[Fact]) -> None:
    assert assess(reversed(given), NOW) == assess(given, NOW)


def test_b6_a_fact_is_stale_once_it_is_older_than_its_limit_and_counts_as_known() -> None:
    limit = NOW - timedelta(days=30)
    told = {"at_limit": limit, "over": limit - timedelta(seconds=1), "fresh": NOW}
    result = assess([Fact(name, at, required=True, stale_after_days=30) for name, at in told.items()], NOW)

    assert (result.score, result.missing, result.stale) == (1.0, (), ("over",))
