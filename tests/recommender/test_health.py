"""Health: a sentence where the data lack something or changed, none where they are well."""

from dataclasses import replace

import pytest

from recommender.feedback import Counted, Feedback
from recommender.training.dataset import cut_at
from recommender.training.health import data_warnings
from recommender.training.parameters import TrainingParameters
from tests.recommender.shops import Line, bought, facts_of, two_tastes, with_facts

WELL = with_facts(two_tastes(weeks=20))


def warnings(feedback: Feedback) -> str:
    cut = cut_at(feedback, TrainingParameters(), as_of_s=feedback.purchases.end_s)
    return "\n".join(data_warnings(feedback, cut))


def test_a_healthy_shop_is_told_nothing() -> None:
    assert warnings(replace(WELL, counted=Counted(lines=1000, guest_lines=100, unknown_product_lines=10))) == ""


@pytest.mark.parametrize(
    ("counted", "sentence"),
    [
        (Counted(lines=100, guest_lines=62), "62% of the order lines belong to orders without a shopper"),
        (Counted(lines=100, unknown_product_lines=20), "20% of the order lines name products that the catalogue"),
        (Counted(lines=100, currencies=2), "priced in 2 currencies"),
    ],
    ids=["guests", "unknown products", "currencies"],
)
def test_what_was_left_out_is_said(counted: Counted, sentence: str) -> None:
    assert sentence in warnings(replace(WELL, counted=counted))


def test_products_without_a_sale_and_without_features_are_said() -> None:
    products = [(f"p{number}", 100, ()) for number in range(10)]
    feedback = replace(with_facts(bought(("a", "p0", 0))), facts=facts_of(*products))
    assert "90% of the products were never bought" in warnings(feedback)
    assert "100% of the products have neither brand nor category" in warnings(feedback)


def weekly(weeks: range, shoppers: int) -> list[Line]:
    return [(f"s{shopper}", "x", 7 * week + shopper / 100) for week in weeks for shopper in range(shoppers)]


def test_a_sudden_drop_in_orders_is_said_and_an_ordinary_week_is_not() -> None:
    before = weekly(range(12), 40)
    assert "Orders fell to" in warnings(with_facts(bought(*before, *weekly(range(12, 13), 3), ("s1", "x", 90.5))))
    assert "Orders fell" not in warnings(with_facts(bought(*before, *weekly(range(12, 13), 36), ("s1", "x", 90.5))))


def test_purchases_that_move_to_other_kinds_are_said() -> None:
    before: list[Line] = [(f"s{shopper}", "a1", 3 * day) for shopper in range(5) for day in range(40)]
    after: list[Line] = [(f"s{shopper}", "b1", 120 + day) for shopper in range(5) for day in range(25)]
    assert "moved to other kinds of products" in warnings(with_facts(bought(*before, *after)))
