"""Views of options: what a page offers, what it costs, and why a value is not to be had."""

from tenants.fields import Scalar
from tenants.option_views import OptionView, list_views
from tests.options.shoes import SHOE, answer, choice, document, fixed, percent, publish, rule, said
from tests.support.shop import Document


def views(body: Document, answers: dict[str, Scalar], *, locale: str = "en") -> dict[str, OptionView]:
    published = publish(body)
    evaluation = answer(published, answers, locale=locale)
    return {view.id: view for view in list_views(published, evaluation, base_price_minor=10_000, locale=locale)}


def test_c3_each_option_is_shown_with_its_bounds_and_its_values_prices() -> None:
    found = views(SHOE, {"width": "wide"})

    assert [*found] == [option["id"] for option in SHOE["options"]]
    assert [(value.id, value.price_minor) for value in found["colour"].values] == [("black", 0), ("red", 250)]
    assert (found["laces"].min, found["laces"].max, found["laces"].step, found["laces"].unit) == (60, 120, 0.5, "cm")
    assert (found["initials"].shown, found["initials"].max_length) == (False, 4)
    assert (found["foot_length"].kind, found["foot_length"].key) == ("measurement", "foot_length")


def test_c3_the_price_of_a_value_is_what_choosing_it_adds() -> None:
    body = document([choice("a", "x", {"id": "y", "price": percent(333)}, price=fixed(70))])
    value = views(body, {})["a"].values[1]

    assert answer(body, {"a": "y"}).price_minor == 10_000 + value.price_minor


def test_c3_a_value_that_conflicts_says_with_what_and_stays_to_be_chosen() -> None:
    slim = views(SHOE, {"sole": "rubber"})["width"].values[0]

    assert slim.available
    assert slim.why_not == "Sole (rubber) does not go together with width (slim)."
    assert views(SHOE, {"sole": "cloth"})["width"].values[0].why_not is None


def test_c3_a_value_that_is_not_offered_says_why() -> None:
    closed = {"id": "y", "regions": ["CN"], "label": {"en": "Felt", "zh": "毛毡"}}
    body = document(
        [choice("a", "x", closed, "z"), choice("b", "x", "y")], [rule("r", "show", said("b", "x"), said("a", "z"))]
    )
    found, chinese = views(body, {"b": "y"})["a"].values, views(body, {"b": "y"}, locale="zh")["a"].values

    assert [(value.available, value.why_not) for value in found] == [
        (True, None), (False, "a: Felt is not offered in this region."), (False, "a does not go with b as it is (y)."),
    ]  # fmt: skip
    assert chinese[1].why_not == "a: 毛毡在此地区不提供。"
