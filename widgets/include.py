"""Include: a slot as markup made on the server, for shops that want it in their HTML.

The same elements as `<lastbook-slot>` draws in a page, inside the element itself. Where lastbook.js is on the page it
takes them over: the carousel's buttons, impressions and clicks, with the tokens in `data-lb-…`. Where it is not, they
are links and pictures.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from tenants.fields import Url
from widgets.money import format_money
from widgets.words import words_in

ATTRIBUTES: Final = (
    "name", "product", "person", "category", "cart", "exclude", "limit", "layout", "heading", "reason",
    "currency", "locale",
)  # fmt: skip
"""What a page may write on the element; asked again by the script, it is the same question."""
FIELDS: Final = ("image", "brand", "title", "price")


class Made(Struct, frozen=True, kw_only=True):
    """What a card says of a product that is made to measure."""

    text: str | None = None
    price_minor: int | None = None


class Reason(Struct, frozen=True, kw_only=True):
    """Why a product is shown."""

    text: str = ""


class Product(Struct, frozen=True, kw_only=True):
    """A product of an answer, as far as a card needs it."""

    id: str
    title: str
    url: str
    image: str | None = None
    brand: str = ""
    price_minor: int | None = None
    sale_price_minor: int | None = None
    currency: str = ""
    made: Made | None = None
    reason: Reason | None = None
    token: str | None = None


class Filling(Struct, frozen=True, kw_only=True):
    """A slot of an answer of /public/v1/slots."""

    name: str
    products: tuple[Product, ...]
    heading: str = ""
    layout: str | None = None
    fields: tuple[str, ...] = FIELDS
    exposure: str | None = None


class Card(NamedTuple):
    """What the template writes of a product."""

    url: str
    image: str | None
    brand: str
    title: str
    prices: tuple[str, str]
    """Regular and on sale, either "" where there is none."""
    reason: str
    data: Mapping[str, str | None]


def render_slot(filling: Filling, *, locale: str, attributes: Mapping[str, str] | None = None) -> Markup:
    """The element with its products; without any it is there and empty, with `state="empty"`.

    `locale` is a BCP 47 tag, of our words and of prices. `attributes` are those that a page would write on the element;
    of them `heading`, `layout` and `reason` win over the placement's. Products without a title or a safe address are
    left out.
    """
    said = {name: value for name, value in (attributes or {}).items() if name in ATTRIBUTES}
    cards = [_card(product, locale) for product in filling.products if product.title and is_safe(product.url)]
    html = _template.render(
        attributes=_attributes(said, filling, drawn=bool(cards)),
        heading=said.get("heading", filling.heading),
        fields=_fields(said, filling),
        cards=cards,
        words=words_in(locale),
    )
    return Markup(html)  # noqa: S704 made by a template that escapes all


def read_fillings(answer: bytes) -> Sequence[Filling]:
    """The slots of an answer of /public/v1/slots. Raises msgspec.DecodeError."""
    return _decoder.decode(answer).slots


def is_safe(address: str | None) -> bool:
    """Whether it is one that the record takes: https with a host name, or the developer's own machine."""
    try:
        msgspec.convert(address, Url)
    except msgspec.ValidationError:
        return False
    return True


def _attributes(said: Mapping[str, str], filling: Filling, *, drawn: bool) -> dict[str, str | None]:
    """`included` tells the script that there is nothing to ask; None is left out."""
    layout = said.get("layout") or (filling.layout if drawn else None)
    state, exposure = "ready" if drawn else "empty", {"data-lb-exposure": filling.exposure}
    return {**said, "name": filling.name, "layout": layout, "state": state, "included": "", **exposure}


def _fields(said: Mapping[str, str], filling: Filling) -> frozenset[str]:
    """The page may ask for the reason, or for none."""
    asked = said.get("reason")
    without = frozenset(filling.fields) - {"reason"}
    return frozenset(filling.fields) if not asked else without if asked == "none" else without | {"reason"}


def _card(product: Product, locale: str) -> Card:
    made = product.made
    return Card(
        url=product.url,
        image=product.image if is_safe(product.image) else None,
        brand=made.text if made is not None and made.text is not None else product.brand,
        title=product.title,
        prices=_prices(product, locale),
        reason=product.reason.text if product.reason is not None else "",
        data={"data-lb-product": product.id, "data-lb-token": product.token},
    )


def _prices(product: Product, locale: str) -> tuple[str, str]:
    """What is made to this shopper's measure has a price of its own, and no other beside it."""
    own = None if product.made is None else product.made.price_minor
    regular, sale = product.price_minor, product.sale_price_minor
    if own is not None:
        return format_money(own, product.currency, locale), ""
    reduced = regular is not None and sale is not None and sale < regular
    return (
        format_money(regular, product.currency, locale),
        format_money(sale, product.currency, locale) if reduced else "",
    )


class _Answer(Struct):
    slots: tuple[Filling, ...]


_decoder = msgspec.json.Decoder(_Answer)
_template = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
).get_template("include.html")
