"""What a preorder owes now and is owed back, by mode, state and what was agreed to."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.owed import Mode, Price, Standing, joining, owed_back, owed_minor, owed_now

MODES: tuple[Mode, ...] = ("card_saved", "deposit", "upfront")


def standing(mode: Mode, **fields: Any) -> Standing:
    """10.00 with a deposit of 3.00; joined, nothing paid."""
    nothing = Standing(
        price=Price(mode, 1000, 300), joined=True, ended=False, charge_due=False, taken_minor=0, returned_minor=0
    )
    return replace(nothing, **fields)


@pytest.mark.parametrize(
    ("mode", "on_joining", "when_charged"), [("card_saved", 0, 1000), ("deposit", 300, 700), ("upfront", 1000, 0)]
)
def test_p4_each_mode_takes_its_share_on_joining_and_the_rest_on_the_charge_day(
    mode: Mode, on_joining: int, when_charged: int
) -> None:
    assert owed_now(standing(mode)) == joining(Price(mode, 1000, 300))[1] == on_joining
    assert owed_now(standing(mode, taken_minor=on_joining, charge_due=True)) == when_charged
    assert owed_now(standing(mode, taken_minor=1000, charge_due=True)) == 0


@pytest.mark.parametrize("mode", MODES)
def test_p4_a_place_that_is_only_reserved_owes_nothing_and_gets_back_what_came_too_late(mode: Mode) -> None:
    assert owed_now(standing(mode, joined=False)) == 0
    assert owed_back(standing(mode, joined=False, ended=True, taken_minor=300)) == 300


@pytest.mark.parametrize("mode", MODES)
def test_p4_who_cancelled_leaves_the_fee_behind_and_nothing_else(mode: Mode) -> None:
    ended = standing(mode, ended=True, taken_minor=1000, kept_minor=100)

    assert owed_back(ended) == 900
    assert owed_back(replace(ended, returned_minor=900)) == 0
    assert owed_now(replace(ended, returned_minor=900)) == 0


def test_p4_what_the_merchant_gave_back_by_hand_is_not_charged_again() -> None:
    given_back = standing("upfront", taken_minor=1000, returned_minor=250, waived_minor=250)

    assert (owed_now(given_back), owed_back(given_back)) == (0, 0)


def test_p4_a_preorder_of_nothing_saves_the_card_whatever_the_mode() -> None:
    assert {joining(Price(mode, 0, 0)) for mode in MODES} == {("setup", 0)}


@given(
    st.sampled_from(MODES),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.tuples(*[st.integers(0, 1000)] * 4),
)
def test_p4_charging_and_giving_back_what_is_owed_leaves_just_what_is_owed(
    mode: Mode, joined: bool, ended: bool, charge_due: bool, amounts: tuple[int, int, int, int]
) -> None:
    taken, returned, waived, kept = amounts
    before = standing(
        mode,
        joined=joined,
        ended=ended,
        charge_due=charge_due,
        taken_minor=taken,
        returned_minor=min(returned, taken),
        waived_minor=waived,
        kept_minor=kept,
    )
    now, back = owed_now(before), owed_back(before)
    after = replace(before, taken_minor=taken + now, returned_minor=before.returned_minor + back)

    assert now == 0 or back == 0
    assert after.taken_minor - after.returned_minor == owed_minor(after)
    assert (owed_now(after), owed_back(after)) == (0, 0)
