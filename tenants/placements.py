"""Placements (stub until the rules branch is merged)."""

from typing import Literal

from msgspec import Struct

Strategy = Literal[
    "for_you", "discover", "buy_again", "similar", "bought_together", "trending", "popular", "new", "recently_viewed",
    "campaigns",
]  # fmt: skip


class Placement(Struct, frozen=True, kw_only=True):
    name: str
    strategy: Strategy
    heading: str = ""
    limit: int = 12
    diversity: float = 0.0
    rotation: float = 0.0
    strict: bool = False
    filter: str | None = None
    exclude_purchased: bool = False


STANDARD = {
    one.name: one
    for one in (
        Placement(name="home-for-you", strategy="for_you", heading="Picked for you"),
        Placement(name="home-popular", strategy="popular", heading="Popular now"),
        Placement(name="product-similar", strategy="similar", heading="You may also like"),
        Placement(name="cart-for-you", strategy="for_you", heading="Before you go"),
    )
}
