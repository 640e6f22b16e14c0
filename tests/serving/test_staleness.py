"""Staleness: what time, a look ahead or another tenant changes must not be answered from memory of before."""

from collections.abc import Sequence
from typing import Any

from recommender.serving.catalogue import Catalogue, Shelves
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Looks, Needs
from recommender.serving.orders import KEY_BYTES, MOST_ANSWER_BYTES, Orders
from recommender.serving.picking import Wish, pick
from recommender.serving.rules import compile_rules
from recommender.serving.strategies import Ask
from tenants.placements import Placement
from tests.rules.shelf import moment, rule
from tests.serving.shops import NOW, TENANT, make_model, open_live, product
from widgets.slots import STRANGER, Slot, fill

HOME = Placement(id="home", strategy="popular")
IDS = ("boots", "laces", "socks")


def shown(live: LiveTenant, orders: Orders, *, now: float = NOW) -> Sequence[str]:
    order = orders.get(live, HOME, Ask(), now=now)
    picked = pick(live, HOME, Ask(), order, Wish(9, (), Needs(), Looks()), now=now, taken=set())
    return [live.catalogue.ids[row] for row in picked.rows]


def open_ruled(*rules: Any, **fields: Any) -> LiveTenant:
    live = open_live([product(name, **fields) for name in IDS], make_model(IDS, {"ann": ["boots"]}))
    live.book = compile_rules(rules, live.catalogue, NOW)
    return live


def test_r5_a_boost_begins_and_ends_with_its_window_although_the_order_is_remembered() -> None:
    live = open_ruled(rule("boost", "socks", valid_from=moment(NOW + 10), valid_until=moment(NOW + 20)))
    orders = Orders()
    seen = [shown(live, orders, now=NOW + seconds) for seconds in (0, 10, 19, 20)]
    assert [ids[0] for ids in seen] == ["boots", "socks", "socks", "boots"]


def test_r5_a_look_ahead_leaves_the_rules_of_now_as_they_are() -> None:
    sale = {"sale_price_minor": 400, "sale_from": moment(NOW + 100), "sale_until": moment(NOW + 200)}
    live, orders = open_ruled(rule("only", price_until_minor=500), **sale), Orders()
    assert shown(live, orders) == []

    ahead = live.as_of(NOW + 150)
    shown(ahead, orders, now=NOW + 150)
    assert live.book is not None
    live.book.update((), NOW)  # as after any change of the catalogue
    live.touch()
    assert shown(live, orders) == []
    assert set(shown(live, orders, now=NOW + 150)) == set(IDS)


def test_r5_a_look_ahead_bears_a_book_that_has_begun_to_see_new_products() -> None:
    live = open_ruled(rule("hide", when="product.brand == 'Acme'"))
    assert live.book is not None
    for one in live.book.judged:
        assert isinstance(one.verdicts, bytearray)
        one.verdicts.extend(bytes(5))  # what a thread does first
    assert set(shown(live.as_of(NOW + 1), Orders(), now=NOW + 1)) == set(IDS)


def test_nothing_that_changed_is_nothing_to_remember_anew() -> None:
    live = open_live([product("boots")])
    before = live.state()
    live.catalogue.put([])
    live.catalogue.release()
    assert live.state() == before


def test_two_shops_that_were_just_opened_have_no_memory_in_common() -> None:
    one, other = (LiveTenant(TENANT, Catalogue(Shelves())) for _ in range(2))
    assert one.generation != other.generation


def test_b5_what_strangers_ask_fills_a_bounded_memory_however_long_questions_and_answers_are() -> None:
    """A question may name ten thousand ids, each one character and yet a string of its own."""
    orders = Orders()
    for n in range(3_000):
        assert orders.keep(("answer", n), bytes(500_000)) == bytes(500_000)
    assert 0 < len(orders.answers) * 500_000 <= MOST_ANSWER_BYTES
    for n in range(3_000):
        orders.keep(("question", n), b"{}", question_bytes=60_000)
    assert 0 < len(orders.answers) * 60_000 * KEY_BYTES <= MOST_ANSWER_BYTES
    usual = len(orders.answers)
    orders.keep("greatest", bytes(MOST_ANSWER_BYTES))
    assert len(orders.answers) == usual


def test_b5_many_long_questions_of_one_stranger_are_not_all_remembered() -> None:
    live, orders = open_ruled(), Orders()
    live.placements = {"home": HOME}
    for n in range(300):
        ids = tuple(f"{n}-{other}" for other in range(200))
        fill(live, orders, (Slot(name="home", exclude=ids),) * 25, STRANGER, now=NOW)
    assert len(orders.answers) < 300
