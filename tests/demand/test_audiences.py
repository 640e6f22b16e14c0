"""Audiences: who wants a campaign's products most by the model, as many as a budget reaches (P6)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from infra.artifacts import open_artifacts
from recommender.registry import find_active_version, load_model
from recommender.serving.audience import rank_shoppers
from recommender.stored_model import StoredModel
from tests.campaigns.merchant import ask, campaign, later, look, store
from tests.demand.inviting import choose, chosen, open_campaign
from tests.privacy.people import decide, erase
from tests.serving.shops import make_model, open_live, product
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def read_model(shop: ShopClient) -> StoredModel:
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        version = await find_active_version(conn)
    assert version is not None
    return await load_model(open_artifacts(shop.service.settings.artifacts_url), shop.keys.tenant_id, version)


async def order_by_model(shop: ShopClient, product_id: str) -> list[str]:
    """All shoppers whom the model knows, by LightFM's score, equals by id."""
    model = await read_model(shop)
    index = model.read_products().find(product_id)
    scores = model.whole("shopper_vectors") @ model.row("product_vectors", index or 0)
    return [name for _, name in sorted(zip(-scores, model.shoppers.ids, strict=True))]


async def test_p6_an_audience_is_the_top_of_the_models_order_and_stable(shop: ShopClient) -> None:
    await open_campaign(shop)
    expected = await order_by_model(shop, "beer-3")

    everybody, first, again = await chosen(shop, budget_minor=10**6), await chosen(shop), await chosen(shop)

    assert everybody == expected
    assert len(everybody) == 22
    assert first == again == expected[:10]
    assert sum(one.startswith("beer-") for one in first) >= 8


@pytest.mark.parametrize(
    ("budget", "cost", "most", "size"),
    [(899, 300, None, 2), (900, 300, None, 3), (299, 300, None, 0), (0, 1, None, 0), (900, 300, 2, 2), (900, 1, 9, 9)],
)
async def test_p6_an_audience_is_never_larger_than_its_budget(
    two_tastes: ShopClient, budget: int, cost: int, most: int | None, size: int
) -> None:
    answer = (await choose(two_tastes, budget_minor=budget, unit_cost_minor=cost, most=most)).json()

    assert (answer["size_limit"], len(answer["shoppers"])) == (size, size)


async def test_p6_other_products_than_the_campaigns_have_another_audience(two_tastes: ShopClient) -> None:
    found = await choose(two_tastes, products=["tea-2"])
    shoppers = found.json()["shoppers"]

    assert shoppers == (await order_by_model(two_tastes, "tea-2"))[:10]
    assert found.json()["scored_products"] == ["tea-2"]
    assert found.json()["model"] == str((await read_model(two_tastes)).version_id)
    assert shoppers != await chosen(two_tastes)


async def _bakers(shop: ShopClient) -> list[str]:
    """Three shoppers of the shop are bakers."""
    await shop.push("attributes", [{"id": "occupation", "type": "text"}])
    names = ["beer-2", "tea-1", "tea-2"]
    await shop.push("shoppers", [{"id": one, "attributes": {"occupation": "baker"}} for one in names])
    return names


BAKERS = {"attribute": "occupation", "operator": "=", "value": "baker"}


async def test_p6_a_segment_is_an_audience_without_a_model(shop: ShopClient) -> None:
    await shop.stock("p1")
    await store(shop, campaign(shop))
    names = await _bakers(shop)

    found = (await choose(shop, attributes=[BAKERS], order="id")).json()
    assert (found["shoppers"], found["model"], found["scored_products"]) == (names, None, [])
    assert (await choose(shop, attributes=[BAKERS], order="id", most=2)).json()["shoppers"] == names[:2]


async def test_p6_a_segment_is_put_in_order_by_the_model(shop: ShopClient) -> None:
    await open_campaign(shop)
    names, expected = await _bakers(shop), await order_by_model(shop, "beer-3")

    assert await chosen(shop, attributes=[BAKERS]) == [one for one in expected if one in names]


async def test_p6_a_segment_of_what_is_not_defined_is_refused(shop: ShopClient) -> None:
    await shop.stock("p1")
    await store(shop, campaign(shop))
    problem = check_problem(await choose(shop, attributes=[{**BAKERS, "attribute": "hobby"}], order="id"), 422)
    assert [one["field"] for one in problem["errors"]] == ["attributes[0].attribute"]


async def test_p6_nobody_is_chosen_who_may_not_be_personalised(shop: ShopClient) -> None:
    await open_campaign(shop)
    first = await chosen(shop)
    await decide(shop, first[0], granted=False)
    await erase(shop, shopper_id=first[1])

    after = await chosen(shop)

    assert after[:8] == first[2:]
    assert len(after) == 10


async def test_p6_where_nobody_is_personalised_without_a_yes_only_they_are_chosen(shop: ShopClient) -> None:
    await open_campaign(shop)
    assert (await shop.api.put("/v1/privacy-settings", json={"personalised_by_default": False})).status_code == 200
    assert await chosen(shop) == []

    await decide(shop, "beer-4", granted=True)

    assert await chosen(shop) == ["beer-4"]


async def test_p6_who_came_back_after_an_erasure_is_not_chosen_by_what_was_erased(shop: ShopClient) -> None:
    await open_campaign(shop)
    first = (await chosen(shop))[0]
    await erase(shop, shopper_id=first)
    assert (await shop.api.post("/v1/erasures:lift", json={"shopper_id": first})).status_code == 200
    await shop.push("shoppers", [{"id": first}])

    assert first not in await chosen(shop, budget_minor=10**6)


async def test_p6_merged_shoppers_are_one_in_an_audience(shop: ShopClient) -> None:
    await open_campaign(shop)
    first, second = (await chosen(shop))[:2]
    assert (await shop.api.post("/v1/merges", json={"keep": second, "absorb": first})).status_code == 200

    everybody = await chosen(shop, budget_minor=10**6)

    assert everybody[0] == second
    assert first not in everybody
    assert len({*everybody}) == len(everybody) == 21


async def test_p6_a_look_stores_nothing_and_storing_invites(shop: ShopClient) -> None:
    await open_campaign(shop)
    looked = await chosen(shop)
    assert (await look(shop))["early_for"]["shoppers"] == []

    stored = await chosen(shop, store=True)

    after = await look(shop)
    assert stored == looked == after["early_for"]["shoppers"]
    assert after["early_for"]["interest"] is True
    sent = campaign(shop, products=[{"product_id": "beer-3"}], early_for={"shoppers": stored})
    again = await shop.api.put("/v1/campaigns/c1", json=sent | {name: after[name] for name in ("starts_at", "ends_at")})
    assert again.json()["result"] == "unchanged"
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select subject from audit_log where action = 'invite campaign audience'")
    assert [row["subject"] for row in rows] == ["c1"]


async def test_p6_the_invited_come_in_before_others(shop: ShopClient) -> None:
    await open_campaign(shop)
    now = shop.service.clock()
    times = {"early_from": (now + timedelta(hours=1)).isoformat(), "starts_at": (now + timedelta(hours=2)).isoformat()}
    await store(shop, campaign(shop, products=[{"product_id": "beer-3"}], **times))
    invited = await chosen(shop, store=True)
    other = next(name for name in (f"tea-{n}" for n in range(10)) if name not in invited)
    assert (await shop.api.post("/v1/campaigns:publish", json={"id": "c1"})).status_code == 200

    with later(shop, hours=1.5):
        let_in = await ask(shop, product_id="beer-3", shopper_id=invited[0])
        refused = await ask(shop, product_id="beer-3", shopper_id=other)

    assert let_in.status_code == 201, let_in.text
    assert check_problem(refused, 403)["type"].endswith("/early_access_only")


async def test_p6_a_published_campaign_is_looked_at_only(shop: ShopClient) -> None:
    await open_campaign(shop)
    assert (await shop.api.post("/v1/campaigns:publish", json={"id": "c1"})).status_code == 200

    assert len(await chosen(shop)) == 10
    assert check_problem(await choose(shop, store=True), 409)["type"].endswith("/campaign_published")
    assert (await look(shop))["early_for"]["shoppers"] == []


async def test_p6_without_a_model_nobody_is_put_in_order(shop: ShopClient) -> None:
    await shop.stock("p1")
    await store(shop, campaign(shop))

    refused = check_problem(await choose(shop), 409)

    assert refused["type"].endswith("/no_model")
    assert "No model serves this shop yet" in refused["detail"]


async def test_p6_a_product_of_which_the_model_knows_nothing_is_refused(two_tastes: ShopClient) -> None:
    await two_tastes.stock("unheard-of")

    assert check_problem(await choose(two_tastes, products=["unheard-of"]), 409)["type"].endswith("/nothing_learned")


async def test_p6_what_cannot_be_asked_is_refused_with_its_field(two_tastes: ShopClient) -> None:
    await store(two_tastes, {"id": "empty"})
    wrong: list[tuple[str, Document]] = [
        ("products", {"products": ["no-such"]}),
        ("products", {"id": "empty"}),
        ("unit_cost_minor", {"unit_cost_minor": 0}),
        ("budget_minor", {"budget_minor": -1}),
        ("most", {"most": 0}),
    ]
    for field, fields in wrong:
        assert check_problem(await choose(two_tastes, **fields), 422)["errors"][0]["field"] == field
    check_problem(await choose(two_tastes, id="no-such"), 404)


def rank(
    vectors: dict[str, tuple[float, float]], products: dict[str, tuple[float, float]], asked: Sequence[str]
) -> list[str]:
    """Of a model with these vectors."""
    made = make_model(list(products), dict.fromkeys(vectors, ()))
    model = replace(
        made,
        shopper_vectors=np.array([vectors[name] for name in sorted(vectors)], np.float32),
        product_vectors=np.array([products[name] for name in sorted(products)], np.float32),
    )
    live = open_live([product(name) for name in products], model)
    assert live.learned is not None
    return [name for part in rank_shoppers(live.learned, live.catalogue, asked).parts() for name in part]


def test_p6_equal_scores_stand_by_id() -> None:
    same = {"cy": (1.0, 0.0), "ann": (1.0, 0.0), "bo": (2.0, 0.0)}
    assert rank(same, {"p": (1.0, 0.0)}, ["p"]) == ["bo", "ann", "cy"]


def test_p6_a_product_that_everybody_likes_does_not_drown_the_others() -> None:
    """Everybody scores higher for the hit; the one who wants the niche stands beside the hit's first."""
    vectors = {"ann": (9.0, 0.1), "bo": (8.0, 0.2), "cy": (7.0, 0.9), "di": (6.0, 0.0)}
    products = {"hit": (1.0, 0.0), "niche": (0.0, 1.0)}
    assert rank(vectors, products, ["hit", "niche"]) == ["ann", "cy", "bo", "di"]
    assert rank(vectors, products, ["niche"]) == ["cy", "bo", "ann", "di"]


def test_p6_a_product_that_never_sold_is_judged_by_its_description() -> None:
    model = make_model(
        ["old"],
        dict.fromkeys(("ann", "bo", "cy"), ()),
        features={"brand:Acme": (1.0, 0.0), "category:Boots": (0.0, 1.0)},
        tastes={"ann": (0.0, 1.0), "bo": (3.0, 0.0), "cy": (0.5, 0.0)},
        leanings={"cy": {"type:Boots": 5.0}},
    )
    stocked = [product("old"), product("new", brand="Acme", categories=("Boots",)), product("plain", brand="Other")]
    live = open_live(stocked, model)
    assert live.learned is not None

    ranked = rank_shoppers(live.learned, live.catalogue, ["new", "plain"])

    assert [*ranked.parts()] == [["cy", "bo", "ann"]]
    assert ranked.scored == ["new"]
