"""Cards: a product as a page shows it, encoded once when the catalogue changes and joined when a slot is filled."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from recommender.serving.made import Made
from recommender.serving.reasons import Reason
from tenants.products import CatalogueRow


class Card(Struct, frozen=True, kw_only=True):
    """What a page needs to show a product."""

    id: str
    title: str
    url: str
    image: str | None
    brand: str
    price_minor: Annotated[int, Meta(description="In the currency's smallest unit.")]
    sale_price_minor: Annotated[int | None, Meta(description="The lower price that counts now, or null.")]
    currency: str


class ShownCard(Card, frozen=True, kw_only=True):
    """A card, where it is shown, and why."""

    made: Annotated[Made | UnsetType, Meta(description="Only of a product that is made to measure.")] = UNSET
    token: Annotated[str, Meta(description="Tells where it was shown; hand it back with what is done with it.")]
    reason: Reason


def encode_card(row: CatalogueRow, *, on_sale: bool) -> bytes:
    """JSON of the card with or without the sale price, open at its end: a reason and a brace close it."""
    card = Card(
        id=row.product_id,
        title=row.title,
        url=row.url,
        image=row.image_url,
        brand=row.brand,
        price_minor=row.price_minor,
        sale_price_minor=row.sale_price_minor if on_sale else None,
        currency=row.currency,
    )
    return _encode(card)[:-1]


_encode = msgspec.json.Encoder().encode
