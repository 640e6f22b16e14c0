"""Shown tokens: what one says is what was shown, and nobody but us can make one."""

import base64
from datetime import date

import hypothesis
import hypothesis.strategies as st
import pytest

from tenants.shown_tokens import Place, Shown, ShownTokens
from tests.support.shop import ShopClient

KEY, OTHER = b"k" * 32, b"o" * 32
PLACE = Place(20_000, "home-for-you", "for_you", "popular")
NAMES = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=60)


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True, database=None)
@hypothesis.given(NAMES, st.lists(NAMES, max_size=5), st.none() | NAMES, st.none() | NAMES)
def test_b10_a_token_says_what_was_put_into_it(
    placement: str, products: list[str], experiment: str | None, arm: str | None
) -> None:
    tokens = ShownTokens(KEY)
    place = Place(20_000, placement, "for_you", "popular", experiment, arm)
    for position, (product, token) in enumerate(zip(products, tokens.make(place, products), strict=True), start=1):
        assert tokens.read(token.decode()) == (
            product,
            Shown(placement=placement, position=position, strategy="for_you", source="popular", day=date(2024, 10, 4),
                  experiment=experiment, arm=arm),
        )  # fmt: skip


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True, database=None)
@hypothesis.given(st.integers(0, 80), st.integers(1, 255))
def test_b10_a_token_of_which_a_byte_was_changed_is_none(place: int, change: int) -> None:
    tokens = ShownTokens(KEY)
    [token] = tokens.make(PLACE, ["p1"])
    signed = bytearray(base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4)))
    signed[place % len(signed)] ^= change

    assert tokens.read(base64.urlsafe_b64encode(signed).decode().rstrip("=")) is None


@pytest.mark.parametrize("text", ["", "x", "A" * 16, "A" * 17, "é", "\0", "💥", "=" * 8, "-_-_", "+/+/" * 9, " ", "\n"])
def test_b10_what_is_no_token_is_none(text: str) -> None:
    assert ShownTokens(KEY).read(text) is None


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True, database=None)
@hypothesis.given(st.text(max_size=100))
def test_b10_any_text_is_none(text: str) -> None:
    assert ShownTokens(KEY).read(text) is None


def test_b10_another_tenants_token_is_none() -> None:
    [token] = ShownTokens(OTHER).make(PLACE, ["p1"])

    assert ShownTokens(KEY).read(token.decode()) is None
    assert ShownTokens.for_nobody().read(token.decode()) is None


async def test_b10_each_product_of_an_answer_has_a_token_and_asked_again_the_same(shop: ShopClient) -> None:
    await shop.stock("p1", "p2", "p3")
    slots = (await shop.ask("home-popular", "home-for-you")).json()["slots"]
    cards = [card for slot in slots for card in slot["products"]]

    assert len({card["token"] for card in cards}) == len(cards) == 3
    assert (await shop.ask("home-popular", "home-for-you")).json()["slots"] == slots


async def test_b10_the_servers_answer_has_tokens_too(shop: ShopClient) -> None:
    await shop.stock("p1")
    answer = await shop.api.post("/v1/recommendations", json={"slots": [{"name": "home-popular"}]})

    assert (
        answer.json()["slots"][0]["products"][0]["token"]
        == ((await shop.ask("home-popular")).json()["slots"][0]["products"][0]["token"])
    )
