"""Sizes of footwear in other systems: about right, never surprising."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.footwear_sizes import SYSTEMS, FootwearSystem, NoFootwearSize, foot_length, list_equivalents
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

FEET = st.integers(750, 3800)


@pytest.mark.parametrize(
    ("millimetres", "sizes"),
    [
        (255, {"mondopoint": "255", "cn": "255", "eu": "40.5", "uk": "7", "us_men": "8", "us_women": "9.5"}),
        (270, {"mondopoint": "270", "cn": "270", "eu": "42.5", "uk": "9", "us_men": "10", "us_women": "11.5"}),
        (235, {"mondopoint": "235", "eu": "37.5", "uk": "5", "us_men": "6", "us_women": "7.5"}),
        (170, {"mondopoint": "170", "eu": "27.5", "uk_kids": "10", "us_kids": "10.5C"}),
        (200, {"mondopoint": "200", "eu": "32", "uk_kids": "13.5", "us_kids": "1Y"}),
    ],
)
def test_c6_a_length_of_foot_is_told_in_every_system(millimetres: int, sizes: dict[FootwearSystem, str]) -> None:
    found = list_equivalents(millimetres * 10)
    assert {system: found.get(system) for system in sizes} == sizes
    assert "uk" in found or millimetres <= 200


@given(FEET)
def test_c6_a_size_leads_back_to_a_foot_within_half_a_step(length: int) -> None:
    half_step = {"mondopoint": 25, "cn": 25, "eu": 17}
    for system, size in list_equivalents(length).items():
        assert abs(foot_length(system, size) - length) <= half_step.get(system, 22), (system, size)


@given(FEET)
def test_c6_a_size_led_back_is_the_same_size(length: int) -> None:
    for system, size in list_equivalents(length).items():
        assert list_equivalents(foot_length(system, size))[system] == size


@given(FEET, FEET)
def test_c6_a_longer_foot_never_has_a_smaller_size(one: int, other: int) -> None:
    smaller, larger = (list_equivalents(length) for length in sorted((one, other)))
    for system in smaller.keys() & larger.keys():
        assert foot_length(system, smaller[system]) <= foot_length(system, larger[system])


@pytest.mark.parametrize(
    ("system", "size"),
    [("eu", "hello"), ("eu", ""), ("eu", "42.3"), ("eu", "99"), ("cn", "25"), ("us_men", "10C"), ("us_kids", "14C7"),
     ("uk", "-3"), ("eu", "４２"), ("eu", "1" * 5000)],
)  # fmt: skip
def test_c6_what_is_no_size_is_refused(system: FootwearSystem, size: str) -> None:
    with pytest.raises(NoFootwearSize) as refused:
        foot_length(system, size)
    assert refused.value.errors[0].field == "size"


@pytest.mark.parametrize(
    ("system", "size", "length"),
    [("mondopoint", "255/98", 2550), ("cn", "250", 2500), ("eu", "42", 2667), ("eu", "42,5", 2700), ("uk", "8½", 2667),
     ("us_kids", "10c", 1665), ("us_kids", "10", 1665)],
)  # fmt: skip
def test_c6_sizes_are_read_as_people_write_them(system: FootwearSystem, size: str, length: int) -> None:
    assert foot_length(system, size) == length


async def test_c6_a_size_is_converted_over_the_api_and_called_a_guideline(shop: ShopClient) -> None:
    found = (await shop.api.get("/v1/footwear-sizes", params={"system": "eu", "size": "42"})).json()
    assert (found["guideline"], found["foot_length_tenth_mm"]) == (True, 2667)
    assert "ISO 19407" in found["source"]
    assert {one["system"] for one in found["equivalents"]} == {*SYSTEMS} - {"eu", "uk_kids", "us_kids"}

    by_length = (await shop.api.get("/v1/footwear-sizes", params={"foot_length_mm": 255})).json()
    assert {"system": "eu", "size": "40.5"} in by_length["equivalents"]

    for params, field in (
        ({"foot_length_mm": "25.5"}, "foot_length_mm"),
        ({"system": "mars", "size": "1"}, "system"),
        ({"system": "eu", "size": "x"}, "size"),
    ):
        problem = check_problem(await shop.api.get("/v1/footwear-sizes", params=params), 422)
        assert problem["errors"][0]["field"] == field
