"""Precedence: which of several measures is believed; staleness; what orders read (C2, C5)."""

from datetime import timedelta

import pytest

from tenants.measured import Side, read_versions
from tests.record_book.shoemaker import (
    believe,
    days,
    feet,
    in_force,
    length,
    measure,
    open_record_book,
    record,
)
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, ShopClient

LEFT: tuple[str, Side] = ("foot_length", "left")


def at(number: float) -> str:
    return (MONDAY + days(number)).isoformat()


async def test_c2_staff_beats_self_by_default_and_switching_the_policy_flips_the_answer(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("by-staff", length(251)))
    await measure(shop, feet("by-herself", length(255), source="self", measured_at=at(10)))

    assert await in_force(shop) == {LEFT: 2510}
    await believe(shop, "newest")
    assert await in_force(shop) == {LEFT: 2550}
    await believe(shop, "staff_first")
    assert await in_force(shop) == {LEFT: 2510}


async def test_c2_sources_come_in_order_and_of_one_source_the_newest_measure(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    expected = []
    for number, source in enumerate(("import", "self", "order", "scan", "staff")):
        # Each is older than the one before, and wins all the same.
        await measure(shop, feet(f"by-{source}", length(250 + number), source=source, measured_at=at(-number)))
        expected.append((await record(shop)).values[LEFT].source)
    assert expected == ["import", "self", "order", "scan", "staff"]

    await measure(shop, feet("by-staff-too", length(260), measured_at=at(1)))
    assert await in_force(shop) == {LEFT: 2600}


async def test_c2_a_version_by_staff_is_believed_although_a_newer_one_of_the_profile_is_by_herself(
    shop: ShopClient,
) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(250)))
    await measure(shop, feet("mei-feet", length(251), measured_at=at(1)))
    await measure(shop, feet("mei-feet", length(255), length(256, "right"), source="self", measured_at=at(2)))

    values = (await record(shop)).values
    assert {place: (one.value_tenth_mm, one.version) for place, one in values.items()} == {
        LEFT: (2510, 2), ("foot_length", "right"): (2560, 3),
    }  # fmt: skip


async def test_c2_each_key_and_side_is_decided_on_its_own(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("by-staff", length(251), length(238, key="ball_girth")))
    await measure(shop, feet("by-herself", length(255, "right"), length(230, key="ball_girth"), source="self"))

    assert await in_force(shop) == {LEFT: 2510, ("foot_length", "right"): 2550, ("ball_girth", "left"): 2380}


async def test_c2_an_unusual_value_is_stored_with_a_warning_and_an_impossible_one_refused(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    done = await measure(shop, feet("mei-feet", length("33.1", unit="cm"), length(251, "right")))

    assert [(one["key"], one["side"]) for one in done["warnings"]] == [("foot_length", "left")]
    assert "14 cm to 32 cm" in done["warnings"][0]["message"]
    assert "33.1" not in str(done)
    assert await in_force(shop) == {LEFT: 3310, ("foot_length", "right"): 2510}
    refused = await shop.api.put("/v1/measurement-profiles/mei-feet", json=feet("mei-feet", length("18", unit="in")))
    problem = check_problem(refused, 422)
    assert problem["errors"] == [{"field": "values[0].value", "reason": "must be from 2.756 in to 15.748 in"}]


async def test_c2_a_shop_sets_its_own_ranges(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await open_record_book(one, "mei")
    definition = {"id": "foot_length", "label": {"en": "Length"}, "kind": "foot", "sided": True,
                  "hard_min_tenth_mm": 900, "soft_min_tenth_mm": 1000, "soft_max_tenth_mm": 1800,
                  "hard_max_tenth_mm": 2000}  # fmt: skip
    assert (await shop.api.put("/v1/measurement-definitions/foot_length", json=definition)).status_code == 200

    check_problem(await shop.api.put("/v1/measurement-profiles/f", json=feet("f", length(251))), 422)
    assert (await measure(other_shop, feet("f", length(251))))["warnings"] == []
    assert len((await measure(shop, feet("f", length(190))))["warnings"]) == 1


async def test_b6_a_measure_older_than_the_shop_s_limit_is_stale(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251), length(93, key="foot_width")))
    await believe(shop, "staff_first", stale_after_days=30)
    width = (await shop.api.get("/v1/measurement-definitions/foot_width")).json()
    for name in ("created_at", "updated_at"):
        del width[name]
    answer = await shop.api.put("/v1/measurement-definitions/foot_width", json=width | {"stale_after_days": 300})
    assert answer.status_code == 200, answer.text

    async def stale(after: timedelta) -> list[str]:
        return [one.key for one in (await record(shop, now=MONDAY + after)).values.values() if one.stale]

    assert await stale(days(30)) == []
    assert await stale(days(30) + timedelta(seconds=1)) == ["foot_length"]
    assert sorted(await stale(days(301))) == ["foot_length", "foot_width"]


async def test_c5_an_order_reads_the_versions_it_was_made_by(shop: ShopClient, other_shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251, tolerance=3)))
    await measure(shop, feet("mei-feet", length(252), length(253, "right"), source="scan"))

    async def versions(one: ShopClient, *refs: tuple[str, int]) -> list[tuple[str, int, int, int]]:
        async with one.service.db.tenant(one.keys.tenant_id) as conn:
            found = await read_versions(conn, refs)
        return [(each.side, each.value_tenth_mm, each.version, each.tolerance_tenth_mm) for each in found]

    assert await versions(shop, ("mei-feet", 1)) == [("left", 2510, 1, 30)]
    assert await versions(shop, ("mei-feet", 2), ("mei-feet", 7)) == [("left", 2520, 2, 20), ("right", 2530, 2, 20)]
    assert await versions(other_shop, ("mei-feet", 1)) == []


async def test_c1_no_value_shows_in_a_repr(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251.3)))
    found = await record(shop)

    assert found.values[LEFT].value_tenth_mm == 2513
    assert "2513" not in repr(found)
    assert "251" not in repr(found.values)


@pytest.mark.parametrize(
    ("bounds", "value", "said"),
    [
        ({"soft_min_tenth_mm": 300}, 29, "most people have 3 cm or more"),
        ({"soft_max_tenth_mm": 300}, 31, "most people have 3 cm or less"),
        ({"soft_min_tenth_mm": 300}, 99_999, ""),
    ],
)
async def test_c2_a_range_may_be_open_at_one_end(
    shop: ShopClient, bounds: dict[str, int], value: int, said: str
) -> None:
    await open_record_book(shop, "mei")
    definition = {"id": "heel", "label": {"en": "Heel"}, **bounds}
    assert (await shop.api.put("/v1/measurement-definitions/heel", json=definition)).status_code == 200
    told = length(f"{value / 10}", "none", key="heel", unit="cm") if value < 1000 else length(9999, "none", key="heel")
    done = await measure(shop, feet("mei-feet", told))

    assert [said in one["message"] for one in done["warnings"]] == ([True] if said else [])
