"""Shop style: a tenant's own style sheet, made of its theme and the room of its slots. No CSS of a merchant's gets in.

The room is reserved before products are there, so that nothing moves when they come, nor when they do not. What a
slot's cards need follows from lastbook.css: the head's line, pictures of one ratio, lines of text. In a carousel that
is a length. In a grid it depends on the columns, and they on the width that the shop gives the slot: a container query
counts them, and a strut as high as the rows holds the room open.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import UNSET

from tenants.placements import Placement
from tenants.theme import Theme, pixels

NOT_PROPERTIES: Final = frozenset(("page_background", "page_text"))
"""Tokens that are only checked."""
CARD_WIDTH: Final = "11rem"
GAP: Final = "1rem"
"""As in lastbook.css, and so is what follows."""
RATIO: Final = "1/1"
HEAD: Final = "44px + .5rem"
UNDER_IMAGE: Final = ".5rem"
TWO_COLUMNS_AT: Final = 6.25
"""Gaps wide: cards are at most 42 % wide, and (1 - 2 × 0.42) of the width must hold a gap."""
TYPES: Final = {
    "--lastbook-card-width": ("<length-percentage>", "176px"),
    "--lastbook-gap": ("<length-percentage>", "16px"),
    "--lastbook-radius": ("<length-percentage>", "8px"),
    "--lastbook-step-radius": ("<length-percentage>", "50%"),
    "--lastbook-heading-size": ("<length-percentage>", "125%"),
    "--lastbook-image-fit": ("contain | cover | fill | none | scale-down", "contain"),
    "--lastbook-image-background": ("<color> | <image>", "transparent"),
    "--lastbook-muted": ("<color>", "currentcolor"),
    "--lastbook-sale": ("<color>", "currentcolor"),
    "--lastbook-focus": ("<color>", "currentcolor"),
    "--lastbook-button": ("<color>", "#1f1f1f"),
    "--lastbook-on-button": ("<color>", "#fff"),
    "--lastbook-good": ("<color>", "#2e6f40"),
    "--lastbook-warning": ("<color>", "#b3261e"),
}
"""What a property takes (https://www.w3.org/TR/css-properties-values-api-1/), and what it is without one that fits:
what the style sheets say. A value that does not fit, in the shop's own CSS, is as none: it bends no card. Those whose
default depends on where they stand (accent, line, tape), and the ratio, for which CSS has no type, take anything."""
DEFAULTS: Final = {"card_width": CARD_WIDTH, "gap": GAP, "radius": ".5rem"}
"""In the unit of the page's letters, which a type's own value must not be."""
LINES: Final = {"brand": 1, "title": 2, "price": 1, "reason": 1}
MOST_COLUMNS: Final = 24
MOST_CARDS: Final = 50


class Geometry(NamedTuple):
    """Of one shop's cards, in CSS lengths."""

    card_width: str
    gap: str
    ratio: str


def make_shop_style(theme: Theme, placements: Iterable[Placement]) -> str:
    """The style sheet's text. The order of the placements does not matter."""
    by_name = sorted(placements, key=lambda one: one.id)
    return _types() + _theme_rules(theme) + _reserve_rules(_geometry(theme), by_name)


def escape_text(text: str) -> str:
    """As a CSS string, with nothing in it but letters, digits and escapes."""
    return '"' + re.sub(r"[^A-Za-z0-9_-]", lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def _types() -> str:
    rules = [
        f'@property {name}{{syntax:"{takes}";inherits:true;initial-value:{value}}}'
        for name, (takes, value) in TYPES.items()
    ]
    return "".join(rules) + "\n"


def _theme_rules(theme: Theme) -> str:
    """In the layer of our looks, so that a shop's own value of a property wins."""
    tokens = {name: getattr(theme, name) for name in theme.__struct_fields__ if name not in NOT_PROPERTIES}
    known = DEFAULTS | {name: value for name, value in tokens.items() if value is not UNSET}
    rules = [f"--lastbook-{name.replace('_', '-')}:{value}" for name, value in known.items()]
    return "@layer lastbook{:root{" + ";".join(rules) + "}}\n"


def _geometry(theme: Theme) -> Geometry:
    width, gap, ratio = theme.card_width, theme.gap, theme.image_ratio
    return Geometry(
        CARD_WIDTH if width is UNSET else width, GAP if gap is UNSET else gap, RATIO if ratio is UNSET else ratio
    )


def _reserve_rules(shape: Geometry, placements: list[Placement]) -> str:
    """Of a slot, `--lb-n` is how many cards it shows, `--lb-i` whether with pictures (1 or 0), `--lb-t` how high the
    texts are; `--lb-c`, on the strut, is the number of columns."""
    if not placements:
        return ""
    rules = [_size(one) for one in placements]
    rules += [f'lastbook-slot[name][limit="{limit}"]{{--lb-n:{limit}}}' for limit in range(1, MOST_CARDS + 1)]
    rules += [
        "lastbook-slot[name] .lastbook-text{min-block-size:var(--lb-t)}",
        f"{_those(placements, 'carousel')}{{display:flow-root;"
        f"min-block-size:calc({HEAD} + {_card(shape, shape.card_width)})}}",
        f"{_those(placements, 'grid')}{{display:flow-root;container:lastbook/inline-size}}",
        f"{_those(placements, 'grid')}::before{{content:'';float:left;padding-block-start:{_strut(shape)}}}",
    ]
    for columns in range(2, MOST_COLUMNS + 1):
        wide = f"@container lastbook (inline-size>={_least_width(shape, columns)})"
        rules.append(f"{wide}{{lastbook-slot[name]::before{{--lb-c:{columns}}}}}")
    return "\n".join(rules) + "\n"


def _size(placement: Placement) -> str:
    """A text's lines are 1.4 em high, whatever stands in them."""
    fields = placement.shown
    text = f"calc({1.4 * sum(LINES.get(field, 0) for field in fields):g}em + .25rem)"
    size = f"--lb-n:{placement.limit};--lb-i:{int('image' in fields)};--lb-t:{text}"
    return f"lastbook-slot[name={escape_text(placement.id)}]{{{size}}}"


def _card(shape: Geometry, width: str) -> str:
    high, wide = reversed(shape.ratio.split("/"))
    return f"var(--lb-i)*({width}*{high}/{wide} + {UNDER_IMAGE}) + var(--lb-t)"


def _strut(shape: Geometry) -> str:
    """Padding, because a percentage of it is one of the slot's width."""
    rows = "round(up,var(--lb-n)/var(--lb-c,1),1)"
    column = f"(100% - (var(--lb-c,1) - 1)*{shape.gap})/var(--lb-c,1)"
    return f"calc({HEAD} + {rows}*({_card(shape, column)}) + ({rows} - 1)*{shape.gap})"


def _least_width(shape: Geometry, columns: int) -> str:
    """From which on a grid has that many columns."""
    if columns == 2 and TWO_COLUMNS_AT * pixels(shape.gap) <= pixels(shape.card_width) / 0.42:
        return f"calc({TWO_COLUMNS_AT}*{shape.gap})"
    return f"calc({columns}*{shape.card_width} + {columns - 1}*{shape.gap})"


def _those(placements: list[Placement], layout: str) -> str:
    """The slots that are laid out so: by their placement, or by their own attribute, which wins."""
    other = "grid" if layout == "carousel" else "carousel"
    own, asked = f':not([layout="{other}"])', f'[layout="{layout}"]'
    names = [f"[name={escape_text(one.id)}]{own if one.layout == layout else asked}" for one in placements]
    return f"lastbook-slot:is({','.join(names)})"
