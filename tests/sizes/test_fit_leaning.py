"""What is learned from returns and ratings: enough voices in one direction, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.fit_leaning import ENOUGH, Leaning

VOICES = st.integers(0, 500)


@pytest.mark.parametrize(
    ("small", "true", "large", "shift"),
    [
        (0, 0, 0, 0), (1, 0, 0, 0), (7, 0, 0, 0), (8, 0, 0, 1), (6, 2, 0, 1), (5, 3, 0, 0), (12, 3, 0, 1),
        (0, 3, 12, -1), (100, 0, 100, 0), (20, 200, 2, 0), (120, 60, 20, 1),
    ],
)  # fmt: skip
def test_c6_the_advice_shifts_only_when_enough_say_the_same(small: int, true: int, large: int, shift: int) -> None:
    assert Leaning(small=small, true=true, large=large).shift == shift


@given(VOICES, VOICES, VOICES)
def test_c6_small_and_large_are_mirror_images(small: int, true: int, large: int) -> None:
    one, other = Leaning(small=small, true=true, large=large), Leaning(small=large, true=true, large=small)
    assert (one.lean, one.shift) == (-other.lean, -other.shift)
    assert -1 < one.lean < 1


@given(VOICES, VOICES, VOICES)
def test_c6_one_more_voice_of_small_never_lowers_the_lean(small: int, true: int, large: int) -> None:
    before, after = Leaning(small=small, true=true, large=large), Leaning(small=small + 1, true=true, large=large)
    assert after.lean > before.lean
    assert before.voices >= ENOUGH or before.shift == 0


@pytest.mark.parametrize(
    ("small", "true", "told"),
    [
        (12, 3, "Most who returned or rated it said that it runs small."),
        (9, 0, "Most who returned or rated it said that it runs small."),
        (12, 0, "12 of 12 who returned or rated it said that it runs small."),
        (40, 10, "40 of 50 who returned or rated it said that it runs small."),
    ],
)
def test_c6_a_page_is_told_no_number_of_fewer_than_ten_people(small: int, true: int, told: str) -> None:
    leaning = Leaning(small=small, true=true)
    assert leaning.tell(counts=False) == told
    assert leaning.tell(counts=True) == f"{small} of {small + true} who returned or rated it said that it runs small."


def test_c6_nothing_is_told_while_nothing_is_learned() -> None:
    assert Leaning(small=3, true=9).tell(counts=True) is None
