"""Segment lists: what shoppers alike buy, and which segment speaks for who has bought nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from recommender.feedback import Feedback, only
from recommender.purchases import Purchases
from recommender.segments import Segments, make_segments
from recommender.training.dataset import cut_at
from recommender.training.learn import learn
from recommender.training.parameters import TrainingParameters
from recommender.training.segment_lists import LENGTH, SegmentLists, list_segments
from tests.recommender.shops import Line, bought

Members = Mapping[str, Sequence[str]]
"""Shoppers by segment."""
COOKS, NURSES = [f"cook{n}" for n in range(10)], [f"nurse{n}" for n in range(10)]
BASKETS: list[Line] = [
    *((one, product, 20.0) for one in COOKS for product in ("knife", "salt")),
    *((one, product, 20.0) for one in NURSES for product in ("shoes", "salt")),
]
JOBS = {"job=cook": [*COOKS, "cy"], "job=nurse": [*NURSES, "nia"]}


def segments(members: Members) -> Segments:
    pairs = [(shopper, name) for name, shoppers in members.items() for shopper in shoppers]
    shoppers, names = [list(dict.fromkeys(column)) for column in zip(*pairs, strict=True)]
    by, of = [shoppers.index(one) for one, _ in pairs], [names.index(one) for _, one in pairs]
    return make_segments(shoppers, names, np.array(by, np.int32), np.array(of, np.int32))


def listed(members: Members, lines: Sequence[Line] = BASKETS) -> SegmentLists:
    feedback = feedback_of(bought(*lines), members)
    cut = cut_at(feedback, TrainingParameters(), as_of_s=feedback.purchases.end_s)
    return list_segments(feedback.segments, cut, half_life_days=14)


def feedback_of(purchases: Purchases, members: Members) -> Feedback:
    return replace(only(purchases), segments=segments(members))


def top(found: SegmentLists, shopper: str, lines: Sequence[Line] = BASKETS) -> list[str]:
    """The list of a cold shopper's segment, by ids."""
    place = found.cold_shoppers.find(shopper)
    assert place is not None
    products = sorted({product for _, product, _ in lines})
    return [products[one] for one in found.popular[found.cold_segments[place]].tolist() if one >= 0]


def names_of(found: SegmentLists) -> dict[str, str]:
    """Each cold shopper's segment."""
    segments = [found.segments.id_of(one) for one in found.cold_segments.tolist()]
    return dict(zip(found.cold_shoppers, segments, strict=True))


def test_r4_who_bought_nothing_gets_what_shoppers_alike_buy() -> None:
    found = listed(JOBS)
    assert names_of(found) == {"cy": "job=cook", "nia": "job=nurse"}
    assert top(found, "cy") == ["salt", "knife", "shoes"]
    assert top(found, "nia") == ["salt", "shoes", "knife"]


def test_r4_a_segment_of_fewer_than_ten_buyers_is_never_used() -> None:
    found = listed({**JOBS, "job=cook": [*COOKS[:9], "cy", "di", "ed"]})
    assert list(found.segments) == ["job=nurse"]
    assert list(found.cold_shoppers) == ["nia"]


def test_r4_the_segment_that_tells_most_speaks_for_a_shopper() -> None:
    found = listed({**JOBS, "member=true": [*COOKS, *NURSES, "cy", "zed"]})
    assert names_of(found) == {"cy": "job=cook", "nia": "job=nurse", "zed": "member=true"}


def test_r4_a_small_segment_that_came_about_by_chance_tells_less_than_a_large_one_of_one_taste() -> None:
    dice = np.random.default_rng(7)
    people = [f"s{number:03}" for number in range(200)]
    lines = [
        (one, f"{'c' if number % 2 else 't'}{product:03}", float(day))
        for number, one in enumerate(people)
        for product, day in zip(dice.integers(0, 200, 5), dice.integers(0, 28, 5), strict=True)
    ]
    chance = {f"door={door:02}": [*dice.permutation(people)[:10].tolist(), "zed"] for door in range(20)}
    taste = {"taste=c": [*people[1::2], "zed"], "taste=t": people[::2]}
    assert names_of(listed({**chance, **taste}, lines)) == {"zed": "taste=c"}


def test_one_keen_buyer_speaks_once_for_a_product() -> None:
    lines: list[Line] = [*BASKETS, *(("cook0", "shoes", float(day)) for day in range(20))]
    assert top(listed(JOBS, lines), "cy", lines) == ["salt", "knife", "shoes"]


def test_what_is_bought_of_late_counts_most() -> None:
    lines: list[Line] = [*((one, "knife", 0.0) for one in COOKS), *((one, "salt", 60.0) for one in COOKS[:5])]
    assert top(listed({"job=cook": [*COOKS, "cy"]}, lines), "cy", lines) == ["salt", "knife"]


def test_no_segments_are_no_lists() -> None:
    cut = cut_at(only(bought(*BASKETS)), TrainingParameters(), as_of_s=bought(*BASKETS).end_s)
    found = list_segments(only(bought(*BASKETS)).segments, cut, half_life_days=14)
    assert (len(found.segments), found.popular.shape, len(found.cold_shoppers)) == (0, (0, LENGTH), 0)
    assert found.cold_segments.dtype == found.popular.dtype == np.int32


def test_the_order_in_which_memberships_are_read_changes_nothing() -> None:
    one, other = listed(JOBS), listed({name: JOBS[name][::-1] for name in reversed(JOBS)})
    assert (one.segments, one.cold_shoppers) == (other.segments, other.cold_shoppers)
    assert np.array_equal(one.popular, other.popular)
    assert np.array_equal(one.cold_segments, other.cold_segments)


def test_a_membership_that_is_told_twice_counts_once() -> None:
    assert len(listed({"job=cook": [*COOKS[:9], COOKS[0], "cy"]}).segments) == 0


@pytest.mark.parametrize("members", [JOBS, {"job=cook": ["cy"]}], ids=["large segments", "no large segment"])
def test_a_model_holds_the_segment_lists_and_nobody_twice(members: Members) -> None:
    learned = learn(feedback_of(bought(*BASKETS), members), TrainingParameters(), lambda stage, progress: None)
    assert learned.segment_popular.shape == (len(learned.segments), LENGTH)
    assert len(learned.cold_segments) == len(learned.cold_shoppers)
    assert set(learned.cold_shoppers).isdisjoint(learned.shoppers)


def test_segments_change_nothing_for_who_has_bought() -> None:
    with_them, without = (
        learn(feedback, TrainingParameters(), lambda stage, progress: None)
        for feedback in (feedback_of(bought(*BASKETS), JOBS), only(bought(*BASKETS)))
    )
    for name in ("for_you", "for_you_scores", "discover", "buy_again", "popular", "trending", "similar"):
        assert np.array_equal(getattr(with_them, name), getattr(without, name))
