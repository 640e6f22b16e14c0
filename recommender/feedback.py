"""Feedback: everything that a training learns from, as arrays. Knows neither tenant nor database."""

from dataclasses import dataclass, field

from recommender.interest import Interest, no_interest
from recommender.product_facts import ProductFacts, no_facts
from recommender.purchases import Purchases
from recommender.segments import Segments, no_segments


@dataclass(frozen=True, slots=True)
class Counted:
    """What was left out while reading, so that a training can say how healthy the data are."""

    lines: int = 0
    """All order lines that were not cancelled or returned."""
    guest_lines: int = 0
    """Of them: in orders without a shopper."""
    unknown_product_lines: int = 0
    """Of them: of products that the catalogue does not hold (any more)."""
    currencies: int = 1
    """Different currencies of the products on offer."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Purchases of known shoppers, what the catalogue says, what was looked at, and who is alike."""

    purchases: Purchases
    facts: ProductFacts
    """All products of the catalogue, sold or not."""
    interest: Interest
    counted: Counted
    segments: Segments = field(default_factory=no_segments)


def only(purchases: Purchases) -> Feedback:
    """Feedback of a shop of which nothing but purchases is known."""
    return Feedback(purchases, no_facts(purchases.products), no_interest(), Counted(lines=len(purchases)))
