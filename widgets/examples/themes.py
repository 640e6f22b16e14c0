"""Themes: the looks that the two shops tell Lastbook, for `PUT /v1/theme`, so that the room it reserves is exact.

Their own style sheets say the same, for their own shelves.
"""

from typing import Any, Final

GROCERY: Final[dict[str, Any]] = {
    "radius": "1.125rem",
    "muted": "#516357",
    "sale": "#b3261e",
    "focus": "#1d5fc4",
    "heading_size": "1.5rem",
    "page_background": "#fdfcf7",
    "page_text": "#17291d",
}
SHOEMAKER: Final[dict[str, Any]] = {
    "radius": "0",
    "gap": "1.5rem",
    "card_width": "14rem",
    "image_background": "#efe7d9",
    "muted": "#655c53",
    "sale": "#a63a26",
    "focus": "#21458a",
    "step_radius": "0",
    "heading_size": "1.75rem",
    "line": "#a99c88",
    "accent": "#a63a26",
    "button": "#a63a26",
    "on_button": "#ffffff",
    "warning": "#a63a26",
    "good": "#3f6b4f",
    "page_background": "#f7f2e8",
    "page_text": "#211d1a",
}
