"""The demand board: live units by variant and state, the way to the minimum, and whether to make it (P7)."""

from datetime import datetime, timedelta

import pytest

from tests.campaigns.merchant import held_units, join, later, reserve, store, tick, transition
from tests.demand.boards import board, launch_sized
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def test_p7_units_stand_by_variant_size_and_option_and_by_both_states(shop: ShopClient) -> None:
    await launch_sized(shop)
    await join(shop, variant_id="red-42", quantity=2)
    await reserve(shop, variant_id="red-42", quantity=3)
    await join(shop, variant_id="red-43", quantity=4)
    await join(shop, variant_id="blue", quantity=1)
    await join(shop, product_id="p2", quantity=5)

    told = await board(shop)

    assert [(one["variant_id"], one["size"], one["options"], one["units"]) for one in told["rows"]] == [
        ("blue", None, {"colour": "blue"}, 1),
        ("red-42", "42", {"colour": "red", "lined": "true"}, 5),
        ("red-43", "43", {"colour": "red"}, 4),
        (None, None, {}, 5),
    ]
    red = told["rows"][1]
    assert (red["title"], red["variant_title"]) == ("Product p1", "Red")
    assert (red["fulfilment"], red["payment"]) == ({"joined": 2, "reserved": 3}, {"paid": 2, "none": 3})
    assert told["sizes"] == {"42": 5, "43": 4}
    assert (told["fulfilment"], told["payment"]) == ({"joined": 12, "reserved": 3}, {"paid": 12, "none": 3})
    assert told["units"] == await held_units(shop) == 15


async def test_p7_what_was_cancelled_or_ran_out_is_on_no_board(shop: ShopClient) -> None:
    await launch_sized(shop)
    gone = await join(shop, variant_id="blue", quantity=7)
    await join(shop, variant_id="red-42")
    await reserve(shop, variant_id="red-43", quantity=9)
    assert (
        await shop.api.post("/v1/preorders:move", json={"id": gone["preorder_id"], "to": "cancelled"})
    ).status_code == 200

    with later(shop, hours=1):
        await tick(shop)
        told = await board(shop)

    assert [(one["variant_id"], one["units"]) for one in told["rows"]] == [("red-42", 1)]
    assert told["units"] == await held_units(shop) == 1


async def test_p7_it_is_no_go_until_the_minimum_is_joined_and_reservations_do_not_count(shop: ShopClient) -> None:
    await launch_sized(shop, minimum_units=4)
    await join(shop, product_id="p2", quantity=3)
    await reserve(shop, product_id="p2", quantity=5)
    short = await board(shop)
    await join(shop, product_id="p2", quantity=1)
    enough = await board(shop)

    assert (short["decision"], short["decided"], enough["decision"]) == ("no_go", False, "go")
    assert short["minimum"] == {
        "minimum_units": 4, "basis": "pledged", "counted_units": 3, "missing_units": 1, "reached_basis_points": 7500,
    }  # fmt: skip
    assert (enough["minimum"]["missing_units"], enough["minimum"]["reached_basis_points"]) == (0, 10_000)


async def test_p7_by_the_basis_collected_only_taken_money_counts(shop: ShopClient) -> None:
    await launch_sized(shop, minimum_units=2, basis="collected", payment={"mode": "deposit", "deposit_minor": 100})
    await join(shop, product_id="p2", quantity=1)
    await reserve(shop, product_id="p2", quantity=4)

    told = await board(shop)

    assert (told["minimum"]["basis"], told["minimum"]["counted_units"], told["decision"]) == ("collected", 1, "no_go")


async def test_p7_once_decided_the_board_says_what_was_decided(shop: ShopClient) -> None:
    await launch_sized(shop, "c1", minimum_units=2)
    await launch_sized(shop, "c2", minimum_units=2)
    await join(shop, "c1", product_id="p2", quantity=2)
    await join(shop, "c2", product_id="p2", quantity=1)

    with later(shop, days=8):
        await tick(shop)
        await tick(shop)
        made, failed = await board(shop, "c1"), await board(shop, "c2")

    assert [(one["state"], one["decision"], one["decided"]) for one in (made, failed)] == [
        ("confirmed", "go", True),
        ("failed", "no_go", True),
    ]
    assert (made["forecast"]["method"], made["forecast"]["units"]) == ("final", 2)
    assert failed["units"] == 0


async def test_p7_with_few_joins_and_no_history_the_board_does_not_guess(shop: ShopClient) -> None:
    await launch_sized(shop)
    await join(shop, product_id="p2")

    told = (await board(shop))["forecast"]

    assert told["method"] == "insufficient_data"
    assert (told["units"], told["low"], told["high"], told["chance_of_minimum"]) == (None, None, None, None)
    assert (told["joins"], told["past_campaigns"]) == (1, 0)


async def test_p7_a_campaign_without_an_end_by_date_has_no_forecast(shop: ShopClient) -> None:
    await launch_sized(shop, ends_at=None, caps={"total": 100})
    for _ in range(10):
        await join(shop, product_id="p2")

    told = (await board(shop))["forecast"]

    assert (told["method"], told["elapsed_basis_points"], told["joins"]) == ("insufficient_data", None, 10)


async def test_p7_ten_joins_of_a_steady_campaign_foretell_its_end(shop: ShopClient) -> None:
    await launch_sized(shop, minimum_units=11, ends_at=(shop.service.clock() + timedelta(hours=9)).isoformat())
    for hours in range(1, 5):
        with later(shop, hours=hours):
            for _ in range(3):
                await join(shop, product_id="p2")

    with later(shop, hours=4):
        told = (await board(shop))["forecast"]

    assert (told["method"], told["joins"]) == ("own_curve", 12)
    assert told["elapsed_basis_points"] == pytest.approx(5000, abs=2)
    assert 12 <= told["low"] <= told["units"] <= told["high"]
    assert told["high"] > 20
    assert told["chance_of_minimum"] == 1


async def test_p7_past_campaigns_that_ran_to_their_end_shape_the_forecast(shop: ShopClient) -> None:
    end = (shop.service.clock() + timedelta(hours=3)).isoformat()
    for name in ("a", "b", "c", "stopped"):
        await launch_sized(shop, name, ends_at=end)
        for hours in (0, 2, 2.1, 2.2):
            with later(shop, hours=hours):
                await join(shop, name, product_id="p2")
    await transition(shop, "closed", "stopped")
    with later(shop, hours=4):
        await tick(shop)
        await tick(shop)
    await launch_sized(shop, "now", ends_at=end)
    for _ in range(8):
        await join(shop, "now", product_id="p2")

    with later(shop, hours=1):
        told = (await board(shop, "now"))["forecast"]

    # Each of the three had one of four joins by half time.
    assert (told["method"], told["past_campaigns"]) == ("past_campaigns", 3)
    assert told["low"] < told["units"] < told["high"]
    assert 12 <= told["units"] <= 40


async def test_p7_a_draft_has_an_empty_board_and_an_unknown_campaign_none(shop: ShopClient) -> None:
    await store(shop, {"id": "c1"})

    told = await board(shop)

    assert (told["units"], told["rows"], told["forecast"]["method"]) == (0, [], "insufficient_data")
    assert datetime.fromisoformat(told["at"]).tzinfo is not None
    check_problem(await shop.api.get("/v1/campaigns-demand/c2"), 404)
    check_problem(await shop.page.get("/v1/campaigns-demand/c1"), 401)
