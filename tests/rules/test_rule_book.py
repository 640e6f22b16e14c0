"""The rule book: what holds in which placement, when, for which product; and again when products change."""

import math

import pytest

from recommender.serving.rulings import FREE, Ruling
from tenants.placements import STANDARD, Placement
from tests.rules.ordering import shown
from tests.rules.shelf import NOW, Shelf, allowed, compile_for, moment, rule


def four() -> Shelf:
    return Shelf(
        {"id": "a", "brand": "Acme", "price_minor": 100, "attributes": {"colour": "red", "age": 3}},
        {"id": "b", "brand": "Acme", "price_minor": 200, "attributes": {"colour": "blue", "age": "old"}},
        {"id": "c", "brand": "Bolt", "price_minor": 300, "attributes": {}},
        {"id": "d", "brand": "Bolt", "price_minor": 400, "attributes": {"colour": "red", "age": 30}},
    )


def test_r5_no_rules_say_nothing() -> None:
    book = compile_for(four())

    assert book.ruling("home") == FREE
    assert book.until == math.inf


def test_r5_hide_and_only_and_price_bounds_take_out() -> None:
    red = 'product.attributes.colour == "red"'

    assert allowed(compile_for(four(), rule("hide", "a", "c"))) == ["b", "d"]
    assert allowed(compile_for(four(), rule("hide", when=red))) == ["b", "c"]
    assert allowed(compile_for(four(), rule("only", when=red))) == ["a", "d"]
    assert allowed(compile_for(four(), rule("only", price_from_minor=200, price_until_minor=300))) == ["b", "c"]
    assert allowed(compile_for(four(), rule("hide", "a", "b", when=red))) == ["b", "c", "d"]
    only = [rule("only", id="1", when=red), rule("only", id="2", price_until_minor=300)]
    assert allowed(compile_for(four(), *only)) == ["a"]
    assert allowed(compile_for(four(), *only, rule("hide", "a", id="3"))) == []


def test_r5_nowhere_is_never_allowed() -> None:
    for action in ("hide", "only"):
        mask = compile_for(four(), rule(action, when='product.brand == "Acme"')).ruling("home").allowed
        assert mask is not None
        assert mask[0] == 0


def test_r5_what_is_undecided_is_hidden_and_left_out_and_not_moved() -> None:
    """b's age is a text, c has none."""
    condition = "product.attributes.age > 18"

    assert allowed(compile_for(four(), rule("hide", when=condition))) == ["a"]
    assert allowed(compile_for(four(), rule("only", when=condition))) == ["d"]
    assert [*compile_for(four(), rule("boost", when=condition)).ruling("home").factors] == [4]
    guarded = "has(product.attributes.age) && product.attributes.age > 18"
    assert allowed(compile_for(four(), rule("hide", when=guarded))) == ["a", "c"]


def test_r5_a_rule_whose_condition_no_longer_compiles_takes_the_safe_side() -> None:
    broken = "product.brand.matches('A')"

    assert allowed(compile_for(four(), rule("hide", when=broken))) == []
    assert allowed(compile_for(four(), rule("only", when=broken))) == []
    assert compile_for(four(), rule("boost", when=broken)).ruling("home").factors == {}


def test_r5_a_rule_applies_in_its_placements_and_a_filter_in_its_own() -> None:
    cheap = Placement(id="cheap", strategy="popular", filter="product.price_minor <= 100")
    book = compile_for(
        four(),
        rule("hide", "a", id="1", placements=("home", "cart")),
        rule("hide", "d", id="2"),
        placements=(cheap, *STANDARD.values()),
    )

    assert allowed(book, "home") == allowed(book, "cart") == ["b", "c"]
    assert allowed(book, "elsewhere") == ["a", "b", "c"]
    assert allowed(book, "cheap") == ["a"]


def test_r5_hide_and_only_win_over_a_pin_and_a_disabled_rule_says_nothing() -> None:
    pin = rule("pin", "a", "b", "c", id="p", position=2)

    assert compile_for(four(), pin).ruling("home").pins == ((2, 1), (3, 2), (4, 3))
    assert compile_for(four(), pin, rule("hide", "b", id="h")).ruling("home").pins == ((2, 1), (4, 3))
    assert compile_for(four(), pin, rule("only", "c", id="o")).ruling("home").pins == ((4, 3),)
    assert compile_for(four(), rule("hide", "b", enabled=False)).ruling("home") == FREE


def test_r5_of_two_pins_on_one_position_the_smaller_id_has_it() -> None:
    book = compile_for(four(), rule("pin", "b", id="2"), rule("pin", "a", id="1"), rule("pin", "a", "c", id="3"))

    assert book.ruling("home").pins == ((1, 1), (2, 2), (3, 3))


def test_r5_boosts_and_buries_multiply() -> None:
    book = compile_for(
        four(),
        rule("boost", "a", "b", id="1", strength=1),
        rule("boost", "a", id="2", strength=3),
        rule("bury", "b", "c", id="3", strength=1),
    )

    assert book.ruling("home").factors == {1: 1 / 8, 2: 1.0, 3: 2.0}


@pytest.mark.parametrize(("at", "hidden"), [(-1.0, False), (0.0, True), (9.0, True), (9.999, True), (10.0, False)])
def test_r5_a_window_opens_and_closes_to_the_second(at: float, hidden: bool) -> None:
    timed = rule("hide", "a", valid_from=moment(NOW), valid_until=moment(NOW + 10))

    assert ("a" not in allowed(compile_for(four(), timed, now=NOW + at))) == hidden


def test_r5_until_says_when_the_rulings_end_and_no_product_is_judged_again() -> None:
    shelf = four()
    book = compile_for(
        shelf,
        rule("hide", id="1", when='product.brand == "Acme"', valid_from=moment(NOW + 5), valid_until=moment(NOW + 10)),
        rule("hide", "d", id="2", valid_until=moment(NOW + 7)),
    )
    seen = []
    while book.until < math.inf:
        seen.append((book.until - NOW, allowed(book)))
        assert book.ruling("home").until == book.until
        del shelf._documents[1:]  # whoever asks for a document now fails
        book.update((), book.until)

    assert seen == [(5.0, ["a", "b", "c"]), (7.0, ["c"]), (10.0, ["c", "d"])]
    assert allowed(book) == ["a", "b", "c", "d"]


def test_r5_a_price_bound_goes_by_the_sale_price_while_the_sale_is_on() -> None:
    shelf = Shelf(
        {"price_minor": 500, "sale_price_minor": 100, "sale_from_s": NOW + 5, "sale_until_s": NOW + 9},
        {"price_minor": 500, "sale_price_minor": 100},
        {"price_minor": 500},
    )
    book = compile_for(shelf, rule("only", price_until_minor=200))

    assert (allowed(book), book.until) == (["p2"], NOW + 5)
    book.update((), NOW + 5)
    assert (allowed(book), book.until) == (["p1", "p2"], NOW + 9)
    book.update((), NOW + 9)
    assert (allowed(book), book.until) == (["p2"], math.inf)


def test_r5_only_changed_and_new_products_are_judged_again() -> None:
    shelf = four()
    book = compile_for(shelf, rule("hide", id="1", when='product.brand == "Acme"'), rule("hide", "new", id="2"))
    before = book.ruling("home")
    shelf.put(id="c", brand="Acme")
    shelf.put(id="new", brand="Bolt")
    shelf.put(id="newer", brand="Bolt")
    assert book.ruling("home") == before

    book.update([3], NOW)

    assert allowed(book) == ["d", "newer"]
    assert before.allowed == bytes([0, 0, 0, 1, 1]), "a ruling that was handed out does not change"


def test_r5_judging_pauses_between_slices() -> None:
    pauses = []
    shelf = Shelf(*({} for _ in range(120)))
    book = compile_for(shelf, rule("hide", when="product.price_minor > 1"))
    book.update(range(1, 121), NOW, pause=lambda: pauses.append(1))

    assert len(pauses) == 3


def test_r5_rulings_of_the_same_rules_are_the_same_in_any_order() -> None:
    rules = [rule(action, "a", "b", id=f"{n}") for n, action in enumerate(("pin", "boost", "bury", "pin", "hide"))]
    one, other = compile_for(four(), *rules).ruling("home"), compile_for(four(), *reversed(rules)).ruling("home")

    assert one == other
    assert isinstance(one, Ruling)


def test_r5_explain_names_the_rules_in_the_order_in_which_they_win() -> None:
    book = compile_for(
        four(),
        rule("bury", "a", "c", id="1"),
        rule("hide", when="product.attributes.age > 18", id="2"),
        rule("only", "d", id="3", placements=("home",)),
        rule("pin", "a", id="4", valid_from=moment(NOW + 1)),
    )

    def said(placement: str, row: int, now: float = NOW) -> list[tuple[str, bool]]:
        return [(one.rule_id, one.undecided) for one in book.explain(placement, row, now)]

    assert said("home", 1) == [("3", False), ("1", False)]
    assert said("cart", 1) == [("1", False)]
    assert said("cart", 1, NOW + 1) == [("4", False), ("1", False)]
    assert said("cart", 3) == [("2", True), ("1", False)]
    assert said("home", 4) == [("2", False)]


def test_r5_an_update_that_fails_leaves_the_rulings_and_the_next_one_makes_up_for_it() -> None:
    shelf = four()
    book = compile_for(shelf, rule("hide", "new", id="1", when="product.price_minor > 1"))
    before = book.ruling("home")
    row = shelf.put(id="new")
    document, shelf._documents[row] = shelf._documents[row], {}
    with pytest.raises(KeyError):
        book.update([row], NOW)
    assert book.ruling("home") == before
    assert shown([1, row], before) == [1]

    shelf._documents[row] = document
    book.update((), NOW)
    assert allowed(book) == ["a", "b", "c", "d"]
