"""Measurements in a shopper's profile: known, missing, stale (B6)."""

from typing import Any

from tests.profile.merchant import define, profile
from tests.record_book.shoemaker import agree, believe, days, feet, length, measure, open_record_book
from tests.support.shop import MONDAY, ShopClient

NOW = "2026-11-01T12:00:00Z"


async def require(shop: ShopClient, key: str, *of: str, **fields: Any) -> None:
    """Have a key count as missing until it is known."""
    found = (await shop.api.get(f"/v1/measurement-definitions/{key}")).json()
    wanted = {name: value for name, value in found.items() if name not in ("created_at", "updated_at")}
    answer = await shop.api.put(f"/v1/measurement-definitions/{key}", json=wanted | {"required_of": of, **fields})
    assert answer.status_code == 200, answer.text


async def test_b6_the_score_counts_required_measurements_beside_attributes(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await define(shop, "birthday", "date", required_for_completeness=True, weight=1)
    await require(shop, "foot_length", "shopper", weight=2)
    await require(shop, "ball_girth", "shopper", weight=5)
    missing = ["measurement:ball_girth", "measurement:foot_length", "birthday"]
    assert (await profile(shop, "mei"))["completeness"] == {"score": 0.0, "missing": missing, "stale": []}

    await measure(shop, feet("mei-feet", length(251), length(252, "right"), length(238, key="ball_girth"),
                             measured_at=NOW))  # fmt: skip
    read = await profile(shop, "mei")
    assert read["completeness"] == {"score": 0.25, "missing": ["measurement:ball_girth", "birthday"], "stale": []}
    assert [(one["key"], one["side"], one["source"], one["stale"]) for one in read["measurements"]] == [
        ("ball_girth", "left", "staff", False),
        ("foot_length", "left", "staff", False),
        ("foot_length", "right", "staff", False),
    ]
    assert [name for name in ("251", "252", "238") if name in str(read)] == []
    await measure(shop, feet("other-foot", length(240, "right", key="ball_girth"), measured_at=NOW))
    assert (await profile(shop, "mei"))["completeness"]["score"] == 0.875


async def test_b6_a_measurement_older_than_the_tenant_s_limit_is_stale(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251)))
    age = (shop.service.clock() - MONDAY).days
    await believe(shop, "staff_first", stale_after_days=age + 1)
    assert (await profile(shop, "mei"))["completeness"]["stale"] == []

    await believe(shop, "staff_first", stale_after_days=age - 1)
    read = await profile(shop, "mei")
    assert read["completeness"]["stale"] == ["measurement:foot_length"]
    assert [one["stale"] for one in read["measurements"]] == [True]


async def test_b6_without_consent_nothing_is_known_and_what_is_required_is_missing(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await require(shop, "foot_length", "shopper")
    await measure(shop, feet("mei-feet", length(251), length(252, "right")))
    assert (await profile(shop, "mei"))["completeness"]["score"] == 1.0
    await agree(shop, "mei", granted=False, at=MONDAY + days(1))

    read = await profile(shop, "mei")
    assert (read["measurements"], read["completeness"]) == (
        [], {"score": 0.0, "missing": ["measurement:foot_length"], "stale": []},
    )  # fmt: skip
    assert read["next_question"] is None


async def test_b6_people_have_measurements_of_their_own(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await require(shop, "foot_length", "person")
    await shop.push("people", [{"id": name, "shopper_id": "mei", "relation": name} for name in ("child", "self")])
    await measure(shop, feet("mei-feet", length(251), person_id="self"))
    read = await profile(shop, "mei")
    child, herself = read["people"]
    assert child["completeness"]["missing"] == ["measurement:foot_length"]
    assert (herself["completeness"]["missing"], herself["measurements"]) == ([], [])
    assert [one["key"] for one in read["measurements"]] == ["foot_length"]

    await measure(shop, feet("child-feet", length(171), length(172, "right"), person_id="child"))
    child = (await profile(shop, "mei"))["people"][0]
    assert child["completeness"]["missing"] == []
    assert [one["side"] for one in child["measurements"]] == ["left", "right"]
