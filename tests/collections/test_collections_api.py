"""/v1/collections through the front door: stored whole, refused with the field, its shoppers forgotten with them."""

import pytest

from tests.collections.shelf import LANTERNS, festival
from tests.profile.merchant import define
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient


async def audience(shop: ShopClient, name: str = "lanterns") -> Document:
    found: Document = (await shop.api.get(f"/v1/collections/{name}")).json()["audience"]
    return found


async def test_c9_a_collection_is_stored_read_changed_and_deleted(shop: ShopClient) -> None:
    document = festival(starts_at="2026-03-02T12:00:00Z", ends_at="2026-03-09T12:00:00Z", exclusive=True)
    results = [
        (await shop.api.put("/v1/collections/lanterns", json=one)).json()["result"]
        for one in (document, document, document | {"theme": "moon"})
    ]
    assert results == ["created", "unchanged", "updated"]
    stored = (await shop.api.get("/v1/collections/lanterns")).json()
    assert {name: stored[name] for name in document} == document | {"theme": "moon"}
    assert stored["audience"] == {"kind": "everyone", "shoppers": [], "attributes": []}
    assert [one["id"] for one in (await shop.api.get("/v1/collections")).json()["items"]] == ["lanterns"]

    assert (await shop.api.delete("/v1/collections/lanterns")).status_code == 204
    check_problem(await shop.api.get("/v1/collections/lanterns"), 404)
    check_problem(await shop.api.delete("/v1/collections/lanterns"), 404)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"products": []}, "products"),
        ({"products": ["a", "a"]}, ""),
        ({"title": {"?": "x"}}, ""),
        ({"title": {"en": ""}}, "title[...]"),
        ({"starts_at": "2026-03-02T12:00:00Z", "ends_at": "2026-03-02T12:00:00Z"}, ""),
        ({"audience": {"kind": "friends"}}, "audience.kind"),
        ({"audience": {"kind": "everyone", "shoppers": ["mei"]}}, "audience"),
        ({"audience": {"kind": "attributes"}}, "audience"),
        ({"audience": {"kind": "shoppers", "shoppers": ["mei", "mei"]}}, "audience"),
        ({"audience": {"kind": "shoppers", "shoppers": ["mei", "nobody"]}}, "audience.shoppers[1]"),
        ({"audience": {"kind": "attributes", "attributes": [{"attribute": "unknown", "operator": "known"}]}},
         "audience.attributes[0].attribute"),
        ({"audience": {"kind": "attributes", "attributes": [{"attribute": "secret", "operator": "known"}]}},
         "audience.attributes[0].attribute"),
        ({"audience": {"kind": "attributes", "attributes": [{"attribute": "tier", "operator": "<", "value": "a"}]}},
         "audience.attributes[0].operator"),
        ({"audience": {"kind": "attributes", "attributes": [{"attribute": "tier", "operator": "=", "value": 5}]}},
         "audience.attributes[0].value"),
    ],
)  # fmt: skip
async def test_c9_a_collection_that_cannot_be_is_refused_with_the_field(
    shop: ShopClient, fields: Document, field: str
) -> None:
    await shop.push("shoppers", [{"id": "mei"}])
    await define(shop, "tier", "text")
    await define(shop, "secret", "text", purpose="contact")
    problem = check_problem(await shop.api.put("/v1/collections/lanterns", json=festival() | fields), 422)
    assert problem["errors"][0]["field"] == field
    assert (await shop.api.get("/v1/collections")).json()["items"] == []


async def test_c9_who_is_named_may_change_and_is_told_in_full(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "mei"}, {"id": "lan"}, {"id": "tao"}])
    results = []
    for names in (["mei", "lan"], ["lan", "mei"], ["lan", "tao"], []):
        document = festival(audience={"kind": "shoppers", "shoppers": names})
        results.append((await shop.api.put("/v1/collections/lanterns", json=document)).json()["result"])
        assert (await audience(shop))["shoppers"] == sorted(names)
    assert results == ["created", "unchanged", "updated", "updated"]


async def test_c9_an_erased_shopper_is_in_no_audience_and_may_not_be_named_again(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "mei"}, {"id": "lan"}])
    document = festival(audience={"kind": "shoppers", "shoppers": ["mei", "lan"]})
    assert (await shop.api.put("/v1/collections/lanterns", json=document)).status_code == 200
    assert (await shop.api.post("/v1/erasures", json={"shopper_id": "mei"})).status_code == 200
    assert (await audience(shop))["shoppers"] == ["lan"]
    problem = check_problem(await shop.api.put("/v1/collections/lanterns", json=document), 422)
    assert problem["errors"][0]["field"] == "audience.shoppers[0]"


async def test_c9_a_batch_stores_the_good_ones_and_names_the_bad(shop: ShopClient) -> None:
    bad = festival("bad", audience={"kind": "shoppers", "shoppers": ["nobody"]})
    answer = (await shop.push("collections", [festival("good"), bad])).json()
    assert (answer["created"], answer["rejected"]) == (1, 1)
    assert answer["rows"][1]["errors"][0]["field"] == "audience.shoppers[0]"
    assert (await shop.api.get("/v1/collections/good")).json()["products"] == LANTERNS


async def test_c9_a_collection_of_one_tenant_is_unknown_to_another(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.api.put("/v1/collections/lanterns", json=festival())
    check_problem(await other_shop.api.get("/v1/collections/lanterns"), 404)
    assert (await other_shop.api.put("/v1/collections/lanterns", json=festival())).json()["result"] == "created"
    check_problem(await shop.api.put("/v1/collections/x", json=festival("x", audience={
        "kind": "shoppers", "shoppers": ["of-another"],
    })), 422)  # fmt: skip
