"""Size advice through the front door: typed measurements need no record, and a page learns nothing that is not its."""

import pytest

from tests.sizes.charts import LENGTHS, WIDTHS, advise, ask, foot, mondopoint, put_chart, say, shirts
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient


async def open_shop(shop: ShopClient) -> None:
    await shop.stock("boots", "shirt", "bare")
    await put_chart(shop, mondopoint(products=["boots"]))
    await put_chart(shop, shirts(products=["shirt"]))

    async def is_loaded() -> bool:
        size: str | None = (await ask(shop, "boots", foot(255, 98)))["size"]
        return size == "255/98"

    await until(is_loaded, seconds=5)


async def test_c6_advice_on_the_published_chart_is_exact(shop: ShopClient) -> None:
    await open_shop(shop)
    for length in LENGTHS:
        for width in WIDTHS:
            for typed in (foot(length, width), foot(length / 10, width / 10, unit="cm")):
                found = await advise(shop, "boots", typed)
                assert (found["size"], found["confidence"]) == (f"{length}/{width}", "high")
    for typed, size in (
        (foot(257.9, 101.9), "255/98"), (foot(258, 102), "260/106"), (foot(252.9, 93.9), "250/90"),
        (foot(10, 3.85, unit="in"), "255/98"), ([*foot(251, side="left"), *foot(256.3, 95, side="right")], "255/98"),
    ):  # fmt: skip
        assert (await advise(shop, "boots", typed))["size"] == size, typed


async def test_c6_a_typed_value_needs_no_shopper_and_is_not_kept(shop: ShopClient) -> None:
    await open_shop(shop)
    found = await ask(shop, "boots", foot(26.13, 9.87, unit="cm"))
    assert (found["size"], found["used"], found["guideline"]) == ("260/98", "typed", True)
    assert {"mondopoint", "cn", "eu", "uk", "us_men", "us_women"} - {"mondopoint"} == {
        one["system"] for one in found["equivalents"]
    }
    assert "26.1" not in str(found)
    assert "2613" not in str(found)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        for table in ("events", "idempotency_keys", "audit_log", "fit_feedback"):
            rows = await conn.fetch(f"select * from {table}")
            assert "26.13" not in str([dict(row) for row in rows])


async def test_c6_the_answer_says_how_it_sits_and_what_is_missing(shop: ShopClient) -> None:
    await open_shop(shop)
    chest = {"key": "chest_girth", "value": 98, "unit": "cm"}
    waist = {"key": "waist_girth", "value": 90.5, "unit": "cm"}
    one = await ask(shop, "shirt", [chest])
    assert (one["size"], one["missing"], one["confidence"]) == ("M", ["waist_girth"], "medium")
    both = await ask(shop, "shirt", [chest, waist])
    assert both["fit"] == [{"key": "chest_girth", "verdict": "good"}, {"key": "waist_girth", "verdict": "tight"}]
    none = await ask(shop, "shirt", foot(255))
    assert (none["size"], none["missing"], none["used"]) == (None, ["chest_girth", "waist_girth"], "none")
    assert (await ask(shop, "shirt", [chest | {"value": 94}]))["between"] == ["S", "M"]


async def test_c6_returns_and_ratings_shift_the_advice_when_there_are_enough(shop: ShopClient) -> None:
    await open_shop(shop)
    await say(shop, "boots", small=5, true=3)
    assert (await advise(shop, "boots", foot(255, 98)))["learned"] is None

    await shop.api.delete("/v1/fit-feedback/boots-small-0")
    more = [{"id": f"more-{n}", "product_id": "boots", "size": "255/98", "verdict": "small", "source": "rating"}
            for n in range(8)]  # fmt: skip
    assert (await shop.push("fit-feedback", more)).json()["created"] == 8
    found = await advise(shop, "boots", foot(255, 98))
    assert found["size"] == "260/98"
    assert found["learned"] == {"shift": 1, "because": "12 of 15 who returned or rated it said that it runs small."}
    assert [one["verdict"] for one in found["fit"]] == ["good", "good"]
    shown = await ask(shop, "boots", foot(255, 98))
    assert (shown["size"], shown["learned"]) == (
        "260/98", {"shift": 1, "because": "Most who returned or rated it said that it runs small."},
    )  # fmt: skip
    assert (await advise(shop, "shirt", []))["learned"] is None


async def test_c6_one_shopper_is_one_voice_however_often_they_return_it(shop: ShopClient) -> None:
    await open_shop(shop)
    await shop.push("shoppers", [{"id": "angry"}])
    returned = [{"id": f"r{n}", "product_id": "boots", "size": "255/98", "verdict": "small", "source": "return",
                 "shopper_id": "angry"} for n in range(12)]  # fmt: skip
    assert (await shop.push("fit-feedback", returned)).json()["created"] == 12
    assert (await advise(shop, "boots", foot(255, 98)))["learned"] is None

    await say(shop, "boots", small=11)
    learned = (await advise(shop, "boots", foot(255, 98)))["learned"]
    assert learned["because"] == "12 of 12 who returned or rated it said that it runs small."


async def test_c6_the_same_feedback_counts_once_and_a_changed_one_anew(shop: ShopClient) -> None:
    voice: Document = {"id": "f1", "product_id": "boots", "size": "42", "verdict": "small", "source": "return",
                       "order_id": "o1", "shopper_id": "s1"}  # fmt: skip
    await shop.push("shoppers", [{"id": "s1"}])
    results = [
        (await shop.api.put("/v1/fit-feedback/f1", json=one)).json()["result"]
        for one in (voice, voice, voice | {"verdict": "true"})
    ]
    assert results == ["created", "unchanged", "updated"]
    stored = (await shop.api.get("/v1/fit-feedback/f1")).json()
    assert {name: stored[name] for name in voice} == voice | {"verdict": "true"}
    assert [one["id"] for one in (await shop.api.get("/v1/fit-feedback")).json()["items"]] == ["f1"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"verdict": "odd"}, "verdict"), ({"source": "guess"}, "source"), ({"shopper_id": "nobody"}, "shopper_id"),
     ({"size": ""}, "size"), ({"product_id": ""}, "product_id")],
)  # fmt: skip
async def test_c6_wrong_feedback_is_refused_with_the_field(shop: ShopClient, fields: Document, field: str) -> None:
    good = {"id": "f1", "product_id": "boots", "size": "42", "verdict": "small", "source": "return"}
    answer = (await shop.push("fit-feedback", [good, good | {"id": "f2"} | fields])).json()
    assert (answer["created"], answer["rejected"]) == (1, 1)
    assert answer["rows"][1]["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"measurements": [{"key": "foot_length", "value": 0, "unit": "mm"}]}, "measurements[0].value"),
        ({"measurements": [{"key": "foot_length", "value": "long", "unit": "mm"}]}, "measurements[0].value"),
        ({"measurements": [{"key": "foot_length", "value": 25}]}, "measurements[0]"),
        ({"measurements": [{"key": "Foot", "value": 25, "unit": "mm"}]}, "measurements[0].key"),
        ({"measurements": [{"key": "foot_length", "value": 25, "unit": "ft"}]}, "measurements[0].unit"),
        ({"measurements": [{"key": "foot_length", "value": 25, "side": "up"}]}, "measurements[0].side"),
        ({"person_id": "child"}, ""),
        ({"size": "42"}, ""),
    ],
)
async def test_c6_a_wrong_question_is_refused_with_the_field(shop: ShopClient, body: Document, field: str) -> None:
    await shop.stock("boots")
    problem = check_problem(await shop.api.post("/v1/size-advice", json={"product_id": "boots"} | body), 422)
    assert problem["errors"][0]["field"] == field


async def test_c2_a_typed_foot_that_cannot_be_is_refused_with_the_range(shop: ShopClient) -> None:
    await open_shop(shop)
    assert (await shop.api.post("/v1/measurement-definitions:standard", json={"sets": ["foot"]})).status_code == 200
    body = {"product_id": "boots", "measurements": foot(25.5, unit="mm")}
    problem = check_problem(await shop.api.post("/v1/size-advice", json=body), 422)
    assert problem["errors"][0] == {"field": "measurements[0].value", "reason": "must be from 70 mm to 400 mm"}
    page = {"key": shop.keys.publishable.secret, "product": "boots", "measurements": foot(1, 9, unit="in")}
    problem = check_problem(await shop.page.post("/public/v1/size-advice", json=page), 422)
    assert problem["errors"][0]["field"] == "measurements[0].value"


async def test_c6_an_unknown_product_or_shopper_is_not_found(shop: ShopClient) -> None:
    await shop.stock("boots")
    check_problem(await shop.api.post("/v1/size-advice", json={"product_id": "nothing"}), 404)
    answer = await shop.api.post("/v1/size-advice", json={"product_id": "boots", "shopper_id": "nobody"})
    check_problem(answer, 404)


async def test_c6_a_page_cannot_tell_an_unpublished_product_from_none(shop: ShopClient) -> None:
    await open_shop(shop)
    await shop.stock("secret", status="hidden")
    await put_chart(shop, mondopoint("secret-chart", products=["secret", "gone"]))
    assert (await advise(shop, "secret", foot(255, 98)))["size"] == "255/98"
    hidden, missing, bare = [await ask(shop, one, foot(255, 98)) for one in ("secret", "gone", "bare")]
    assert hidden | {"product_id": ""} == missing | {"product_id": ""} == bare | {"product_id": ""}
    assert hidden["chart"] is None


async def test_c6_an_erased_shopper_leaves_a_voice_without_a_name(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s1"}])
    voice = {"id": "f1", "product_id": "boots", "size": "42", "verdict": "small", "source": "return", "order_id": "o1",
             "shopper_id": "s1"}  # fmt: skip
    assert (await shop.push("fit-feedback", [voice])).json()["created"] == 1
    assert (await shop.api.post("/v1/erasures", json={"shopper_id": "s1"})).status_code == 200
    stored = (await shop.api.get("/v1/fit-feedback/f1")).json()
    assert (stored["shopper_id"], stored["order_id"], stored["verdict"]) == (None, None, "small")
    refused = (await shop.push("fit-feedback", [voice])).json()
    assert refused["rows"][0]["errors"][0]["field"] == "shopper_id"


async def test_c6_feedback_follows_its_shopper_through_a_merge_and_back(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "old"}, {"id": "new"}])
    voice = {"id": "f1", "product_id": "boots", "size": "42", "verdict": "small", "source": "return",
             "shopper_id": "old"}  # fmt: skip
    await shop.push("fit-feedback", [voice])

    async def named() -> str:
        name: str = (await shop.api.get("/v1/fit-feedback/f1")).json()["shopper_id"]
        return name

    merge = (await shop.api.post("/v1/merges", json={"keep": "new", "absorb": "old"})).json()["merge_id"]
    assert await named() == "new"
    await shop.api.post(f"/v1/merges/{merge}/undo")
    assert await named() == "old"


async def test_c6_feedback_of_one_tenant_teaches_another_nothing(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await one.stock("boots")
        await put_chart(one, mondopoint(products=["boots"]))
    await say(shop, "boots", small=20)
    assert (await advise(shop, "boots", foot(255, 98)))["size"] == "260/98"
    assert (await advise(other_shop, "boots", foot(255, 98)))["size"] == "255/98"
    assert (await other_shop.api.get("/v1/fit-feedback")).json()["items"] == []
