"""Variety: lists that are not of one kind, and not the same every day."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from recommender.serving.variety import diversify, rotate

ROWS = st.lists(st.integers(0, 30), unique=True, max_size=30)


@given(ROWS, st.floats(0, 1), st.integers(0, 20))
def test_diversity_and_rotation_lose_and_invent_nothing(rows: list[int], amount: float, most: int) -> None:
    kinds = [row % 4 for row in range(31)]
    assert Counter(diversify(rows, kinds, amount, most=most)) == Counter(rows)
    assert Counter(rotate(rows, amount, seed="today")) == Counter(rows)


@given(ROWS)
def test_without_diversity_and_rotation_the_order_stays(rows: list[int]) -> None:
    assert diversify(rows, [0] * 31, 0, most=12) == rows == rotate(rows, 0, seed="today")


def test_full_diversity_takes_turns_between_kinds() -> None:
    kinds = [1] * 6 + [2] * 6
    first = diversify(range(12), kinds, 1.0, most=6)[:6]
    assert {kinds[row] for row in first[:3]} == {1, 2}
    assert first[0] == 0


def test_products_of_no_kind_do_not_crowd_each_other_out() -> None:
    assert diversify(range(6), [0] * 6, 1.0, most=6) == list(range(6))


def test_rotation_is_the_same_for_a_day_and_another_the_next() -> None:
    rows = list(range(40))
    monday, again, tuesday = (rotate(rows, 0.5, seed=seed) for seed in ("mon", "mon", "tue"))
    assert monday == again != tuesday
    assert sum(monday[:10]) < sum(rows[-10:])
