"""People around a shopper: self, partner, child with an anchor date (B5)."""

from typing import Any

import pytest

from tests.profile.merchant import define, profile, tell
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

CHILD: Document = {
    "id": "child-1",
    "shopper_id": "s1",
    "relation": "child",
    "name": "Mia",
    "anchor_date": "2021-05-17",
    "attributes": {"shoe_size": 27},
}


async def test_b5_a_person_is_stored_read_changed_and_deleted(shop: ShopClient) -> None:
    await tell(shop, "s1")
    first = await shop.api.put("/v1/people/child-1", json=CHILD)
    again = await shop.api.put("/v1/people/child-1", json=CHILD)
    changed = await shop.api.put("/v1/people/child-1", json=CHILD | {"attributes": {"shoe_size": 28}})
    assert [one.json()["result"] for one in (first, again, changed)] == ["created", "unchanged", "updated"]

    stored = (await shop.api.get("/v1/people/child-1")).json()
    assert {name: stored[name] for name in CHILD} == CHILD | {"attributes": {"shoe_size": 28}}
    assert stored["attribute_times"] == {"shoe_size": stored["updated_at"]}
    assert [one["id"] for one in (await shop.api.get("/v1/people")).json()["items"]] == ["child-1"]

    assert (await shop.api.delete("/v1/people/child-1")).status_code == 204
    check_problem(await shop.api.get("/v1/people/child-1"), 404)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"shopper_id": "nobody"}, "shopper_id"),
        ({"relation": "neighbour"}, "relation"),
        ({"anchor_date": "2021-02-30"}, "anchor_date"),
        ({"anchor_date": "1021-02-03"}, ""),
        ({"attributes": {"shoe_size": "27"}}, "attributes.shoe_size"),
    ],
)
async def test_b5_a_wrong_person_is_refused_with_the_field(
    shop: ShopClient, fields: dict[str, Any], field: str
) -> None:
    await tell(shop, "s1")
    await define(shop, "shoe_size", "number", classes=["person"])

    problem = check_problem(await shop.api.put("/v1/people/child-1", json=CHILD | fields), 422)
    assert problem["errors"][0]["field"] == field
    check_problem(await shop.api.get("/v1/people/child-1"), 404)


async def test_b6_a_profile_shows_the_people_with_their_own_completeness(shop: ShopClient) -> None:
    await define(shop, "shoe_size", "number", classes=["person"], required_for_completeness=True, unit="EU")
    await define(shop, "nap", "boolean", classes=["person"], required_for_completeness=True, weight=3)
    await tell(shop, "s1")
    people = [CHILD, CHILD | {"id": "partner", "relation": "partner", "anchor_date": None, "attributes": {}}]
    assert (await shop.push("people", people)).json()["created"] == 2

    read = await profile(shop, "s1")
    child, partner = read["people"]

    assert (child["id"], child["relation"], child["completeness"]["score"]) == ("child-1", "child", 0.25)
    assert [(one["name"], one["value"], one["unit"]) for one in child["attributes"]] == [("shoe_size", 27, "EU")]
    assert partner["completeness"] == {"score": 0.0, "missing": ["nap", "shoe_size"], "stale": []}
    assert read["completeness"]["score"] == 1.0


async def test_b5_people_go_with_their_shopper(shop: ShopClient) -> None:
    await tell(shop, "s1")
    await shop.api.put("/v1/people/child-1", json=CHILD)
    assert (await shop.api.delete("/v1/shoppers/s1")).status_code == 204

    check_problem(await shop.api.get("/v1/people/child-1"), 404)


async def test_b5_people_are_each_tenants_own(shop: ShopClient, other_shop: ShopClient) -> None:
    await tell(shop, "s1")
    await shop.api.put("/v1/people/child-1", json=CHILD)

    check_problem(await other_shop.api.get("/v1/people/child-1"), 404)
    check_problem(await other_shop.api.delete("/v1/people/child-1"), 404)
    check_problem(await other_shop.api.get("/v1/profiles/s1"), 404)
    assert (await other_shop.api.get("/v1/people")).json()["items"] == []
    refused = await other_shop.api.put("/v1/people/child-1", json=CHILD)
    assert check_problem(refused, 422)["errors"][0]["field"] == "shopper_id"
    assert (await shop.api.get("/v1/people/child-1")).json()["name"] == "Mia"


async def test_b5_people_follow_a_merged_shopper_and_come_back_when_it_is_undone(shop: ShopClient) -> None:
    await tell(shop, "s1")
    await tell(shop, "s2", size=42)
    await shop.push("people", [CHILD])
    merged = await shop.api.post("/v1/merges", json={"keep": "s2", "absorb": "s1"})
    assert merged.status_code == 200, merged.text
    later = CHILD | {"id": "child-2", "anchor_date": "2023-01-01"}
    assert (await shop.push("people", [later])).json()["created"] == 1

    for name in ("s1", "s2"):
        assert [one["id"] for one in (await profile(shop, name))["people"]] == ["child-1", "child-2"]
    assert (await shop.api.get("/v1/people/child-1")).json()["shopper_id"] == "s2"

    undone = await shop.api.post(f"/v1/merges/{merged.json()['merge_id']}/undo")
    assert undone.status_code == 200, undone.text
    assert [one["id"] for one in (await profile(shop, "s1"))["people"]] == ["child-1", "child-2"]
    assert (await profile(shop, "s2"))["people"] == []
