"""Locales: which of a shop's texts a page gets that speaks a certain language (RFC 4647, section 3.4, lookup)."""

from collections.abc import Collection, Mapping
from functools import lru_cache

DEFAULT = ""
"""The locale of a text that is for everybody."""


def look_up(locales: Collection[str], wanted: str) -> str:
    """The first of zh-Hans-CN, zh-Hans, zh that is among the locales, which are in lower case; DEFAULT for none."""
    tags = wanted.lower().split("-")
    while tags:
        found = "-".join(tags)
        if found in locales:
            return found
        tags.pop()
        while tags and len(tags[-1]) == 1:
            tags.pop()  # a single letter only says what follows it
    return DEFAULT


@lru_cache(maxsize=4096)
def nearest(locales: frozenset[str], wanted: str) -> str:
    """The same for sets that are asked often."""
    return look_up(locales, wanted)


def choose_text(texts: Mapping[str, str], wanted: str, *, default: str) -> str:
    """The text of the nearest locale, else the default, else the English one, else nothing."""
    return _choose(tuple(texts.items()), wanted, default) if texts else default


@lru_cache(maxsize=4096)
def _choose(texts: tuple[tuple[str, str], ...], wanted: str, default: str) -> str:
    said = {locale.lower(): text for locale, text in texts}
    return said.get(look_up(said, wanted)) or default or said.get("en", "")


def check_locales(texts: Mapping[str, str], *, name: str) -> None:
    """Raise ValueError when two locales are the same but for their capitals."""
    if len({locale.lower() for locale in texts}) < len(texts):
        raise ValueError(f"{name} must differ in more than capital letters")
