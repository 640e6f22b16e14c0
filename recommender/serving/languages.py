"""Languages: those in which we speak to shoppers, and which of them a page gets."""

from collections.abc import Mapping

from recommender.serving.words import Language, Words
from recommender.serving.words_en import ENGLISH
from recommender.serving.words_zh import CHINESE

WORDS: Mapping[Language, Words] = {"en": ENGLISH, "zh": CHINESE}


def words_of(locale: str) -> Words:
    """Those of the locale's language, else English."""
    return CHINESE if locale[:2].lower() == "zh" and locale[2:3] in ("", "-") else ENGLISH
