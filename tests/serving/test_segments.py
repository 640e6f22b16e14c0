"""Shoppers who have bought nothing yet: shown what shoppers alike buy, in place of what everybody buys."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.orders import Orders
from recommender.serving.session import NOTHING, Session
from tenants.consent import Choices
from tenants.placements import Placement, Strategy
from tests.serving.shops import NOW, make_model, open_live, product
from widgets.slots import Slot, Viewer, fill

IDS = ("boots", "brush", "coat", "drill", "grease", "laces", "sandals", "socks")
MODEL = make_model(
    IDS,
    {"ann": ("laces", "socks")},
    similar={"boots": ("sandals",)},
    segments={"job=cook": ("grease", "brush"), "job=nurse": ("socks", "sandals", "boots")},
    cold={"cy": "job=cook", "nia": "job=nurse"},
    durable=("boots",),
)


def placed(strategy: Strategy, **fields: Any) -> LiveTenant:
    made = open_live([product(one) for one in IDS], MODEL)
    made.placements = {"place": Placement(id="place", strategy=strategy, heading="Heading", **fields)}
    return made


def ask(shop: LiveTenant, shopper: str | None, session: Session = NOTHING, limit: int = 3) -> dict[str, Any]:
    viewer = Viewer(shopper, session)
    answer = msgspec.json.decode(fill(shop, Orders(), (Slot(name="place", limit=limit),), viewer, now=NOW))
    found: dict[str, Any] = answer["slots"][0]
    return found


def ids(slot: dict[str, Any]) -> Sequence[str]:
    return [card["id"] for card in slot["products"]]


@pytest.mark.parametrize("strategy", ["for_you", "discover"])
def test_r4_who_bought_nothing_is_shown_what_shoppers_alike_buy(strategy: Strategy) -> None:
    shop = placed(strategy)
    cook, nurse = ask(shop, "cy"), ask(shop, "nia")
    assert (cook["source"], ids(cook)) == ("segment", ["grease", "brush", "boots"])
    assert (nurse["source"], ids(nurse)) == ("segment", ["socks", "sandals", "boots"])
    assert nurse["heading"] == "Heading"


def test_r4_the_reason_names_neither_attribute_nor_value() -> None:
    card = ask(placed("for_you"), "nia", limit=1)["products"][0]
    assert card["reason"] == {"code": "liked_by_similar_shoppers", "text": "Liked by shoppers like you"}
    assert "nurse" not in str(card)


def test_r4_known_shoppers_and_strangers_have_no_segment() -> None:
    shop = placed("for_you")
    assert [ask(shop, one)["source"] for one in ("ann", "nobody", None)] == ["model", "popular", "popular"]


def test_r4_a_session_says_more_than_shoppers_alike_and_both_are_heard() -> None:
    slot = ask(placed("for_you"), "nia", Session(viewed=("boots",)))
    reasons = {card["id"]: card["reason"]["code"] for card in slot["products"]}
    assert (slot["source"], ids(slot)[:2]) == ("session", ["sandals", "socks"])
    assert reasons["sandals"] == "because_you_viewed"
    assert reasons["socks"] == "liked_by_similar_shoppers"


def test_r4_a_session_of_unknown_products_leaves_shoppers_alike() -> None:
    assert ask(placed("for_you"), "nia", Session(viewed=("never-heard-of",)))["source"] == "segment"


def test_r4_what_was_just_bought_is_gone_from_the_segments_list() -> None:
    assert "boots" not in ids(ask(placed("for_you"), "nia", Session(bought=("boots",)), limit=8))


def test_r4_a_shopper_who_does_not_want_it_has_no_segment() -> None:
    shop = placed("for_you")
    shop.choices = Choices(by_default=True, exceptions=frozenset({"nia"}))
    shop.touch()
    assert (ask(shop, "nia")["source"], ask(shop, "cy")["source"]) == ("popular", "segment")


def test_r4_a_merged_shopper_keeps_the_segment_under_either_id() -> None:
    shop = placed("for_you")
    shop.aliases = {"old-nia": "nia", "cy": "cyril"}
    shop.touch()
    assert ids(ask(shop, "old-nia"))[0] == "socks"
    assert ids(ask(shop, "cy"))[0] == "grease"


def test_r4_a_strict_place_holds_the_segments_list_alone_and_rules_hold() -> None:
    shop = placed("for_you", strict=True)
    assert ids(ask(shop, "nia", limit=8)) == ["socks", "sandals", "boots"]
    shop.catalogue.put([product("sandals", offered=False)])
    assert ids(ask(shop, "nia", limit=8)) == ["socks", "boots"]


def test_r4_the_same_question_has_the_same_answer() -> None:
    assert ask(placed("for_you"), "nia") == ask(placed("for_you"), "nia")
