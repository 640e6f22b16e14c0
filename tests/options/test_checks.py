"""Checks before publication: what cannot be ordered, what can never be chosen and what goes in a circle is named."""

import time
from typing import Any

import pytest

from tests.options.shoes import SHOE, check, choice, document, measure, number, per_unit, rule, said, text
from tests.support.shop import Document

LATER = "2027-01-01T00:00:00Z"
BEFORE = "2026-01-01T00:00:00Z"


def reasons(body: Document) -> dict[str, str]:
    return {error.field: error.reason for error in check(body)}


def test_c3_a_document_with_something_of_everything_can_be_published() -> None:
    assert check(SHOE) == ()


@pytest.mark.parametrize(("rules", "ids"), [
    ([rule("r1", "require", said("a", "x"), said("b", "x")), rule("r2", "require", said("b", "x"), said("a", "x"))],
     ["r1", "r2"]),
    ([rule("r1", "show", said("a", "x"), said("b")), rule("r2", "show", said("b", set=True), said("a"))], ["r1", "r2"]),
    ([rule("r1", "show", said("a", "x"), said("b")), rule("r2", "require", said("b", "y"), said("c", "y")),
      rule("r3", "show", said("c", "y"), said("a", "x"))], ["r1", "r2", "r3"]),
    ([rule("r1", "show", said("a", "x"), said("b", "x")), rule("r2", "show", said("b", "y"), said("a", "y"))],
     ["r1", "r2"]),
])  # fmt: skip
def test_c3_rules_that_go_in_a_circle_are_named(rules: list[Document], ids: list[str]) -> None:
    found = check(document([choice(name, "x", "y") for name in "abc"], rules))

    assert len(found) == 1
    assert "circle" in found[0].reason
    assert all(repr(name) in found[0].reason for name in ids)


def test_c3_rules_about_other_values_of_the_same_options_are_no_circle() -> None:
    rules = [
        rule("r1", "require", said("a", "x"), said("b", "x")),
        rule("r2", "require", said("b", "y"), said("a", "y")),
    ]

    assert check(document([choice("a", "x", "y"), choice("b", "x", "y")], rules)) == ()


def test_c3_a_value_that_can_never_be_chosen_is_named_with_the_rules_that_forbid_it() -> None:
    body = document(
        [choice("a", "x", "y", required=True), choice("b", "x", "y", required=True), choice("c", "x")],
        [
            rule("no-x", "exclude", said("a", "x"), said("b", "x")),
            rule("no-y", "exclude", said("a", "x"), said("b", "y")),
            rule("idle", "exclude", said("a", "y"), said("c", "x")),
        ],
    )

    assert reasons(body) == {
        "options[0].values[0]": "'x' of 'a' can never be chosen, because of the rules 'no-x', 'no-y'",
        "options[2]": "'c' can never be answered, because of the rules 'no-x', 'no-y', 'idle'",
    }


@pytest.mark.parametrize(("options", "rules", "field", "words"), [
    ([choice("a", "x", required=True), choice("b", "x", required=True)],
     [rule("r", "exclude", said("a", "x"), said("b", "x"))], "options", "because of the rule 'r'"),
    ([choice("a", "x"), choice("b", "x")], [rule("r", "show", said("a", "x"), said("b")),
     rule("s", "exclude", said("a", "x"), said("b"))], "options[1]", "the rules 'r', 's'"),
    ([choice("a", "x", {"id": "y", "valid_until": BEFORE})], [], "options[0].values[1]", "this is not"),
    ([choice("a", {"id": "x", "regions": ["CN"]}, required=True)], [], "options", "where no region of the document"),
    ([text("t", characters=["space"])], [], "options[0]", "never be answered"),
])  # fmt: skip
def test_c3_what_nobody_could_ever_order_is_named(
    options: list[Document], rules: list[Document], field: str, words: str
) -> None:
    assert words in reasons(document(options, rules))[field]


def test_c3_a_document_must_be_orderable_in_each_of_its_regions() -> None:
    options = [choice("a", {"id": "x", "regions": ["CN"]}, {"id": "y", "regions": ["NL"]}, required=True)]

    assert check(document(options, regions=["CN", "NL"])) == ()
    assert [*reasons(document(options, regions=["CN", "NL", "US"])).values()] == [
        "nothing complete can be chosen in US: there is no way to answer 'a'"
    ]


def test_c3_values_that_follow_one_another_in_time_can_all_be_chosen_once() -> None:
    options = [choice("a", {"id": "old", "valid_until": LATER}, {"id": "new", "valid_from": LATER}, required=True)]

    assert check(document(options)) == ()
    assert "valid_until" in reasons(document(options, valid_until=BEFORE))


@pytest.mark.parametrize(("option", "field"), [
    (number("n", step=0), "options[0].step"),
    (number("n", step=-1), "options[0].step"),
    (number("n", min=11), "options[0].max"),
    (number("n", min=0.0001), "options[0].min"),
    (number("n", default=10.5), "options[0].default"),
    (text("t", default="abcdefghijk"), "options[0].default"),
    (text("t", extra_characters="\n"), "options[0].extra_characters"),
    (choice("c", "x", default="y"), "options[0].default"),
    (measure("m", min=10, max=9), "options[0].max"),
    (measure("m", price=per_unit(1, per=9)), "options[0].price.per"),
])  # fmt: skip
def test_c3_an_option_that_contradicts_itself_is_named(option: Document, field: str) -> None:
    assert field in reasons(document([option]))


@pytest.mark.parametrize(("kind", "when", "then", "field"), [
    ("exclude", said("nil", set=True), said("b"), "when.option"),
    ("exclude", said("a", "z"), said("b"), "when.is[0]"),
    ("exclude", said("a", 1), said("b"), "when.is[0]"),
    ("exclude", said("a", at_least=1), said("b"), "when.at_least"),
    ("exclude", said("t", "word"), said("b"), "when.is[0]"),
    ("exclude", said("t", at_least=0.0001), said("b"), "when.at_least"),
    ("exclude", said("n", 0.3), said("b"), "when.is[0]"),
    ("exclude", said("m", set=True), said("b"), "when.option"),
    ("exclude", said("a", "x"), said("a", "y"), ""),
    ("require", said("a", "x"), said("m"), "then.option"),
    ("show", said("a", "x"), said("n", 1), "then.is"),
    ("require", said("a", "x"), said("b", "x", "z"), "then.is[1]"),
])  # fmt: skip
def test_c3_a_rule_that_speaks_of_what_is_not_there_is_named(kind: Any, when: Any, then: Any, field: str) -> None:
    options = [choice("a", "x", "y"), choice("b", "x"), text("t"), number("n"), measure("m")]

    assert f"rules[0].{field}".rstrip(".") in reasons(document(options, [rule("r", kind, when, then)]))


def test_c3_a_document_too_entangled_to_be_checked_is_refused_soon_and_says_so() -> None:
    """Pigeons: nine options, eight values, no two alike; every proof that it cannot be is long."""
    names = [f"p{number}" for number in range(9)]
    options = [choice(name, *(f"v{hole}" for hole in range(8)), required=True) for name in names]
    rules = [
        rule(f"{one}-{other}-{hole}", "exclude", said(one, f"v{hole}"), said(other, f"v{hole}"))
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        for hole in range(8)
    ]
    started = time.perf_counter()
    found = reasons(document(options, rules))

    assert "too entangled" in found["rules"]
    assert time.perf_counter() - started < 20
