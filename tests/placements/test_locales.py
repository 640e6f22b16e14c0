"""Locales: RFC 4647 lookup, word for word, and what a shop's text falls back to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.serving.languages import WORDS, words_of
from recommender.serving.reasons import CODES, Because
from recommender.serving.strategies import STRATEGIES
from tenants.locales import choose_text, look_up

TAGS = st.lists(st.sampled_from(["zh", "hans", "cn", "en", "x", "a", "gb"]), min_size=1, max_size=4).map("-".join)


@pytest.mark.parametrize(("wanted", "found"), [
    # The example of section 3.4 of the RFC: zh-Hant-CN-x-private1-private2 goes down to zh.
    ("zh-Hant-CN-x-private1-private2", "zh-hant-cn"), ("zh-Hant-CN-x-private1", "zh-hant-cn"),
    ("zh-Hant-TW", "zh-hant"), ("zh-Hant", "zh-hant"), ("ZH", "zh"), ("zh-x-private1", "zh"),
    ("de", ""), ("zhx", ""), ("", ""),
])  # fmt: skip
def test_r2_a_locale_is_looked_up_by_leaving_out_its_last_parts(wanted: str, found: str) -> None:
    assert look_up({"zh", "zh-hant", "zh-hant-cn"}, wanted) == found


@given(st.sets(TAGS), st.sets(TAGS), TAGS)
def test_r2_a_shops_locales_tell_apart_what_each_placement_tells_apart(
    one: set[str], more: set[str], wanted: str
) -> None:
    # What `LiveTenant.hear` relies on: the locale is looked up once among all texts, then in each text.
    assert look_up(one, look_up(one | more, wanted)) == look_up(one, wanted)


@pytest.mark.parametrize(("texts", "default", "wanted", "said"), [
    ({"zh": "热", "en-GB": "Hot, what"}, "Hot", "zh-CN", "热"),
    ({"zh": "热", "en-GB": "Hot, what"}, "Hot", "en", "Hot"),
    ({"zh-CN": "热"}, "Hot", "zh", "Hot"), ({"en": "Hot"}, "", "fr", "Hot"), ({"de": "Heiß"}, "", "fr", ""),
    ({}, "Hot", "zh", "Hot"),
])  # fmt: skip
def test_r2_a_text_falls_back_to_the_one_for_everybody(
    texts: dict[str, str], default: str, wanted: str, said: str
) -> None:
    assert choose_text(texts, wanted, default=default) == said


@pytest.mark.parametrize(("locale", "language"), [
    ("zh", "zh"), ("zh-Hans-CN", "zh"), ("ZH-tw", "zh"), ("zha", "en"), ("en-GB", "en"), ("fr", "en"), ("", "en"),
])  # fmt: skip
def test_r6_every_page_gets_one_of_our_languages(locale: str, language: str) -> None:
    assert words_of(locale).language == language


def test_r6_each_language_says_everything() -> None:
    for words in WORDS.values():
        assert {*words.reasons} == {*CODES.values()}
        assert {*words.none} == {*STRATEGIES}
        assert {*words.headings} == {*WORDS["en"].headings}
    assert {*CODES} == {*Because}
    for code, english in WORDS["en"].reasons.items():
        chinese = WORDS["zh"].reasons[code]
        assert (english.count("{}"), any("一" <= letter <= "鿿" for letter in chinese)) == (chinese.count("{}"), True)
