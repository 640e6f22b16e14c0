"""Measurement definitions: standard sets, a shop's own keys and ranges (C1, C2)."""

from typing import get_args

import pytest

from tenants.standard_measurements import SETS, SetName
from tests.record_book.shoemaker import audited, feet, in_force, length, measure, open_record_book
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

OWN: Document = {
    "id": "heel_height", "label": {"en": "Heel height"}, "unit": "mm", "soft_min_tenth_mm": 50,
    "hard_max_tenth_mm": 1500,
}  # fmt: skip


async def test_c1_the_standard_sets_are_shipped_and_switched_on_by_name(shop: ShopClient) -> None:
    listed = (await shop.api.get("/v1/measurement-definitions:standard")).json()["sets"]
    keys = {one["name"]: [item["id"] for item in one["items"]] for one in listed}
    assert {"foot_length", "foot_width", "ball_girth", "instep_girth"} <= {*keys["foot"]}
    assert {"waist_girth", "hip_girth", "inside_leg_length"} <= {*keys["lower_body"]}
    assert {"chest_girth", "bust_girth", "neck_girth", "arm_length", "height"} <= {*keys["upper_body"]}
    assert [*keys] == list(get_args(SetName))

    answer = await shop.api.post("/v1/measurement-definitions:standard", json={"sets": ["foot", "head"]})
    assert {one["id"]: one["result"] for one in answer.json()["items"]} == dict.fromkeys(
        [*keys["foot"], *keys["head"]], "created"
    )
    defined = [one["id"] for one in (await shop.api.get("/v1/measurement-definitions")).json()["items"]]
    assert defined == sorted([*keys["foot"], *keys["head"]])
    assert ("switch on measurements", "foot head") in await audited(shop)


@pytest.mark.parametrize("name", get_args(SetName))
def test_c1_every_standard_key_says_how_it_is_taken_in_two_languages_and_which_values_can_be_true(
    name: SetName,
) -> None:
    for one in SETS[name]:
        assert {*one.label} == {*one.how} == {"en", "zh"}, one.id
        assert len({len(how.split("\n")) for how in one.how.values()}) == 1, one.id
        (hard_min, hard_max), (soft_min, soft_max) = one.hard_range, one.soft_range
        assert 1 < hard_min < soft_min < soft_max < hard_max < 100_000, one.id
        assert one.drawing == one.id


async def test_c1_a_key_of_the_shop_s_own_is_measured_like_a_standard_one(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    assert (await shop.api.put("/v1/measurement-definitions/heel_height", json=OWN)).json()["result"] == "created"
    await measure(shop, feet("mei-feet", length(35, "none", key="heel_height")))

    assert await in_force(shop) == {("heel_height", "none"): 350}
    assert (await shop.api.delete("/v1/measurement-definitions/heel_height")).status_code == 204
    assert await in_force(shop) == {("heel_height", "none"): 350}, "what is stored stays"
    refused = await shop.api.put("/v1/measurement-profiles/f", json=feet("f", length(35, "none", key="heel_height")))
    assert check_problem(refused, 422)["errors"][0]["field"] == "values[0].key"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Heel"}, {"id": "1heel"}, {"id": "heel height"}, {"id": ""}, {"label": {}}, {"label": {"en": ""}},
        {"kind": "hand"}, {"unit": "px"}, {"soft_min_tenth_mm": 2000}, {"hard_min_tenth_mm": 60},
        {"hard_max_tenth_mm": 100_001}, {"stale_after_days": 0}, {"required_of": ["shopper", "shopper"]},
        {"required_of": ["dog"]}, {"drawing": "<svg>"}, {"tolerance_tenth_mm": -1}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_c2_a_wrong_definition_is_refused(shop: ShopClient, change: Document) -> None:
    definition = OWN | change
    answer = await shop.api.put(f"/v1/measurement-definitions/{definition['id'] or 'x'}", json=definition)

    check_problem(answer, 422)
    assert (await shop.api.get("/v1/measurement-definitions")).json()["items"] == []


async def test_c2_a_shop_has_three_hundred_keys_at_most(shop: ShopClient) -> None:
    keys = [OWN | {"id": f"key_{number}"} for number in range(300)]
    assert (await shop.push("measurement-definitions", keys)).json()["created"] == 300

    refused = await shop.api.put("/v1/measurement-definitions/heel_height", json=OWN)
    assert "300 measurement definitions" in check_problem(refused, 422)["detail"]


async def test_c2_settings_are_each_shop_s_own_and_audited(shop: ShopClient, other_shop: ShopClient) -> None:
    settings = {"precedence": "newest", "stale_after_days": 90}
    assert (await shop.api.put("/v1/measurement-settings", json=settings)).json() == settings

    assert (await shop.api.get("/v1/measurement-settings")).json() == settings
    assert (await other_shop.api.get("/v1/measurement-settings")).json() == {
        "precedence": "staff_first", "stale_after_days": 365,
    }  # fmt: skip
    assert (await audited(shop))[0][0] == "store measurement settings"
    for wrong in ({"precedence": "oldest"}, {"stale_after_days": 0}):
        check_problem(await shop.api.put("/v1/measurement-settings", json=wrong), 422)
