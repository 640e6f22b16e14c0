"""A shopper's own measures on the shop's pages (C1, C2, B7)."""

from datetime import timedelta

import pytest

from tests.privacy.people import decide, erase
from tests.record_book.page import ask, save, see, shown
from tests.record_book.shoemaker import (
    agree,
    audited,
    days,
    feet,
    in_force,
    length,
    measure,
    open_record_book,
)
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient
from tests.support.tokens import make_token

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
LEFT, RIGHT = ("foot_length", "left"), ("foot_length", "right")
ACTS: tuple[tuple[str, Document], ...] = (
    ("read", {}),
    ("save", {"kind": "foot", "values": [length(251)]}),
    ("delete", {}),
)


async def test_c1_a_stranger_sees_how_to_measure_and_nothing_else(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("mei-feet", length(251)))
    seen = await see(shop, shopper=None)

    assert {name: seen[name] for name in ("known", "consent", "unit", "people", "values", "history")} == {
        "known": False, "consent": False, "unit": "cm", "people": [], "values": [], "history": [],
    }  # fmt: skip
    foot = {one["key"]: one for one in seen["definitions"]}["foot_length"]
    assert (foot["label"], foot["sided"], foot["unit"], foot["drawing"]) == ("Foot length", True, "cm", "foot_length")
    ranges = tuple(foot[name] for name in ("hard_min", "soft_min", "soft_max", "hard_max"))
    assert ranges == (700, 1400, 3200, 4000)
    assert len(foot["how"]) == 3
    chinese = {one["key"]: one for one in (await see(shop, shopper=None, locale="zh-CN"))["definitions"]}
    assert (chinese["foot_length"]["label"], len(chinese["foot_length"]["how"])) == ("脚长", 3)


async def test_b7_the_page_stores_nothing_without_consent_and_both_in_one_step_with_it(shop: ShopClient) -> None:
    await open_record_book(shop)
    await shop.push("shoppers", [{"id": "mei"}])
    refused = check_problem(await ask(shop, "save", kind="foot", values=[length(251)]), 409)
    assert refused["type"].endswith("measurements_not_allowed")
    wrong: Document = {"kind": "foot", "values": [length(25)], "consent": {"text_version": "feet-1"}}
    assert check_problem(await ask(shop, "save", **wrong), 422)["errors"][0]["field"] == "values[0].value"
    assert (await see(shop))["consent"] is False, "consent and values are stored together or not at all"

    assert await save(shop, length("25.1", unit="cm"), agree=True) == {"version": 1, "warnings": []}
    seen = await see(shop)
    assert (seen["known"], seen["consent"], shown(seen)) == (True, True, {LEFT: 2510})
    consents = (await shop.api.get("/v1/consents/mei")).json()
    assert (consents["allowed"]["measurements"], consents["items"][0]["source"]) == (True, "page")
    assert consents["items"][0]["text_version"] == "feet-1"


async def test_c1_a_shopper_whom_the_merchant_has_not_told_of_may_measure(shop: ShopClient) -> None:
    await open_record_book(shop)
    assert (await see(shop, shopper="new"))["known"] is True
    await save(shop, length(251), agree=True, shopper="new")

    assert await in_force(shop, "new") == {LEFT: 2510}


async def test_c1_a_page_has_one_profile_a_kind_whose_unmeasured_keys_stay_with_their_time(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    first = await save(shop, length(251), length(252, "right"))
    again = await save(shop, length(251), length(252, "right"))
    second = await save(shop, length("25.3", unit="cm"), length(93, key="foot_width"))
    assert [one["version"] for one in (first, again, second)] == [1, 1, 2]

    seen = await see(shop)
    assert shown(seen) == {LEFT: 2530, RIGHT: 2520, ("foot_width", "left"): 930}
    times = {(one["key"], one["side"]): one["measured_at"] for one in seen["values"]}
    assert times[RIGHT] < times[LEFT] == times["foot_width", "left"]
    assert [(one["version"], one["source"]) for one in seen["history"]] == [(2, "self"), (1, "self")]
    assert [(one["key"], one["value_tenth_mm"]) for one in seen["history"][1]["values"]] == [
        ("foot_length", 2510), ("foot_length", 2520),
    ]  # fmt: skip


async def test_c2_the_page_shows_what_is_believed_and_the_history_of_both(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await measure(shop, feet("by-staff", length(250)))
    await save(shop, length(255))

    seen = await see(shop)
    assert shown(seen) == {LEFT: 2500}
    assert seen["values"][0]["source"] == "staff"
    assert [(one["source"], one["values"][0]["value_tenth_mm"]) for one in seen["history"]] == [
        ("self", 2550), ("staff", 2500),
    ]  # fmt: skip


async def test_c2_an_unusual_value_is_warned_of_in_the_page_s_language(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    english = await save(shop, length("33", unit="cm"))
    chinese = await save(shop, length("33.5", unit="cm"), locale="zh")

    assert english["warnings"][0]["message"].startswith("Foot length: most people have 14 cm to 32 cm.")
    assert chinese["warnings"][0]["message"].startswith("脚长：一般为 14 cm 至 32 cm")


async def test_c1_measures_are_the_token_s_shopper_s_and_her_people_s_alone(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", "ann")
    people = [{"id": "mia", "shopper_id": "mei", "relation": "child", "name": "Mia"},
              {"id": "tom", "shopper_id": "ann", "relation": "child", "name": "Tom"}]  # fmt: skip
    await shop.push("people", people)
    await save(shop, length(171), person="mia")
    await save(shop, length(191), person="tom", shopper="ann")

    seen = await see(shop, person="mia")
    assert (seen["people"], shown(seen)) == ([{"id": "mia", "name": "Mia", "relation": "child"}], {LEFT: 1710})
    assert (await see(shop))["values"] == []
    for what, more in ACTS:
        stranger = check_problem(await ask(shop, what, person="tom", **more), 404)
        nobody = check_problem(await ask(shop, what, person="nobody", **more), 404)
        assert stranger["detail"].replace("tom", "") == nobody["detail"].replace("nobody", "")
    assert await in_force(shop, "ann", person_id="tom") == {LEFT: 1910}


async def test_b7_a_shopper_deletes_her_measures_of_one_kind_or_all(shop: ShopClient) -> None:
    await open_record_book(shop, "mei", sets=("foot", "head"))
    await shop.push("people", [{"id": "mia", "shopper_id": "mei", "relation": "child"}])
    await measure(shop, feet("by-staff", length(250)))
    await save(shop, length(255))
    await save(shop, length(560, "none", key="head_girth"), kind="head")
    await save(shop, length(171), person="mia")

    assert (await ask(shop, "delete", kind="foot")).json() == {"deleted": 2}
    assert shown(await see(shop)) == {("head_girth", "none"): 5600}
    assert (await audited(shop))[0] == ("delete own measurements", "2 measurement profiles")
    assert (await ask(shop, "delete")).json() == {"deleted": 1}
    assert (await ask(shop, "delete")).json() == {"deleted": 0}
    assert shown(await see(shop, person="mia")) == {LEFT: 1710}
    check_problem(await shop.api.get("/v1/measurement-profiles/by-staff"), 404)


async def test_b7_after_consent_is_withdrawn_the_page_shows_no_measure(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await save(shop, length(251))
    await agree(shop, "mei", granted=False, at=shop.service.clock() + timedelta(seconds=1))

    seen = await see(shop)
    assert (seen["known"], seen["consent"], seen["values"], seen["history"]) == (True, False, [], [])
    assert (await ask(shop, "delete")).json() == {"deleted": 1}


async def test_b7_who_does_not_want_to_be_recognised_is_a_stranger_who_may_still_delete(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await save(shop, length(251))
    await decide(shop, "mei", granted=False, at=MONDAY + days(1))

    async def stranger() -> bool:
        return (await see(shop))["known"] is False

    await until(stranger, seconds=5)
    assert (await see(shop))["values"] == []
    check_problem(await ask(shop, "save", kind="foot", values=[length(251)]), 409)
    assert (await ask(shop, "delete")).json() == {"deleted": 1}


async def test_b7_an_erased_shopper_does_not_come_back_by_measuring(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await save(shop, length(251))
    await erase(shop, shopper_id="mei")

    body: Document = {"kind": "foot", "values": [length(251)], "consent": {"text_version": "feet-1"}}
    check_problem(await ask(shop, "save", **body), 409)
    check_problem(await shop.api.get("/v1/shoppers/mei"), 404)
    assert (await ask(shop, "delete")).json() == {"deleted": 0}


@pytest.mark.parametrize(
    ("change", "statuses"),
    [
        ({"token": None}, (401, 422)),
        ({"token": "x"}, (401,)),
        ({"key": "lb_pk_x"}, (401,)),
        ({"shopper_id": "mei"}, (422,)),
        ({"values": []}, (422,)),
        ({"values": [length(251, "none")]}, (422,)),
        ({"kind": "hand"}, (422,)),
        ({"source": "staff"}, (422,)),
        ({"consent": {"text_version": ""}}, (422,)),
        ({"consent": {"granted": True}}, (422,)),
    ],
)
async def test_c1_a_wrong_save_is_refused_and_nothing_is_stored(
    shop: ShopClient, change: dict[str, object], statuses: tuple[int, ...]
) -> None:
    await open_record_book(shop, "mei")
    right = {"kind": "foot", "values": [length(251)], "token": shop.token("mei")}
    check_problem(await ask(shop, "save", shopper=None, **(right | change)), *statuses)

    assert (await see(shop))["values"] == []


async def test_c1_a_token_of_another_shop_brings_out_nothing(shop: ShopClient, other_shop: ShopClient) -> None:
    for one in (shop, other_shop):
        await open_record_book(one, "s1")
    await save(shop, length(251), shopper="s1")
    forged = [other_shop.token("s1"), make_token(shop, signer=other_shop)]

    for token in forged:
        for what, more in ACTS:
            check_problem(await ask(shop, what, shopper=None, token=token, **more), 401)
    assert shown(await see(other_shop, shopper="s1")) == {}
    assert shown(await see(shop, shopper="s1")) == {LEFT: 2510}


async def test_c1_an_answer_with_measures_may_not_be_kept(shop: ShopClient) -> None:
    await open_record_book(shop, "mei")
    await save(shop, length(251))

    assert (await ask(shop, "read")).headers["cache-control"] == "no-store"
