"""What a preorder froze: the sums of the board and the pieces of the maker, whatever is edited later (P7)."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import asyncpg
import pytest

from tenants.keys import open_key
from tests.campaigns.merchant import held_units, join, pay, settle
from tests.demand.boards import ALL, SIZED, board, launch_sized
from tests.made_campaigns.workshop import CHOSEN, frozen, launch_made, pieces, reserve_made
from tests.made_orders.shoemaker import LEFT, RIGHT, SHOE, lengths, measure_feet, quote
from tests.options.shoes import publish_at
from tests.record_book.shoemaker import agree
from tests.support.problems import check_problem
from tests.support.shop import MONDAY, Document, ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.fixture
async def workshop(shop: ShopClient) -> AsyncIterator[ShopClient]:
    await launch_made(shop)
    yield shop
    shop.service.clock.ahead = timedelta()


async def test_p7_a_made_preorder_is_frozen_as_it_was_quoted(workshop: ShopClient) -> None:
    quoted = await quote(workshop, answers=CHOSEN)
    made = await frozen(workshop, await reserve_made(workshop, quoted, quantity=2))

    same = ("quote_id", "product_id", "document_id", "version", "configuration_id", "answers", "summary", "price_minor")
    assert {name: made[name] for name in (*same, "withdrawal")} == {
        name: quoted[name] for name in (*same, "withdrawal")
    }
    assert (made["quantity"], made["product_title"], made["shopper_id"]) == (2, "Oxford of cloth", "mei")
    assert lengths(made) == {
        ("foot_length", "left"): LEFT, ("foot_length", "right"): RIGHT, ("ball_girth", "left"): 2318,
        ("ball_girth", "right"): 2326,
    }  # fmt: skip


async def test_p7_editing_everything_later_leaves_the_copy_byte_identical(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop)
    address = f"/v1/made-preorders/{preorder['preorder_id']}"
    await settle(workshop, preorder, "paid", preorder["total_minor"])
    before = (await workshop.api.get(address, params={"reveal": "true"})).content
    told = await board(workshop)

    await measure_feet(workshop, 2501, 2502)
    await publish_at(workshop, SHOE | {"base_lead_days": 30, "rules": []})
    await workshop.stock("oxford", price_minor=1, title="Another shoe")
    await workshop.api.put("/v1/withdrawal-notice", json={"texts": {"en": "Another one."}})
    assert (await workshop.api.delete("/v1/measurement-profiles/feet")).status_code == 204

    assert (await workshop.api.get(address, params={"reveal": "true"})).content == before
    assert (await board(workshop))["rows"] == told["rows"]


@pytest.mark.parametrize(
    "act",
    [
        "update made_preorders set price_minor = 1", "update made_preorders set measurements = '[]'",
        "update preorders set quote_id = null", "update preorders set attributes = '{}'",
        "update preorders set terms_version = 'v2'", "update preorders set agreed_at = now()",
        "update campaigns set document = jsonb_set(document, '{terms,en}', '\"Other.\"')",
    ],
)  # fmt: skip
async def test_p7_what_was_agreed_to_cannot_be_changed_even_by_hand(workshop: ShopClient, act: str) -> None:
    await reserve_made(workshop)
    with pytest.raises(asyncpg.RaiseError, match=r"stays? as (it is|they are)"):
        async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
            await conn.execute(act)


async def test_p7_measures_are_masked_and_revealing_them_is_audited(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop)
    masked = await frozen(workshop, preorder, reveal="false")
    assert {one["value_tenth_mm"] for one in masked["measurements"]} == {None}
    await frozen(workshop, preorder)

    async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
        rows = await conn.fetch("select subject, details from audit_log where action = 'reveal made preorder'")
        key = await open_key(conn, "secret", scopes=["preorders:read"])
    assert [tuple(row) for row in rows] == [(preorder["preorder_id"], {})]
    headers, address = {"Authorization": f"Bearer {key.secret}"}, f"/v1/made-preorders/{preorder['preorder_id']}"
    assert (await workshop.page.get(address, headers=headers)).status_code == 200
    check_problem(await workshop.page.get(address, headers=headers, params={"reveal": "true"}), 403)


async def test_p7_without_consent_measures_are_seen_only_while_the_piece_is_to_be_made(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop)
    await settle(workshop, preorder, "paid", preorder["total_minor"])
    await agree(workshop, "mei", granted=False, at=MONDAY + timedelta(days=1))
    assert lengths(await frozen(workshop, preorder))["foot_length", "left"] == LEFT
    move = {"id": preorder["preorder_id"], "to": "cancelled"}
    assert (await workshop.api.post("/v1/preorders:move", json=move)).status_code == 200

    address = f"/v1/made-preorders/{preorder['preorder_id']}"
    answer = await workshop.api.get(address, params={"reveal": "true"})
    assert check_problem(answer, 409)["type"].endswith("/measurements_not_allowed")
    assert (await workshop.api.get(address)).status_code == 200


async def test_p7_the_board_counts_by_option_and_tells_no_text_of_a_shopper(workshop: ShopClient) -> None:
    await reserve_made(workshop, quantity=2)
    await reserve_made(workshop, await quote(workshop, answers={"colour": "red"}), quantity=3)
    other = await reserve_made(workshop, await quote(workshop, answers={"sole": "rubber", "initials": "XY"}))
    await pay(workshop, other)
    await join(workshop, product_id="mug", quantity=4)
    told = await board(workshop)

    assert [(one["product_id"], one["options"], one["units"]) for one in told["rows"]] == [
        ("mug", {}, 4), ("oxford", {"colour": "red", "sole": "cloth"}, 3),
        ("oxford", {"colour": "black", "sole": "rubber"}, 3),
    ]  # fmt: skip
    assert told["options"] == {"sole": {"rubber": 3, "cloth": 3}, "colour": {"black": 3, "red": 3}}
    assert told["units"] == await held_units(workshop) == 10
    assert "XY" not in str(told)


@pytest.mark.parametrize("seed", range(3))
async def test_p7_the_size_split_is_a_group_by_over_frozen_copies(shop: ShopClient, seed: int) -> None:
    """While the merchant renames sizes between one preorder and the next."""
    random, expected = Random(seed), Counter[str]()
    await launch_sized(shop, products=[ALL[0]])
    sizes = {one["id"]: str(size) for one in SIZED if (size := _size(one)) is not None}
    for number in range(8):
        variant, units = random.choice([*sizes]), random.randint(1, 3)
        await join(shop, variant_id=variant, quantity=units)
        expected[sizes[variant]] += units
        renamed = random.choice([*sizes])
        sizes[renamed] = f"{renamed} new {number}"
        variants = [one | {"attributes": {"size": sizes.get(one["id"], "")}} for one in SIZED]
        await shop.stock("p1", variants=variants)

    told = await board(shop)
    assert {size: units for size, units in told["sizes"].items() if size} == dict(expected)
    assert sum(one["units"] for one in told["rows"]) == told["units"] == await held_units(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch(
            """
            select coalesce(attributes ->> 'size', attributes ->> 'Size') as size, sum(quantity)::bigint as units
            from preorders
            group by 1
            """
        )
    assert {row["size"]: row["units"] for row in rows if row["size"] in expected} == dict(expected)


def _size(variant: Document) -> object:
    return next((value for name, value in variant["attributes"].items() if name.lower() == "size"), None)


async def test_p7_another_variant_is_frozen_anew(shop: ShopClient) -> None:
    await launch_sized(shop, payment={"mode": "card_saved"}, basis="pledged")
    answer = await shop.api.post("/v1/preorders", json={
        "campaign_id": "c1", "product_id": "p1", "variant_id": "red-42", "quantity": 1, "terms_version": "v1",
        "shopper_id": None, "guest_email": "g@x.example",
    })  # fmt: skip
    link = await shop.api.post("/v1/preorders:link", json={"id": answer.json()["preorder_id"]})
    body = {"key": shop.keys.publishable.secret, "link": link.json()["url"].rpartition("/")[2], "variant": "red-43"}
    assert (await shop.page.post("/public/v1/preorders:change", json=body)).status_code == 200
    await shop.stock("p1", variants=[])

    assert (await board(shop))["sizes"] == {"43": 1}


async def test_p7_a_supplier_reads_options_and_measures_and_not_whose_they_are(workshop: ShopClient) -> None:
    preorder = await reserve_made(workshop, quantity=2)
    await pay(workshop, preorder)
    rows = await pieces(workshop)

    found = {(one["kind"], one["name"], one["side"]): (one["value"], one["unit"]) for one in rows}
    assert found == {
        ("option", "sole", ""): ("Rubber", ""), ("option", "colour", ""): ("Black", ""),
        ("option", "initials", ""): ("ML", ""), ("measure", "foot_length", "left"): ("245.3", "mm"),
        ("measure", "foot_length", "right"): ("246.7", "mm"), ("measure", "ball_girth", "left"): ("231.8", "mm"),
        ("measure", "ball_girth", "right"): ("232.6", "mm"),
    }  # fmt: skip
    assert {(one["piece"], one["quantity"], one["status"]) for one in rows} == {
        (preorder["preorder_id"], "2", "joined")
    }
    assert not {"shopper", "person"} & {*rows[0]}
    assert "mei" not in str(rows)
    assert str(preorder["total_minor"]) not in str(rows)
    assert {one["label"] for one in await pieces(workshop, locale="zh") if one["name"] == "sole"} == {"鞋底"}


async def test_p7_the_merchant_reads_whose_each_piece_is(workshop: ShopClient) -> None:
    await measure_feet(workshop, 1803, 1809, id="lins-feet", person_id="lin", source="self")
    hers = await reserve_made(workshop)
    lins = await reserve_made(workshop, await quote(workshop, person_id="lin"))
    rows = await pieces(workshop, shoppers="true")

    assert {(one["piece"], one["shopper"], one["person"]) for one in rows} == {
        (hers["preorder_id"], "mei", ""), (lins["preorder_id"], "mei", "lin"),
    }  # fmt: skip
    assert [one["value"] for one in rows if one["piece"] == lins["preorder_id"] and one["name"] == "foot_length"] == [
        "180.3", "180.9",
    ]  # fmt: skip


async def test_p7_a_makers_key_reads_pieces_and_not_whose_they_are(workshop: ShopClient) -> None:
    await reserve_made(workshop)
    async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
        key = await open_key(conn, "secret", scopes=["production:read"])
    headers, address = {"Authorization": f"Bearer {key.secret}"}, "/v1/campaigns-pieces/c1"

    assert (await workshop.page.get(address, headers=headers)).status_code == 200
    check_problem(await workshop.page.get(address, headers=headers, params={"shoppers": "true"}), 403)
    check_problem(await workshop.api.get(address, params={"shoppers": "perhaps"}), 400)
    check_problem(await workshop.page.get(address), 401)
    check_problem(await workshop.api.get("/v1/campaigns-pieces/c2"), 404)
    async with workshop.service.db.tenant(workshop.keys.tenant_id) as conn:
        rows = await conn.fetch("select subject from audit_log where action = 'read pieces of campaign'")
    assert [row["subject"] for row in rows] == ["c1"]


async def test_p7_a_spreadsheet_runs_nothing_that_a_shopper_had_engraved(workshop: ShopClient) -> None:
    belt = await quote(workshop, product_id="belt", answers={"engraving": "=1+1"})
    await reserve_made(workshop, belt, product_id="belt")

    assert [one["value"] for one in await pieces(workshop) if one["name"] == "engraving"] == ["'=1+1"]


async def test_p7_a_campaign_without_made_preorders_has_a_header_of_pieces(workshop: ShopClient) -> None:
    await join(workshop, product_id="mug")
    answer = await workshop.api.get("/v1/campaigns-pieces/c1")

    assert answer.content.decode("utf-8-sig").strip().split(",")[-1] == "unit"
    assert await pieces(workshop) == []
