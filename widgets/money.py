"""Money as a page of some language writes it: what `Intl.NumberFormat` does in browsers, for markup made on servers.

Babel knows the patterns and symbols of CLDR. Two of CLDR's rules it leaves out, and a browser does not: a space between
a symbol that ends in a letter and the digits, and no mark for thousands in four digits where a language writes none.
Digits are Latin everywhere.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern

from tenants.imports.money import decimals_of

FALLBACK: Final = "en"
NO_MARK_IN_FOUR_DIGITS: Final = frozenset(("bg", "es", "et", "hu", "it", "lv", "pl", "sl"))
"""Languages where CLDR's minimumGroupingDigits is 2; and Portuguese of Portugal, but not Spanish of the Americas."""
CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DIGITS: Final = re.compile(r"[#0][#0,]*(?:\.[#0]+)?")


def format_money(minor: int | None, currency: str, locale: str) -> str:
    """1099 of USD in English → "$10.99", of JPY → "¥1,099", of KWD → "KWD 1.099"; "" where there is no amount.

    `locale` is a BCP 47 tag; of an unknown language it is English. As many decimals as ISO 4217 gives the currency.
    """
    if minor is None or not CURRENCY.fullmatch(currency):
        return ""
    known = find_locale(locale)
    amount = Decimal(minor).scaleb(-decimals_of(currency))
    marked = amount >= 10_000 or not _leaves_mark_out(known)
    pattern = _pattern(known, currency)
    return str(pattern.apply(amount, known, currency=currency, currency_digits=False, group_separator=marked))


@lru_cache(maxsize=1_000)
def find_locale(tag: str) -> Locale:
    """The language of a BCP 47 tag, as far as it is known."""
    parts = tag.replace("_", "-").split("-")
    while parts:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale.parse(FALLBACK)


def _leaves_mark_out(locale: Locale) -> bool:
    if locale.language in {"es", "pt"}:
        return str(locale) in {"es", "es_ES", "pt_PT"}
    return locale.language in NO_MARK_IN_FOUR_DIGITS


@lru_cache(maxsize=5_000)
def _pattern(locale: Locale, currency: str) -> NumberPattern:
    """The locale's pattern of an amount, with the currency's decimals and the space that its symbol needs."""
    pattern = locale.currency_formats["standard"].pattern.split(";")[0]
    decimals, symbol = decimals_of(currency), get_currency_symbol(currency, locale)
    fraction = "." + "0" * decimals if decimals else ""
    pattern = _DIGITS.sub(lambda found: found[0].split(".")[0] + fraction, pattern, count=1)
    if not _stands_apart(symbol[-1]):
        pattern = re.sub(r"¤(?=[#0])", "¤\u00a0", pattern)
    if not _stands_apart(symbol[0]):
        pattern = re.sub(r"(?<=[#0])¤", "\u00a0¤", pattern)
    return parse_pattern(pattern)


def _stands_apart(sign: str) -> bool:
    """Signs such as € and spaces do not run into digits."""
    return unicodedata.category(sign)[0] in "SZ"
