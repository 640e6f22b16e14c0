"""Contrast: whether a theme's texts can be read on what is behind them, by WCAG 2.2 (1.4.3 and 1.4.11)."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct

from tenants.theme import Theme

TEXT: Final = 4.5
SIGN: Final = 3.0
PAIRS: Final = (
    ("page_text", "page_background", TEXT),
    ("muted", "page_background", TEXT),
    ("sale", "page_background", TEXT),
    ("on_button", "button", TEXT),
    ("accent", "page_background", SIGN),
    ("focus", "page_background", SIGN),
    ("good", "page_background", SIGN),
    ("line", "page_background", SIGN),
    ("tape", "page_background", SIGN),
    ("warning", "page_background", SIGN),
)
"""A token, what it stands on, and the ratio that it needs there."""
SHIPPED: Final = {"button": "#1f1f1f", "on_button": "#ffffff"}
"""What the style sheets have where a token is unset."""


class LowContrast(Struct, frozen=True, kw_only=True):
    """Two colours that are hard to tell apart for many."""

    token: str
    against: str
    ratio: Annotated[float, Meta(description="From 1 (the same) to 21 (black on white), rounded down to a tenth.")]
    needed: float
    text: str


def find_low_contrast(theme: Theme) -> tuple[LowContrast, ...]:
    """In the order of the pairs; where one side of a pair is unknown, nothing can be said."""
    found = []
    for token, against, needed in PAIRS:
        front, back = _color(theme, token), _color(theme, against)
        if front is None or back is None or (ratio := contrast(front, back)) >= needed:
            continue
        shown = int(ratio * 10) / 10
        text = f"{token} {front} on {against} {back} has a contrast of {shown}:1; {needed}:1 is needed (WCAG 2.2 AA)."
        found.append(LowContrast(token=token, against=against, ratio=shown, needed=needed, text=text))
    return tuple(found)


def contrast(one: str, other: str) -> float:
    """Of #rrggbb and #rrggbb, from 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _color(theme: Theme, token: str) -> str | None:
    value = getattr(theme, token)
    return SHIPPED.get(token) if value is UNSET else value


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
