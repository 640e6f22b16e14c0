"""Lengths: what is told in one unit and read in another is the same length (C1)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.lengths import STEP, TENTH_MM, Unit, from_tenth_mm, say_length, to_tenth_mm

UNITS: tuple[Unit, ...] = ("mm", "cm", "in")
TENTHS = st.integers(0, 10_000_000)
units = st.sampled_from(UNITS)


@given(TENTHS, units)
def test_c1_a_length_said_in_any_unit_is_read_back_as_the_same_tenth_of_a_millimetre(tenths: int, unit: Unit) -> None:
    said = from_tenth_mm(tenths, unit)

    assert to_tenth_mm(said, unit) == tenths
    assert to_tenth_mm(Decimal(str(float(said))), unit) == tenths
    assert said == said.quantize(STEP[unit])


@given(TENTHS, units, units)
def test_c1_going_through_two_units_loses_nothing(tenths: int, first: Unit, second: Unit) -> None:
    through = to_tenth_mm(from_tenth_mm(tenths, first), first)

    assert to_tenth_mm(from_tenth_mm(through, second), second) == tenths


@given(st.decimals(0, 100_000, places=6), units)
def test_c1_a_told_length_is_off_by_half_a_tenth_of_a_millimetre_at_most(value: Decimal, unit: Unit) -> None:
    assert abs(to_tenth_mm(value, unit) - value * TENTH_MM[unit]) <= Decimal("0.5")


@given(st.decimals(0, 1000, places=4), st.decimals(0, 1000, places=4), units)
def test_c1_the_longer_of_two_lengths_is_never_the_shorter_inside(one: Decimal, other: Decimal, unit: Unit) -> None:
    assert (to_tenth_mm(one, unit) <= to_tenth_mm(other, unit)) or one > other


@pytest.mark.parametrize(
    ("value", "unit", "tenths"),
    [("25.4", "mm", 254), ("1", "in", 254), ("25.4", "cm", 2540), ("0.05", "mm", 1), ("0.049", "mm", 0),
     ("9.8425", "in", 2500)],
)  # fmt: skip
def test_c1_halves_go_up(value: str, unit: Unit, tenths: int) -> None:
    assert to_tenth_mm(Decimal(value), unit) == tenths


@pytest.mark.parametrize(
    ("tenths", "unit", "said"),
    [(2540, "cm", "25.4 cm"), (2540, "in", "10 in"), (1000, "mm", "100 mm"), (3200, "cm", "32 cm"), (2513, "in",
     "9.894 in")],
)  # fmt: skip
def test_c1_a_length_is_said_without_idle_zeros(tenths: int, unit: Unit, said: str) -> None:
    assert say_length(tenths, unit) == said
