"""Advice as pure numbers: exact on a chart, the nearest size outside it, the larger of two feet."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.size_advice import Range, Row, advise, take_larger

SHOES = [Row(f"{eu}", {"foot_length": Range(2400 + 60 * n, 2459 + 60 * n)}) for n, eu in enumerate(range(38, 46))]
SHIRTS = [
    Row(name, {"chest_girth": Range(low, low + 80), "waist_girth": Range(low - 120, low - 40)})
    for name, low in (("S", 860), ("M", 940), ("L", 1020))
]


def size(rows: list[Row], **measured: int) -> str | None:
    row = advise(rows, measured).row
    return None if row is None else row.size


@given(st.integers(2400, 2879))
def test_c6_a_foot_within_the_chart_gets_the_one_size_that_is_made_for_it(length: int) -> None:
    assert size(SHOES, foot_length=length) == f"{38 + (length - 2400) // 60}"
    assert advise(SHOES, {"foot_length": length}).fit[0].verdict == "good"


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_c6_a_longer_foot_never_gets_a_smaller_size(one: int, other: int) -> None:
    sizes = [int(size(SHOES, foot_length=length) or 0) for length in sorted((one, other))]
    assert sizes == sorted(sizes)


def test_c6_on_the_end_of_two_ranges_the_smaller_size_is_taken_and_both_are_named() -> None:
    found = advise(SHIRTS, {"chest_girth": 940, "waist_girth": 820})
    assert (found.row and found.row.size, found.between, found.confidence) == ("S", ("S", "M"), "medium")


@pytest.mark.parametrize(
    ("measured", "taken", "verdicts", "confidence"),
    [
        ({"chest_girth": 980, "waist_girth": 860}, "M", ["good", "good"], "high"),
        ({"chest_girth": 980}, "M", ["good"], "medium"),
        ({"chest_girth": 980, "waist_girth": 925}, "L", ["loose", "good"], "medium"),
        ({"chest_girth": 980, "waist_girth": 901}, "M", ["good", "tight"], "medium"),
        ({"chest_girth": 1300, "waist_girth": 1180}, "L", ["tight", "tight"], "low"),
        ({"chest_girth": 700, "waist_girth": 600}, "S", ["loose", "loose"], "low"),
    ],
)
def test_c6_what_no_size_fits_gets_the_size_of_the_least_misfit(
    measured: dict[str, int], taken: str, verdicts: list[str], confidence: str
) -> None:
    found = advise(SHIRTS, measured)
    assert (found.row and found.row.size, [one.verdict for one in found.fit]) == (taken, verdicts)
    assert found.confidence == confidence


def test_c6_nothing_measured_is_no_advice_and_says_what_is_missing() -> None:
    found = advise(SHIRTS, {"foot_length": 2500})
    assert (found.row, found.missing) == (None, ("chest_girth", "waist_girth"))


def test_c6_advice_on_old_measurements_is_never_sure() -> None:
    measured = {"chest_girth": 980, "waist_girth": 860}
    assert [advise(SHIRTS, measured, sure=sure).confidence for sure in (True, False)] == ["high", "medium"]


def test_c6_of_two_feet_the_larger_counts() -> None:
    assert take_larger([("foot_length", 2550), ("foot_width", 990), ("foot_length", 2563)]) == {
        "foot_length": 2563, "foot_width": 990,
    }  # fmt: skip


@pytest.mark.parametrize(("shift", "taken"), [(0, "42"), (1, "43"), (-1, "41")])
def test_c6_a_shift_moves_the_advice_by_one_size_and_not_beyond_the_chart(shift: int, taken: str) -> None:
    def shifted(length: int) -> str | None:
        row = advise(SHOES, {"foot_length": length}, shift=shift).row  # type: ignore[arg-type]  # parametrised
        return None if row is None else row.size

    assert shifted(2660) == taken
    assert [advise(SHOES, {"foot_length": length}, shift=1).shift for length in (2660, 2879)] == [1, 0]
    assert {shifted(2401), shifted(2879)} == {0: {"38", "45"}, 1: {"39", "45"}, -1: {"38", "44"}}[shift]


def test_c6_a_shift_keeps_the_width() -> None:
    rows = [
        Row(f"{length}/{width}", {"foot_length": Range(length, length + 49), "foot_width": Range(width, width + 79)})
        for length in (2500, 2550, 2600) for width in (900, 980)
    ]  # fmt: skip
    measured = {"foot_length": 2510, "foot_width": 990}
    assert [advise(rows, measured, shift=shift).row for shift in (0, 1)] == [rows[1], rows[3]]


def test_c6_an_open_end_fits_all_beyond_it() -> None:
    rows = [Row("small", {"head_girth": Range(None, 560)}), Row("large", {"head_girth": Range(561, None)})]
    assert [size(rows, head_girth=value) for value in (1, 560, 561, 9000)] == ["small", "small", "large", "large"]


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=2, unique=True), st.integers(1, 9999))
def test_c6_the_advice_never_fits_worse_than_another_size(ends: list[int], value: int) -> None:
    low, high = sorted(ends)
    rows = [Row("a", {"k": Range(low, high)}), Row("b", {"k": Range(high, high + (high - low))})]
    taken = advise(rows, {"k": value}).row
    assert taken is not None

    def cost(row: Row) -> Fraction:
        misfit = row.ranges["k"].misfit(value)
        return Fraction(2 * misfit if misfit > 0 else -misfit)

    assert cost(taken) == min(map(cost, rows))
