"""Measurement profiles: versions, sides, units, who and when (C1)."""

import asyncio

import pytest

from tests.record_book.shoemaker import (
    agree,
    audited,
    days,
    feet,
    in_force,
    length,
    measure,
    open_record_book,
    put,
    read,
    record,
    tenths,
)
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, ShopClient


async def test_c1_put_then_get_returns_identical_tenths_of_a_millimetre_per_side(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    told = feet(
        "mei-feet",
        length(251.3, "left", tolerance=1),
        length("25.14", "right", unit="cm"),
        length(9.301, "left", key="ball_girth", unit="in"),
        length(236, "right", key="ball_girth"),
        note="left foot bears more",
    )  # fmt: skip
    done = await measure(shop, told)
    assert done == {"id": "mei-feet", "result": "created", "version": 1, "warnings": []}

    found = await read(shop, "mei-feet")
    assert await tenths(shop, "mei-feet") == {
        ("ball_girth", "left"): 2362, ("ball_girth", "right"): 2360,
        ("foot_length", "left"): 2513, ("foot_length", "right"): 2514,
    }  # fmt: skip
    assert [(one["value"], one["unit"], one["tolerance_tenth_mm"]) for one in found["values"]] == [
        ("9.299", "in", None), ("236.0", "mm", None), ("251.3", "mm", 10), ("25.14", "cm", None),
    ]  # fmt: skip
    said = ("shopper_id", "kind", "source", "measured_by", "note")
    assert {name: found[name] for name in said} == {name: told[name] for name in said}
    assert (found["measured_at"], found["person_id"], found["basis"]) == ("2026-03-02T12:00:00Z", None, "body")


async def test_c1_a_second_put_makes_version_2_and_version_1_stays_readable(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    first = feet("mei-feet", length(251.3), note="tired")
    await measure(shop, first)
    before = await read(shop, "mei-feet")
    assert await measure(shop, first) == {"id": "mei-feet", "result": "unchanged", "version": 1, "warnings": []}
    later = (MONDAY + days(30)).isoformat()
    second = feet("mei-feet", length(252.0), length(252.5, "right"), source="scan", measured_at=later)
    done = await measure(shop, second)

    assert (done["result"], done["version"]) == ("updated", 2)
    assert await tenths(shop, "mei-feet") == {("foot_length", "left"): 2520, ("foot_length", "right"): 2525}
    assert await read(shop, "mei-feet", version=1) == before
    versions = (await shop.api.get("/v1/measurement-versions/mei-feet")).json()
    assert [(one["version"], one["source"]) for one in versions["items"]] == [(2, "scan"), (1, "staff")]
    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet?version=3"), 404)


async def test_c1_another_tenant_gets_404(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await open_record_book(one, "mei")
    await measure(shop, feet("mei-feet", length(251.3)))

    for address in ("measurement-profiles/mei-feet", "measurement-profiles/mei-feet?reveal=true",
                    "measurement-versions/mei-feet"):  # fmt: skip
        check_problem(await other_shop.api.get(f"/v1/{address}"), 404)
    check_problem(await other_shop.api.delete("/v1/measurement-profiles/mei-feet"), 404)
    assert (await other_shop.api.get("/v1/measurement-profiles?shopper_id=mei")).json()["items"] == []
    assert await in_force(other_shop) == {}
    assert (await measure(other_shop, feet("mei-feet", length(300))))["version"] == 1
    assert await tenths(shop, "mei-feet") == {("foot_length", "left"): 2513}


async def test_c1_values_are_masked_until_a_key_with_the_scope_reveals_them_and_that_is_audited(
    shop: ShopClient,
) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251.3), note="251.3 in the morning"))
    masked = await shop.api.get("/v1/measurement-profiles/mei-feet")
    listed = await shop.api.get("/v1/measurement-profiles?shopper_id=mei")
    versions = await shop.api.get("/v1/measurement-versions/mei-feet")
    before = await audited(shop)

    found = masked.json()
    assert (found["masked"], found["note"], found["source"]) == (True, None, "staff")
    value = found["values"][0]
    assert (value["key"], value["side"], value["unit"]) == ("foot_length", "left", "mm")
    assert (value["value"], value["value_tenth_mm"], value["tolerance_tenth_mm"]) == (None, None, None)
    for answer in (masked, listed, versions):
        assert "251" not in answer.text
    assert "reveal" not in str(before)

    assert (await read(shop, "mei-feet"))["masked"] is False
    assert (await audited(shop))[0] == ("reveal version 1 of measurement profile", "mei-feet")
    assert len(await audited(shop)) == len(before) + 1


async def test_b7_without_consent_nothing_is_stored_used_or_revealed(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await agree(shop, "mei", granted=False, at=MONDAY + days(1))
    refused = check_problem(await put(shop, feet("mei-feet", length(251.3))), 409)
    assert refused["type"].endswith("measurements_not_allowed")
    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet"), 404)

    await agree(shop, "mei", at=MONDAY + days(2))
    await measure(shop, feet("mei-feet", length(251.3)))
    assert await in_force(shop) == {("foot_length", "left"): 2513}
    await agree(shop, "mei", granted=False, at=MONDAY + days(3))

    assert await record(shop) == type(await record(shop))(allowed=False)
    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet?reveal=true"), 409)
    assert (await shop.api.get("/v1/measurement-profiles/mei-feet")).json()["masked"] is True


async def test_b7_a_shopper_who_never_decided_has_not_agreed(shop: ShopClient) -> None:
    await open_record_book(shop)
    await shop.push("shoppers", [{"id": "mei"}])

    check_problem(await put(shop, feet("mei-feet", length(251.3))), 409)
    assert (await record(shop)).allowed is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"values": [length(399, key="head_girth")]}, "values[0].key"),
        ({"values": [length(251), length(252)]}, "values[1].key"),
        ({"values": [length(251, "none")]}, "values[0].side"),
        ({"values": [length(251, "middle")]}, "values[0].side"),
        ({"values": [length(25)]}, "values[0].value"),
        ({"values": [length(401)]}, "values[0].value"),
        ({"values": [length(0)]}, "values[0].value"),
        ({"values": [length(-5)]}, "values[0].value"),
        ({"values": [length("25,1", unit="cm")]}, "values[0].value"),
        ({"values": [length("NaN")]}, "values[0].value"),
        ({"values": [length(None)]}, "values[0].value"),
        ({"values": [length(True)]}, "values[0].value"),
        ({"values": [length("٢٥١")]}, "values[0].value"),
        ({"values": [length(251, unit="px")]}, "values[0].unit"),
        ({"values": [length(251, tolerance=-1)]}, "values[0].tolerance"),
        ({"values": [length(251, tolerance=10_000.1)]}, "values[0].tolerance"),
        ({"values": [length("25", unit="cm", tolerance="999999")]}, "values[0].tolerance"),
        ({"values": []}, "values"),
        ({"values": [length(251), length(5, "right")]}, "values[1].value"),
        ({"shopper_id": "nobody"}, "shopper_id"),
        ({"person_id": "nobody"}, "person_id"),
        ({"person_id": "other-child"}, "person_id"),
        ({"source": "guess"}, "source"),
        ({"basis": "mind"}, "basis"),
        ({"measured_at": "2150-01-01T00:00:00Z"}, "measured_at"),
        ({"id": "another"}, "id"),
        ({"secret": 1}, ""),
    ],
)
async def test_c1_a_wrong_profile_is_refused_with_the_field_and_nothing_is_stored(
    shop: ShopClient, change: dict[str, object], field: str
) -> None:
    await open_record_book(shop, "mei", "ann")
    await shop.push("people", [{"id": "other-child", "shopper_id": "ann", "relation": "child"}])
    answer = await shop.api.put("/v1/measurement-profiles/mei-feet", json=feet("mei-feet", length(251)) | change)

    assert check_problem(answer, 422)["errors"][0]["field"] == field
    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet"), 404)


async def test_c1_a_profile_stays_with_the_one_it_measures(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "ann")
    await measure(shop, feet("mei-feet", length(251.3)))

    for change in ({"shopper_id": "ann"}, {"kind": "custom"}, {"basis": "garment"}):
        refused = check_problem(await put(shop, feet("mei-feet", length(251.3)) | change), 422)
        assert [one["field"] for one in refused["errors"]] == [*change]
    assert (await shop.api.get("/v1/measurement-profiles?shopper_id=ann")).json()["items"] == []


async def test_c1_a_child_has_a_record_of_their_own_and_a_person_who_is_self_has_the_shopper_s(
    shop: ShopClient,
) -> None:
    await open_record_book(shop, "mei")
    people = [{"id": name, "shopper_id": "mei", "relation": name} for name in ("child", "self")]
    await shop.push("people", people)
    await measure(shop, feet("mei-feet", length(251.3), person_id="self"))
    await measure(shop, feet("child-feet", length(171), person_id="child"))

    assert await in_force(shop) == await in_force(shop, person_id="self") == {("foot_length", "left"): 2513}
    assert await in_force(shop, person_id="child") == {("foot_length", "left"): 1710}
    assert (await shop.api.get("/v1/measurement-profiles/child-feet")).json()["person_id"] == "child"
    assert (await shop.api.get("/v1/measurement-profiles/mei-feet")).json()["person_id"] is None
    assert (await shop.api.delete("/v1/people/child")).status_code == 204
    check_problem(await shop.api.get("/v1/measurement-profiles/child-feet"), 404)


async def test_c1_body_and_garment_are_kept_apart(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251.3)))
    await measure(shop, feet("her-boots", length(262), basis="garment"))

    assert await in_force(shop) == {("foot_length", "left"): 2513}
    assert await in_force(shop, basis="garment") == {("foot_length", "left"): 2620}


async def test_c1_a_batch_stores_the_good_rows_and_names_the_bad_ones(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "ann")
    await shop.push("shoppers", [{"id": "silent"}])
    rows = [
        feet("mei-feet", length(251.3)),
        feet("ann-feet", length(331), shopper="ann"),
        feet("silent-feet", length(250), shopper="silent"),
        feet("no-feet", length(25)),
    ]
    first = (await shop.push("measurement-profiles", rows)).json()
    again = (await shop.push("measurement-profiles", rows)).json()

    assert [(row["result"], row.get("errors", [{}])[0].get("field")) for row in first["rows"]] == [
        ("created", None), ("created", None), ("rejected", "shopper_id"), ("rejected", "values[0].value"),
    ]  # fmt: skip
    assert [one["field"] for one in first["rows"][1]["warnings"]] == ["foot_length.left"]
    assert (again["unchanged"], again["rejected"]) == (2, 2)
    assert [one["id"] for one in (await shop.api.get("/v1/measurement-profiles")).json()["items"]] == [
        "ann-feet", "mei-feet",
    ]  # fmt: skip


async def test_c1_a_deleted_profile_is_gone_with_all_its_versions(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    for value in (251, 252):
        await measure(shop, feet("mei-feet", length(value)))
    assert (await shop.api.delete("/v1/measurement-profiles/mei-feet")).status_code == 204

    check_problem(await shop.api.get("/v1/measurement-profiles/mei-feet?version=1"), 404)
    check_problem(await shop.api.delete("/v1/measurement-profiles/mei-feet"), 404)
    assert await in_force(shop) == {}
    assert (await audited(shop))[0] == ("delete measurement profile", "mei-feet")


async def test_c1_profiles_follow_a_merged_shopper_and_come_back_when_it_is_undone(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "mei-2")
    await shop.push("people", [{"id": "child", "shopper_id": "mei-2", "relation": "child"}])
    await measure(shop, feet("own", length(251), shopper="mei-2"))
    await measure(shop, feet("child-feet", length(171), shopper="mei-2", person_id="child"))
    merged = (await shop.api.post("/v1/merges", json={"keep": "mei", "absorb": "mei-2"})).json()["merge_id"]
    await measure(shop, feet("later", length(93, key="foot_width"), shopper="mei-2"))

    assert await in_force(shop) == {("foot_length", "left"): 2510, ("foot_width", "left"): 930}
    assert await in_force(shop, person_id="child") == {("foot_length", "left"): 1710}
    assert (await shop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert await in_force(shop) == {}
    assert await in_force(shop, "mei-2") == {("foot_length", "left"): 2510, ("foot_width", "left"): 930}
    assert await in_force(shop, "mei-2", person_id="child") == {("foot_length", "left"): 1710}


async def test_c1_a_person_told_for_another_shopper_takes_their_measures_along(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "ann")
    child = {"id": "child", "shopper_id": "mei", "relation": "child"}
    await shop.push("people", [child])
    await measure(shop, feet("child-feet", length(171), person_id="child"))
    await shop.push("people", [child | {"shopper_id": "ann"}])

    assert await in_force(shop, "ann", person_id="child") == {("foot_length", "left"): 1710}
    assert (await shop.api.get("/v1/measurement-profiles/child-feet")).json()["shopper_id"] == "ann"


async def test_c1_measures_that_come_at_once_are_versions_one_after_another(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    done = await asyncio.gather(*(measure(shop, feet("mei-feet", length(240 + n))) for n in range(12)))

    assert sorted(one["version"] for one in done) == [*range(1, 13)]
    assert [one["result"] for one in done].count("created") == 1
    newest = max(done, key=lambda one: one["version"])["version"]
    told = [await tenths(shop, "mei-feet", version=version) for version in range(1, newest + 1)]
    assert sorted(one["foot_length", "left"] for one in told) == [10 * (240 + n) for n in range(12)]
