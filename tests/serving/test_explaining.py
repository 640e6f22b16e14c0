"""Explaining: why a product is shown, and what keeps another out."""

from datetime import timedelta
from typing import Any

from recommender.serving.explaining import Explanation, explain
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Looks, Need, Needs
from recommender.serving.orders import Orders
from recommender.serving.picking import Wish
from recommender.serving.strategies import Ask
from tenants.placements import Placement
from tests.serving.shops import MONDAY, NOW, make_model, open_live, product

IDS = ("boots", "coat", "laces", "socks")


def shop() -> LiveTenant:
    model = make_model(IDS, {"ann": ("laces", "coat", "socks")}, bought={"ann": ("boots",)}, durable=("boots",))
    closed = product("closed", available_until=MONDAY - timedelta(days=1))
    live = open_live([*(product(one) for one in IDS), closed, product("never")], model)
    live.placements = {"place": Placement(id="place", strategy="for_you", strict=True)}
    return live


def explained(product_id: str, *, limit: int = 2, **wish: Any) -> Explanation:
    wanted = Wish(limit, wish.get("exclude", ()), Needs(wish.get("needs", ())), Looks())
    live = shop()
    return explain(live, Orders(), live.placements["place"], Ask("ann"), wanted, product_id, now=NOW)


def codes(explanation: Explanation) -> list[str]:
    return [obstacle.code for obstacle in explanation.obstacles]


def test_r9_a_product_that_is_shown_has_its_position_source_score_and_reason() -> None:
    shown = explained("coat")
    assert (shown.position, shown.source, shown.place, shown.score, shown.obstacles) == (2, "model", 2, 0.5, ())
    assert shown.reason is not None
    assert shown.reason.code == "picked_for_you"


def test_r9_a_product_behind_the_end_of_the_slot_names_its_place() -> None:
    socks = explained("socks")
    assert (socks.position, socks.place, codes(socks)) == (None, 3, ["outranked"])
    assert socks.obstacles[0].text == "It is number 3 of 'model'; the slot shows 2."


def test_r9_each_obstacle_is_named() -> None:
    assert codes(explained("unknown")) == ["unknown_product"]
    assert codes(explained("closed"))[0] == "unavailable"
    assert codes(explained("boots"))[0] == "already_bought"
    assert codes(explained("never")) == ["no_candidate"]
    assert codes(explained("coat", exclude=("coat",)))[0] == "excluded"
    need = Need(field="brand", value="Acme")
    assert explained("coat", needs=(need,)).obstacles[0].text == "The shopper needs brand is 'Acme'."
