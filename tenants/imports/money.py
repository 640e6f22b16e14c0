"""Money: what a price's text says, in the currency's smallest unit. What could be read in two ways is refused."""

import re
from dataclasses import dataclass
from decimal import Decimal

from tenants.imports.records import Cell, CellError

# ISO 4217: currencies whose smallest unit is not a hundredth.
WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
SYMBOLS = {
    "€": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "₹": ("INR",), "zł": ("PLN",), "kr": ("SEK", "NOK", "DKK"),
    "₽": ("RUB",), "₺": ("TRY",), "₩": ("KRW",),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN"),
}  # fmt: skip
LONGEST = 16
"""Digits of an amount."""

_PRICE = re.compile(r"\A(?P<before>[^\d.,'’+-]*)(?P<sign>[+-]?)(?P<number>\d[\d.,'’\s]*|[.,]\d+)(?P<after>[^\d]*)\Z")
_GROUPS = re.compile(r"\A\d{1,3}(?:(?P<mark>[.,'’ ])\d{3})(?:(?P=mark)\d{3})*\Z")


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as a cell says it. `currency` is None when the cell names none."""

    minor: int
    currency: str | None


def decimals_of(currency: str) -> int:
    return 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2


def read_amount(cell: Cell, *, currency: str, field: str) -> Amount:
    """A price in whole units ("15.00 USD", "1.299,00 €", "1299"). Raises CellError.

    `currency` is the one that a price without any is in; a symbol that several currencies share means it if it can.
    """
    text = format(cell, "f") if isinstance(cell, Decimal) else str(cell).strip()
    parts = _PRICE.match(text.replace("\u00a0", " ").replace("\u202f", " "))
    if parts is None:
        raise CellError(field, "is not an amount such as 1299.00 or 1.299,00 €")
    if parts["sign"] == "-" or parts["before"].strip() == "-" or parts["after"].strip() == "-":
        raise CellError(field, "must not be negative")
    named = _currency((parts["before"].strip() or parts["after"].strip()), currency, field)
    return Amount(_minor(parts["number"].strip(), decimals_of(named or currency), field), named)


def read_minor(cell: Cell, *, field: str) -> int:
    """A number of smallest units. Raises CellError."""
    text = str(cell).strip().removesuffix(".0")
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise CellError(field, "is not a whole number of the currency's smallest unit")
    return _bounded(text, field)


def _currency(text: str, usual: str, field: str) -> str | None:
    if not text:
        return None
    if re.fullmatch(r"[A-Za-z]{3}", text):
        return text.upper()
    meant = SYMBOLS.get(text.strip(". ").lower())
    if meant is None:
        raise CellError(field, "names a currency that is not known; write a code such as 15.00 USD")
    if len(meant) > 1 and usual not in meant:
        raise CellError(field, "has a symbol that several currencies share; write a code such as 15.00 USD")
    return usual if usual in meant else meant[0]


def _minor(number: str, decimals: int, field: str) -> int:
    whole, cents = _split(re.sub(r"\s", " ", number), decimals, field)
    if cents[decimals:].strip("0"):
        raise CellError(field, f"has more than {decimals} decimals")
    return _bounded(whole + cents[:decimals].ljust(decimals, "0"), field)


def _split(number: str, decimals: int, field: str) -> tuple[str, str]:
    """The digits before and behind the decimal mark: the last of two different marks, or the only one."""
    last = max(number.rfind("."), number.rfind(","))
    whole, cents = (number[:last], number[last + 1 :]) if last >= 0 else (number, "")
    if not whole.strip("0") and len(whole) <= 1:
        return "0", cents
    if whole.isdigit():
        if len(cents) == 3 and len(whole) <= 3 and decimals != 3:
            raise CellError(field, "can be read in two ways; write 1299.00 or 1.299,00")
        return whole, cents
    if last >= 0 and not _GROUPS.match(whole) and not _GROUPS.match(number):
        raise CellError(field, "is not an amount such as 1299.00 or 1.299,00 €")
    groups = _GROUPS.match(number)
    if groups is not None:  # 1.299.000 and 1 299: the mark that comes again is none of decimals
        return re.sub(r"\D", "", number), ""
    if last < 0 or whole[-4] == number[last]:
        raise CellError(field, "is not an amount such as 1299.00 or 1.299,00 €")
    return re.sub(r"\D", "", whole), cents


def _bounded(digits: str, field: str) -> int:
    if digits.startswith("-"):
        raise CellError(field, "must not be negative")
    if len(digits.lstrip("+0")) > LONGEST:
        raise CellError(field, f"has more than {LONGEST} digits")
    return int(digits)
