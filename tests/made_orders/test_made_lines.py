"""Made lines: frozen when they are ordered, told apart for good, and whose they are (C5)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from tenants.jobs import keep_retention
from tenants.quoted_lines import ToldLine, check_lines
from tests.made_orders.shoemaker import (
    LEFT,
    PRICE,
    RIGHT,
    SHOE,
    ask_page,
    lengths,
    line,
    lines_of,
    made_order,
    measure_feet,
    ordered,
    push,
    quote,
)
from tests.options.shoes import publish_at
from tests.privacy.people import store
from tests.record_book.shoemaker import agree
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

NO_QUOTE = "01a20272-efe9-7d38-a228-1dd03a6d0d4d"
CHOSEN = {"sole": "rubber", "initials": "ML"}


async def raw_lines(shop: ShopClient, name: str = "o1") -> bytes:
    return (await shop.api.get(f"/v1/made-lines/{name}", params={"reveal": "true"})).content


async def test_c5_an_ordered_line_is_frozen_as_it_was_quoted(workshop: ShopClient) -> None:
    quoted = await ordered(workshop, answers=CHOSEN, quantity=2)
    [made] = await lines_of(workshop)

    same = ("quote_id", "product_id", "document_id", "version", "configuration_id", "answers", "summary", "price_minor")
    assert {name: made[name] for name in same} == {name: quoted[name] for name in same}
    assert (made["quantity"], made["withdrawal"]) == (2, quoted["withdrawal"])
    assert lengths(made) == {
        ("foot_length", "left"): LEFT, ("foot_length", "right"): RIGHT, ("ball_girth", "left"): 2318,
        ("ball_girth", "right"): 2326,
    }  # fmt: skip
    assert {(one["profile_id"], one["version"], one["source"]) for one in made["measurements"]} == {
        ("feet", 1, "staff")
    }
    stored = (await workshop.api.get("/v1/orders/o1")).json()
    assert stored["lines"][0]["quote_id"] == quoted["quote_id"]


async def test_c5_editing_the_profile_later_leaves_the_old_line_byte_identical(workshop: ShopClient) -> None:
    """And so do a new version of the options, another calendar, another price and the end of the quote."""
    await ordered(workshop, answers=CHOSEN)
    before = await raw_lines(workshop)
    await measure_feet(workshop, 2501, 2502)
    await workshop.api.put("/v1/work-calendar", json={"working_days": ["mon"]})
    await publish_at(workshop, SHOE | {"base_lead_days": 30, "rules": []})
    await workshop.stock("oxford", price_minor=1)
    await workshop.api.put("/v1/withdrawal-notice", json={"texts": {"en": "Another one."}})
    await workshop.api.put("/v1/measurement-settings", json={"precedence": "newest", "stale_after_days": 1})

    assert await raw_lines(workshop) == before
    assert (await workshop.api.delete("/v1/measurement-profiles/feet")).status_code == 204
    assert await raw_lines(workshop) == before


async def test_c5_a_made_line_cannot_be_changed_even_by_hand(workshop: ShopClient) -> None:
    await ordered(workshop)
    with pytest.raises(asyncpg.RaiseError, match="stays as it is"):
        async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
            await conn.execute("update made_lines set price_minor = 1")


async def test_c5_the_same_order_again_changes_nothing(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    body = made_order(workshop, "o1", line(quoted))
    first = await workshop.api.put("/v1/orders/o1", json=body)
    before = await raw_lines(workshop)
    workshop.service.clock.ahead = timedelta(days=30)
    again = await workshop.api.put("/v1/orders/o1", json=body)
    paid = await workshop.api.put("/v1/orders/o1", json=body | {"status": "paid"})

    assert [one.json()["result"] for one in (first, again, paid)] == ["created", "unchanged", "updated"]
    assert await raw_lines(workshop) == before


async def test_c5_two_lines_with_different_configurations_are_never_merged(workshop: ShopClient) -> None:
    black, red = await quote(workshop), await quote(workshop, answers={"colour": "red"})
    same = await quote(workshop)
    assert (black["configuration_id"] == same["configuration_id"]) is True
    assert black["configuration_id"] != red["configuration_id"]
    assert (await push(workshop, "o1", line(black, "a"), line(red, "b"), line(same, "c"))).status_code == 200

    lines = (await workshop.api.get("/v1/orders/o1")).json()["lines"]
    assert [(one["id"], one["unit_price_minor"], one["quantity"]) for one in lines] == [
        ("a", PRICE, 1), ("b", PRICE + 500, 1), ("c", PRICE, 1),
    ]  # fmt: skip
    made = {one["line_id"]: one for one in await lines_of(workshop)}
    assert [made[name]["answers"]["colour"] for name in "abc"] == ["black", "red", "black"]
    assert len({one["quote_id"] for one in made.values()}) == 3


async def test_c5_a_line_that_no_longer_names_its_quote_keeps_it(workshop: ShopClient) -> None:
    quoted = await ordered(workshop)
    before = await raw_lines(workshop)
    plain = {name: value for name, value in line(quoted).items() if name != "quote_id"}
    assert (await push(workshop, "o1", plain, status="shipped")).json()["result"] == "updated"
    assert await raw_lines(workshop) == before
    assert (await workshop.api.get("/v1/orders/o1")).json()["lines"][0]["quote_id"] == quoted["quote_id"]

    cheaper = check_problem(await push(workshop, "o1", plain | {"unit_price_minor": 1}), 422)
    assert cheaper["errors"][0]["field"] == "lines[0].unit_price_minor"
    other = await quote(workshop, answers={"colour": "red"})
    swapped = check_problem(await push(workshop, "o1", line(other)), 422)
    assert swapped["errors"][0]["field"] == "lines[0].quote_id"
    assert await raw_lines(workshop) == before


async def test_c5_a_line_that_the_order_gives_up_is_no_longer_to_be_made(workshop: ShopClient) -> None:
    first, second = await quote(workshop), await quote(workshop)
    await push(workshop, "o1", line(first, "a"), line(second, "b"))
    await push(workshop, "o1", line(first, "a"))

    assert [(one["line_id"], one["quantity"]) for one in await lines_of(workshop)] == [("a", 1), ("b", 0)]
    sheet = (await workshop.api.get("/v1/production-sheets/o1", params={"format": "csv"})).text
    assert {row.split(",")[1] for row in sheet.splitlines()[1:]} == {"a"}


WRONG: list[tuple[Document, Document, str]] = [
    ({"unit_price_minor": 1}, {}, "lines[0].unit_price_minor"), ({"product_id": "belt"}, {}, "lines[0].product_id"),
    ({}, {"currency": "USD"}, "currency"), ({}, {"shopper_id": "other"}, "shopper_id"),
    ({}, {"shopper_id": "new-to-us"}, "shopper_id"), ({}, {"shopper_id": None}, "shopper_id"),
    ({"quote_id": NO_QUOTE}, {}, "lines[0].quote_id"), ({"quote_id": "forged"}, {}, "lines[0].quote_id"),
    ({"quote_id": None}, {}, "lines[0].quote_id"), ({"configuration_id": "cfg_1"}, {}, "lines[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "more", "field"), WRONG, ids=lambda part: str(part)[:40])
async def test_c5_a_forged_line_is_refused_with_the_field_and_nothing_is_stored(
    workshop: ShopClient, fields: Document, more: Document, field: str
) -> None:
    await workshop.push("shoppers", [{"id": "other"}])
    quoted = await quote(workshop)
    problem = check_problem(await push(workshop, "o1", line(quoted, **fields), **more), 422)

    assert problem["errors"][0]["field"] == field
    check_problem(await workshop.api.get("/v1/orders/o1"), 404)
    check_problem(await workshop.api.get("/v1/made-lines/o1"), 404)
    check_problem(await workshop.api.get("/v1/shoppers/new-to-us"), 404)
    assert (await push(workshop, "o1", line(quoted))).status_code == 200


async def test_c5_in_a_batch_only_the_wrong_order_is_refused(workshop: ShopClient) -> None:
    good, forged = await quote(workshop), await quote(workshop)
    orders = [
        made_order(workshop, "good", line(good)), made_order(workshop, "forged", line(forged, unit_price_minor=1)),
        made_order(workshop, "plain", {"product_id": "mug", "quantity": 1, "unit_price_minor": 4000}),
    ]  # fmt: skip
    answer = (await workshop.push("orders", orders)).json()

    assert (answer["created"], answer["rejected"]) == (2, 1)
    refused = [(one["id"], one["errors"][0]["field"]) for one in answer["rows"] if one["result"] == "rejected"]
    assert refused == [("forged", "lines[0].unit_price_minor")]


async def test_c5_a_quote_serves_one_line_only(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    twice = check_problem(await push(workshop, "o1", line(quoted, "a"), line(quoted, "b")), 422)
    assert twice["errors"][0]["field"] == "lines[1].quote_id"
    answers = await asyncio.gather(*(push(workshop, f"o{n}", line(quoted)) for n in range(8)))

    assert sorted(one.status_code for one in answers) == [200, *[422] * 7]
    late = check_problem(await push(workshop, "late", line(quoted)), 422)
    assert "a quote is for one line" in late["detail"]


async def test_c5_a_quote_that_had_expired_when_it_was_ordered_is_refused(workshop: ShopClient) -> None:
    quoted, stale = await quote(workshop), await quote(workshop)
    in_time = made_order(workshop, "o1", line(quoted))
    workshop.service.clock.ahead = timedelta(days=15)

    # Told late, and ordered in time.
    assert (await workshop.api.put("/v1/orders/o1", json=in_time)).status_code == 200
    problem = check_problem(await push(workshop, "o2", line(stale)), 422)
    assert "had expired" in problem["errors"][0]["reason"]


async def test_c5_measures_that_are_gone_or_no_longer_allowed_are_not_ordered(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))
    withdrawn = check_problem(await push(workshop, "o1", line(quoted)), 422)
    assert "no longer agrees" in withdrawn["errors"][0]["reason"]
    await agree(workshop, "mei", at=MONDAY + timedelta(days=2))
    await workshop.api.delete("/v1/measurement-profiles/feet")
    await measure_feet(workshop, 2700, 2710)

    # A profile of the same id that is told anew is another one.
    gone = check_problem(await push(workshop, "o1", line(quoted)), 422)
    assert "no longer on record" in gone["errors"][0]["reason"]


async def test_c5_a_line_is_ordered_by_the_measures_that_were_quoted(workshop: ShopClient) -> None:
    quoted = await quote(workshop)
    await measure_feet(workshop, 2501, 2502)
    await push(workshop, "o1", line(quoted))

    assert lengths((await lines_of(workshop))[0])["foot_length", "left"] == LEFT


async def test_c5_nobody_deletes_measures_while_they_are_being_ordered(workshop: ShopClient) -> None:
    quoted, now = await quote(workshop), workshop.service.clock()
    told = ToldLine("o1", "1", 0, UUID(quoted["quote_id"]), "oxford", quoted["price_minor"], "EUR", "mei", now)
    async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
        assert (await check_lines(conn, [told])).refused == {}
        deleting = asyncio.create_task(workshop.api.delete("/v1/measurement-profiles/feet"))
        assert (await asyncio.wait([deleting], timeout=0.5))[0] == set()

    assert (await deleting).status_code == 204


async def test_c5_a_line_that_crosses_the_deletion_of_its_profile_has_all_its_measures_or_is_refused(
    workshop: ShopClient,
) -> None:
    for name in ("o1", "o2", "o3", "o4", "o5"):
        quoted = await quote(workshop)
        pushed, deleted = await asyncio.gather(
            push(workshop, name, line(quoted)), workshop.api.delete("/v1/measurement-profiles/feet")
        )
        assert deleted.status_code == 204
        if pushed.status_code == 200:
            assert len((await lines_of(workshop, name))[0]["measurements"]) == 4
        else:
            assert "no longer on record" in check_problem(pushed, 422)["errors"][0]["reason"]
        await measure_feet(workshop)


async def test_c5_measures_are_masked_and_revealing_them_is_audited(workshop: ShopClient) -> None:
    await ordered(workshop)
    masked = (await workshop.api.get("/v1/made-lines/o1")).json()["items"][0]
    assert {one["value_tenth_mm"] for one in masked["measurements"]} == {None}
    await raw_lines(workshop)

    async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
        rows = await conn.fetch("select subject, details from audit_log where action = 'reveal made lines of order'")
    assert [tuple(row) for row in rows] == [("o1", {})]
    check_problem(await workshop.api.get("/v1/made-lines/o1", params={"reveal": "perhaps"}), 400)


async def test_c5_without_consent_measures_are_seen_only_while_they_are_needed(workshop: ShopClient) -> None:
    quoted = await ordered(workshop)
    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))
    assert lengths((await lines_of(workshop))[0])["foot_length", "left"] == LEFT
    await push(workshop, "o1", line(quoted), status="completed")

    answer = await workshop.api.get("/v1/made-lines/o1", params={"reveal": "true"})
    assert check_problem(answer, 409)["type"].endswith("/measurements_not_allowed")
    assert (await workshop.api.get("/v1/made-lines/o1")).status_code == 200


async def test_c5_made_lines_and_quotes_are_each_tenants_own(workshop: ShopClient, other_shop: ShopClient) -> None:
    quoted = await ordered(workshop)

    check_problem(await other_shop.api.get("/v1/made-lines/o1"), 404)
    check_problem(await other_shop.api.get("/v1/production-sheets/o1"), 404)
    body = {"order_id": "o1", "line_id": "1"}
    check_problem(await other_shop.api.post("/v1/quotes:reorder", json=body), 404)
    stolen = await other_shop.api.put("/v1/orders/o1", json=made_order(other_shop, "o1", line(quoted)))
    assert check_problem(stolen, 422)["errors"][0]["field"] == "lines[0].quote_id"
    assert (await ask_page(other_shop, "made-orders")).json() == {"items": []}


async def test_c5_lines_and_quotes_follow_a_merge_and_its_undo(workshop: ShopClient) -> None:
    await workshop.push("shoppers", [{"id": "twin"}])
    await ordered(workshop)
    waiting = await quote(workshop)
    merged = (await workshop.api.post("/v1/merges", json={"keep": "twin", "absorb": "mei"})).json()["merge_id"]

    assert [one["order_id"] for one in (await ask_page(workshop, "made-orders", "twin")).json()["items"]] == ["o1"]
    assert (await push(workshop, "o2", line(waiting), shopper_id="twin")).status_code == 200
    late = await quote(workshop)
    assert late["shopper_id"] == "twin"
    assert (await workshop.api.post(f"/v1/merges/{merged}/undo")).status_code == 200
    assert (await workshop.api.get(f"/v1/quotes/{late['quote_id']}")).json()["shopper_id"] == "mei"


async def test_c5_an_erased_shoppers_lines_and_quotes_are_gone_and_their_sums_stay(workshop: ShopClient) -> None:
    await ordered(workshop, answers=CHOSEN)
    waiting = await quote(workshop)
    body = made_order(workshop, "o1", line(waiting))
    erased = (await workshop.api.post("/v1/erasures", json={"shopper_id": "mei"})).json()["counts"]
    assert (erased["made_lines"], erased["quotes"]) == (1, 2)

    check_problem(await workshop.api.get("/v1/made-lines/o1"), 404)
    check_problem(await workshop.api.get(f"/v1/quotes/{waiting['quote_id']}"), 404)
    assert (await workshop.api.put("/v1/orders/o1", json=body)).json()["result"] == "updated"
    stored = (await workshop.api.get("/v1/orders/o1")).json()
    assert stored["shopper_id"] is None
    assert "quote_id" not in stored["lines"][0]


async def test_c5_an_order_with_a_made_line_stays_its_shoppers(workshop: ShopClient) -> None:
    await workshop.push("shoppers", [{"id": "other"}])
    quoted = await ordered(workshop)

    for shopper in ("other", "new-to-us", None):
        refused = check_problem(await push(workshop, "o1", line(quoted), shopper_id=shopper), 422)
        assert refused["errors"][0]["field"] == "shopper_id"
    assert (await ask_page(workshop, "made-orders", "other")).json() == {"items": []}


async def test_c5_what_was_made_for_a_deleted_shopper_is_gone(workshop: ShopClient) -> None:
    await ordered(workshop)
    assert (await workshop.api.delete("/v1/shoppers/mei")).status_code == 204

    check_problem(await workshop.api.get("/v1/made-lines/o1"), 404)
    assert (await workshop.api.get("/v1/orders/o1")).json()["shopper_id"] is None


async def test_c5_quotes_go_in_time_and_what_was_ordered_stays(workshop: ShopClient) -> None:
    service = workshop.service
    quoted = await quote(workshop)
    body = made_order(workshop, "o1", line(quoted))
    await workshop.api.put("/v1/orders/o1", json=body)
    before = await raw_lines(workshop)
    for days, status in ((14 + 89, 200), (14 + 91, 404)):
        service.clock.ahead = timedelta(days=days)
        await keep_retention(service.db, store(workshop), workshop.keys.tenant_id, clock=service.clock)
        assert (await workshop.api.get(f"/v1/quotes/{quoted['quote_id']}")).status_code == status

    assert await raw_lines(workshop) == before
    assert (await workshop.api.put("/v1/orders/o1", json=body | {"status": "paid"})).json()["result"] == "updated"
    check_problem(await push(workshop, "o2", line(quoted)), 422)


async def test_c5_who_was_erased_is_quoted_nothing(workshop: ShopClient) -> None:
    await workshop.api.post("/v1/erasures", json={"shopper_id": "mei"})

    refused = check_problem(await ask_page(workshop, product="belt"), 422)
    assert refused["errors"][0]["field"] == "token"
    check_problem(await workshop.api.post("/v1/quotes", json={"product_id": "belt", "shopper_id": "mei"}), 404)
    check_problem(await ask_page(workshop, "quotes:reorder", order="o1", line="1"), 404)
