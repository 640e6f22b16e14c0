"""Strategies: which products each shows, why, and what it falls back on."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import MOST_LOOKS, Need
from recommender.serving.newcomers import find_newcomers
from recommender.serving.orders import Orders
from recommender.serving.session import NOTHING, Session
from tenants.placements import Placement, Strategy
from tests.serving.shops import MONDAY, NOW, make_model, open_live, product
from widgets.slots import Slot, Viewer, fill

IDS = ("boots", "brush", "coat", "drill", "grease", "laces", "sandals", "socks")
MODEL = make_model(
    IDS,
    {"ann": ("laces", "socks", "coat", "boots"), "bo": ("drill", "coat")},
    because={"ann": ("laces", "boots", "boots", "boots")},
    bought={"ann": ("boots", "laces"), "bo": ("drill",)},
    buy_again={"ann": ("laces",)},
    similar={"boots": ("sandals",), "sandals": ("boots", "socks"), "coat": ("socks",)},
    together={"boots": ("grease", "brush"), "laces": ("brush",)},
    durable=("boots", "coat", "drill"),
)


def live(**placements: Placement) -> LiveTenant:
    made = open_live([product(one) for one in IDS], MODEL)
    made.placements = {**made.placements, **placements}
    return made


def placed(strategy: Strategy, **fields: Any) -> LiveTenant:
    return live(place=Placement(id="place", strategy=strategy, heading="Heading", **fields))


def ask(shop: LiveTenant, *, shopper: str | None = None, session: Session = NOTHING, **slot: Any) -> dict[str, Any]:
    viewer = Viewer(shopper, session)
    answer = msgspec.json.decode(fill(shop, Orders(), (Slot(name="place", **slot),), viewer, now=NOW))
    found: dict[str, Any] = answer["slots"][0]
    return found


def ids(slot: dict[str, Any]) -> list[str]:
    return [card["id"] for card in slot["products"]]


def reasons(slot: dict[str, Any]) -> dict[str, str]:
    return {card["id"]: card["reason"]["text"] for card in slot["products"]}


def test_r2_for_you_is_the_shoppers_own_list_and_a_durable_that_was_bought_is_gone() -> None:
    slot = ask(placed("for_you"), shopper="ann", limit=3)
    assert (slot["source"], ids(slot)) == ("model", ["laces", "socks", "coat"])


def test_r6_a_reason_names_the_shoppers_own_purchase() -> None:
    told = reasons(ask(placed("for_you"), shopper="ann", limit=3))
    assert told == {
        "laces": "You bought this before",
        "socks": "Because you bought Product boots",
        "coat": "Because you bought Product boots",
    }


def test_r2_discover_never_shows_what_the_shopper_bought() -> None:
    slot = ask(placed("discover"), shopper="ann", limit=8)
    assert (slot["source"], ids(slot)[:2]) == ("model", ["socks", "coat"])
    assert not {"laces", "boots"} & set(ids(slot))


def test_r2_buy_again_shows_what_is_bought_again_but_not_what_was_just_bought() -> None:
    shop = placed("buy_again", strict=True)
    assert ids(ask(shop, shopper="ann")) == ["laces"]
    assert ids(ask(shop, shopper="ann", session=Session(bought=("laces",)))) == []


def test_r2_similar_shows_what_may_stand_instead_and_says_so() -> None:
    slot = ask(placed("similar"), product="boots", limit=1)
    assert (slot["source"], reasons(slot)) == ("similar", {"sandals": "Like Product boots"})


def test_r2_bought_together_serves_a_product_and_a_cart() -> None:
    shop = placed("bought_together", strict=True)
    assert ids(ask(shop, product="boots")) == ["grease", "brush"]
    assert ids(ask(shop, session=Session(carted=("boots", "laces")))) == ["brush", "grease"]


@pytest.mark.parametrize(("strategy", "first"), [("popular", "boots"), ("trending", "socks"), ("new", "socks")])
def test_r2_trending_popular_and_new_serve_everybody(strategy: Strategy, first: str) -> None:
    slot = ask(placed(strategy))
    assert (slot["source"], ids(slot)[0]) == (strategy, first)


def test_r2_recently_viewed_shows_the_session_the_latest_first() -> None:
    slot = ask(placed("recently_viewed", strict=True), session=Session(viewed=("coat", "boots")))
    assert (slot["source"], ids(slot)) == ("viewed", ["coat", "boots"])


@pytest.mark.parametrize("strategy", ["buy_again", "similar", "bought_together", "recently_viewed", "campaigns"])
def test_r2_a_strict_placement_that_has_nothing_says_why(strategy: Strategy) -> None:
    slot = ask(placed(strategy, strict=True))
    assert (slot["products"], slot["source"]) == ([], "none")
    assert slot["why"].endswith(".")


@pytest.mark.parametrize("strategy", ["buy_again", "similar", "bought_together", "recently_viewed", "campaigns"])
def test_r2_another_placement_that_has_nothing_shows_what_sells_under_its_own_name(strategy: Strategy) -> None:
    slot = ask(placed(strategy), limit=3)
    assert (slot["source"], slot["heading"], len(slot["products"])) == ("popular", "Popular now", 3)


def test_r2_placements_of_one_page_show_distinct_products() -> None:
    shop = live(place=Placement(id="place", strategy="for_you"), more=Placement(id="more", strategy="popular"))
    slots = [Slot(name="place", limit=3), Slot(name="more", limit=3), Slot(name="more", limit=3)]
    answer = msgspec.json.decode(fill(shop, Orders(), tuple(slots), Viewer("ann", NOTHING), now=NOW))
    shown = [card["id"] for slot in answer["slots"] for card in slot["products"]]
    assert len(shown) == len(set(shown)) >= 7


def test_r3_a_view_brings_what_goes_with_it_and_says_so() -> None:
    slot = ask(placed("for_you"), session=Session(viewed=("sandals",)), limit=2)
    assert slot["source"] == "session"
    assert reasons(slot) == {
        "boots": "Because you looked at Product sandals",
        "socks": "Because you looked at Product sandals",
    }


def test_r3_a_known_shoppers_list_bends_to_the_session() -> None:
    shop = placed("for_you")
    before = ids(ask(shop, shopper="bo"))
    after = ids(ask(shop, shopper="bo", session=Session(carted=("sandals",))))
    assert before.index("socks") > after.index("socks")
    assert "sandals" not in after[:3]


@pytest.mark.parametrize("strategy", ["for_you", "popular", "similar", "new"])
def test_r3_a_durable_that_was_just_bought_disappears(strategy: Strategy) -> None:
    shop = placed(strategy)
    assert "drill" in ids(ask(shop, product="boots"))
    assert "drill" not in ids(ask(shop, product="boots", session=Session(bought=("drill",))))


def test_r4_a_product_that_never_sold_reaches_those_who_lean_to_its_type_of_its_brand() -> None:
    many = [f"p{number}" for number in range(12)]
    model = make_model(
        many,
        {"ann": many, "bo": many},
        features={"brand:Acme": (0.0,), "type:Boots": (0.0,)},
        leanings={"ann": {"type:Boots × brand:Acme": 2.0}, "bo": {"type:Boots × brand:Bolt": 1.0}},
    )
    stock = [
        product("boots", brand="Bolt", categories=("Boots",)),
        product("acme", brand="Acme", categories=("Boots",)),
    ]
    shop = open_live([*(product(one) for one in many), *stock], model)
    shop.placements = {"place": Placement(id="place", strategy="for_you")}
    first = {who: next(one for one in ids(ask(shop, shopper=who)) if one not in many) for who in ("ann", "bo")}
    assert first == {"ann": "acme", "bo": "boots"}


def test_r4_a_shop_without_any_interaction_shows_what_is_new() -> None:
    shop = open_live([product(one) for one in IDS])
    shop.placements = {"place": Placement(id="place", strategy="for_you")}
    slot = ask(shop, shopper="ann", limit=3)
    assert (slot["source"], len(slot["products"])) == ("new", 3)
    assert {card["reason"]["code"] for card in slot["products"]} == {"new"}


def test_r4_a_new_shop_starts_with_what_is_usual_in_its_vertical() -> None:
    stock = [product("oil", categories=("Care", " Oil")), product("boots", categories=("BOOTS",)), product("gift")]
    shop = open_live(stock)
    shop.placements = {"place": Placement(id="place", strategy="for_you")}
    shop.unlearn({"boots": 0.5, "oil": 0.25})
    shop.touch()
    slot = ask(shop, shopper="ann")
    assert (slot["source"], slot["heading"], ids(slot)) == ("prior", "Often chosen", ["boots", "oil", "gift"])
    assert slot["products"][0]["reason"]["code"] == "usual"


def test_r4_an_empty_catalogue_says_so() -> None:
    shop = open_live([])
    shop.placements = {"place": Placement(id="place", strategy="for_you")}
    assert ask(shop)["why"] == "The catalogue is empty."


def test_r4_a_product_that_never_sold_reaches_the_shoppers_who_like_its_kind() -> None:
    many = [f"p{number}" for number in range(12)]
    model = make_model(
        many,
        {"ann": many, "bo": many},
        features={"brand:Acme": (1.0,), "brand:Bolt": (-1.0,)},
        tastes={"ann": (1.0,), "bo": (-1.0,)},
    )
    shop = open_live([product(one) for one in many], model)
    shop.placements = {"place": Placement(id="place", strategy="for_you")}
    shop.catalogue.put([product("acme", brand="Acme"), product("bolt", brand="Bolt")])
    assert shop.learned is not None
    shop.learned.grow(shop.catalogue)
    shop.learn(shop.learned, find_newcomers(shop.learned, shop.catalogue))
    shop.touch()
    shown = {shopper: ids(ask(shop, shopper=shopper, limit=6)) for shopper in ("ann", "bo")}
    assert ("acme" in shown["ann"], "bolt" in shown["ann"]) == (True, False)
    assert ("acme" in shown["bo"], "bolt" in shown["bo"]) == (False, True)


def test_r2_who_has_everything_is_shown_what_they_have_rather_than_nothing() -> None:
    everything = make_model(IDS, {"ann": IDS}, bought={"ann": IDS}, durable=IDS)
    shop = open_live([product(one) for one in IDS], everything)
    shop.placements = {"place": Placement(id="place", strategy="for_you")}
    assert set(ids(ask(shop, shopper="ann"))) == set(IDS)
    assert set(ids(ask(shop, shopper="ann", session=Session(bought=("boots",))))) == {*IDS} - {"boots"}


@pytest.mark.parametrize("strategy", ["similar", "bought_together", "for_you"])
@pytest.mark.parametrize(
    "hidden", [{"published": False, "offered": False}, {"available_from": MONDAY + timedelta(hours=1)}]
)
def test_r6_a_product_that_is_not_published_is_as_unknown_as_one_that_never_was(
    strategy: Strategy, hidden: dict[str, Any]
) -> None:
    shop = placed(strategy)
    shop.catalogue.put([product("coat", title="Secret", categories=("Coats",), **hidden)])
    session = Session(viewed=("coat", "boots"), carted=("coat",))
    unknown = ask(shop, product="nothing", session=Session(viewed=("boots",)))
    assert ask(shop, product="coat", session=session) == unknown
    assert "Secret" not in str(unknown)


def test_r6_a_page_of_a_product_that_is_sold_out_still_names_it() -> None:
    shop = placed("similar")
    shop.catalogue.put([product("coat", offered=False, in_stock=False)])
    assert reasons(ask(shop, product="coat", limit=1)) == {"socks": "Like Product coat"}


def test_r3_a_full_cart_does_not_mute_what_is_looked_at() -> None:
    full = ("boots", "brush", "coat", "drill", "grease", "laces")
    slot = ask(placed("for_you"), session=Session(viewed=("sandals",), carted=full), limit=1)
    assert slot["products"][0]["id"] == "socks"


def test_r7_a_request_compares_only_so_many_products_with_needs_and_the_best_first() -> None:
    many = [product(f"p{number}", brand="Acme" if number < 3 else "") for number in range(MOST_LOOKS + 50)]
    shop = open_live(many)
    shop.placements = {"place": Placement(id="place", strategy="new")}
    impossible = (Slot(name="place", needs=(Need(field="brand", value="Bolt"),)),) * 20
    looks, read = [], shop.catalogue.document
    shop.catalogue.document = lambda row: looks.append(row) or read(row)  # type: ignore[method-assign, func-returns-value]
    answer = msgspec.json.decode(fill(shop, Orders(), impossible, Viewer(None, NOTHING), now=NOW))
    assert {slot["why"] for slot in answer["slots"]} == {"No product that this place may show meets the needs."}
    assert len(looks) == MOST_LOOKS
