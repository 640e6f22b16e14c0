"""Forms: what the package sends is read as it was meant, whatever is in it."""

import contextlib
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some
from stripe._encode import _api_encode

from infra.embedded.stripe.forms import read_form
from infra.embedded.stripe.refusals import InvalidRequest

_names = some.text("abcdefghij_0123456789 é.:-", min_size=1, max_size=8)
_plain = some.text(some.characters(exclude_categories=["Cs"]), max_size=20) | some.integers()
# Not in lists: there the package writes True and False, which Stripe would not read either.
_values = _plain | some.booleans()
_bodies = some.recursive(
    some.dictionaries(_names, _values, max_size=4),
    lambda inner: some.dictionaries(_names, _values | inner | some.lists(_plain | inner, min_size=1, max_size=3)),
    max_leaves=12,
)


def _as_sent(value: Any) -> Any:
    """Lists by their positions, everything else as text."""
    if isinstance(value, dict):
        return {name: _as_sent(inner) for name, inner in value.items() if inner != {}}
    if isinstance(value, list):
        return {str(place): _as_sent(inner) for place, inner in enumerate(value) if inner != {}}
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(_bodies)
def test_nested_parameters_survive_the_journey(body: dict[str, Any]) -> None:
    encoded = urlencode(list(_api_encode(body))).replace("%5B", "[").replace("%5D", "]")
    assert read_form(encoded).tree == _pruned(_as_sent(body))


def _pruned(tree: Any) -> Any:
    """Without what is empty at any depth, for a form cannot say that."""
    if not isinstance(tree, dict):
        return tree
    found = {name: _pruned(inner) for name, inner in tree.items()}
    return {name: inner for name, inner in found.items() if inner != {}}


@given(some.text(max_size=60))
def test_any_text_is_read_or_refused(body: str) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(read_form(body).tree, dict)


@pytest.mark.parametrize("body", ["a[b=1", "[a]=1", "a]b=1", "a=1&a[b]=2", "a[b]=1&a[b][c]=2"])
def test_a_form_that_contradicts_itself_is_refused(body: str) -> None:
    with pytest.raises(InvalidRequest):
        read_form(body)


def test_metadata_may_have_a_number_for_a_key() -> None:
    params = read_form("metadata[0]=a&metadata[x]=&items[0][price]=p&list[]=1&list[]=2")
    assert params.metadata({"x": "old", "y": "kept"}) == {"0": "a", "y": "kept"}
    assert params.rows("items")[0].text("price") == "p"
    assert params.texts("list") == ["1", "2"]
