"""Rulings: whatever the order and the rules, what may not be shown is not shown, and pins stand where they can."""

from typing import Any

import hypothesis
import hypothesis.strategies as st

from recommender.serving.rulings import FREE, Ruling
from tests.rules.ordering import shown
from tests.rules.shelf import Shelf, compile_for, rule

ROWS = 12
ordering = st.permutations(range(1, ROWS + 1)).flatmap(lambda rows: st.integers(0, ROWS).map(lambda n: rows[:n]))
names = st.lists(st.sampled_from([f"p{row}" for row in range(1, ROWS + 1)]), min_size=1, max_size=4, unique=True)
scopes = st.one_of(
    st.fixed_dictionaries({"products": names.map(tuple)}),
    st.fixed_dictionaries({"price_from_minor": st.integers(0, 12), "price_until_minor": st.integers(12, 20)}),
    st.fixed_dictionaries(
        {"when": st.sampled_from(["product.price_minor > 5", "product.attributes.n > 3", 'product.brand == "even"'])}
    ),
)
rules = st.lists(st.tuples(st.sampled_from(["hide", "only", "boost", "bury", "pin"]), scopes), max_size=6)


def shelf() -> Shelf:
    """Twelve products: dearer by row, brands by turns, an attribute that is missing, a number or a text."""
    values: list[dict[str, Any]] = [{}, {"n": 3}, {"n": 5}, {"n": "many"}]
    return Shelf(
        *(
            {"price_minor": row, "brand": "even" if row % 2 == 0 else "odd", "attributes": values[row % 4]}
            for row in range(1, ROWS + 1)
        )
    )


def breaks(document: Any, action: str, scope: dict[str, Any]) -> bool:
    """Whether showing the product breaks the hard rule: the rules' own words, told once more in Python."""
    n = document["attributes"].get("n")
    verdicts: dict[str, bool | None] = {
        "product.price_minor > 5": document["price_minor"] > 5,
        "product.attributes.n > 3": n > 3 if isinstance(n, int) else None,
        'product.brand == "even"': document["brand"] == "even",
    }
    held = (
        document["id"] in scope["products"] if "products" in scope
        else verdicts[scope["when"]] if "when" in scope
        else scope["price_from_minor"] <= document["price_minor"] <= scope["price_until_minor"]
    )  # fmt: skip
    return held is not False if action == "hide" else action == "only" and held is not True


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(order=ordering, made=rules, barred=st.sets(st.integers(1, ROWS), max_size=3))
def test_r5_no_returned_product_breaks_a_hard_rule(order: list[int], made: Any, barred: set[int]) -> None:
    catalogue = shelf()
    kept = [(action, scope) for action, scope in made if action != "pin" or "products" in scope]
    book = compile_for(catalogue, *(rule(action, id=f"r{at}", **scope) for at, (action, scope) in enumerate(kept)))
    ruled = shown(order, book.ruling("home"), barred=barred)

    for row in ruled:
        for action, scope in kept:
            assert not breaks(catalogue.document(row), action, scope), (row, action, scope)
    assert len(set(ruled)) == len(ruled)
    assert not barred & {*ruled}
    assert ruled == shown(order, book.ruling("home"), barred=barred)
    pinned = {catalogue.rows[name] for action, scope in kept if action == "pin" for name in scope["products"]}
    assert {*ruled} <= {*order} | pinned
    lost = {*order} - {*ruled} - barred
    assert all(any(breaks(catalogue.document(row), *one) for one in kept) for row in lost), "taken out without a rule"


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(
    order=ordering,
    pins=st.dictionaries(st.integers(1, 8), st.integers(1, ROWS), max_size=4).filter(
        lambda pins: len({*pins.values()}) == len(pins)
    ),
    factors=st.dictionaries(st.integers(1, ROWS), st.sampled_from([0.1, 0.5, 3.0]), max_size=4),
)
def test_r5_pins_stand_at_their_positions_when_enough_is_before_them(
    order: list[int], pins: dict[int, int], factors: dict[int, float]
) -> None:
    ruling = Ruling(pins=tuple(sorted(pins.items())), factors=factors)
    ruled = shown(order, ruling)

    assert {*pins.values()} <= {*ruled}
    assert len(ruled) == len({*order} | {*pins.values()})
    for position, row in pins.items():
        if position <= len(ruled) - len([one for one in pins if one > position]):
            assert ruled[position - 1] == row


@hypothesis.given(order=ordering)
def test_r5_without_rules_the_order_is_as_it_was(order: list[int]) -> None:
    assert shown(order, FREE) == list(order)
    assert shown(order, compile_for(shelf()).ruling("home")) == list(order)


@hypothesis.given(order=ordering, sold_out=st.sets(st.integers(1, ROWS)))
def test_r5_what_does_not_sell_is_not_shown_even_pinned(order: list[int], sold_out: set[int]) -> None:
    ruled = shown(order, Ruling(pins=((1, 3), (2, 7))), sold_out=sold_out)

    assert not sold_out & {*ruled}


def test_r5_a_boost_moves_up_and_a_bury_down_and_equals_keep_their_order() -> None:
    order = [1, 2, 3, 4, 5, 6]

    assert shown(order, Ruling(factors={6: 1 / 6})) == [1, 6, 2, 3, 4, 5]
    assert shown(order, Ruling(factors={1: 4.0})) == [2, 3, 1, 4, 5, 6]
    assert shown(order, Ruling(factors={2: 0.5, 4: 0.5})) == [1, 2, 4, 3, 5, 6]
    assert shown(order, Ruling(factors={9: 0.5})) == order


def test_r5_a_row_that_was_never_judged_is_not_shown_under_a_hard_rule() -> None:
    assert shown([1, 2, 3], Ruling(allowed=bytes([0, 1, 1]))) == [1, 2]
