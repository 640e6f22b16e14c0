"""Health: sentences for the merchant about what the data lack, what changed, and what cannot be done yet."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.feedback import Feedback
from recommender.purchases import Purchases
from recommender.training.dataset import Cut
from recommender.training.parameters import DAY_S

MANY_GUESTS = 0.3
MANY_UNKNOWN = 0.05
MANY_UNSOLD = 0.7
MANY_PLAIN = 0.2
DROP = 0.5
"""Orders of the last week beside a usual week."""
DRIFT = 0.3
"""Share of purchases that moved to other products' types since the three months before."""


def data_warnings(feedback: Feedback, cut: Cut) -> list[str]:
    """What a merchant may want to mend or to know; an empty list for a healthy shop."""
    return [
        *_left_out(feedback),
        *_catalogue(feedback, cut),
        *_currencies(feedback),
        *_drop(feedback.purchases),
        *_drift(cut),
    ]


def _left_out(feedback: Feedback) -> Iterator[str]:
    counted = feedback.counted
    guests, unknown = (part / max(counted.lines, 1) for part in (counted.guest_lines, counted.unknown_product_lines))
    if guests > MANY_GUESTS:
        yield (
            f"{guests:.0%} of the order lines belong to orders without a shopper: nothing personal is learned from "
            "them. Send shopper_id with orders."
        )
    if unknown > MANY_UNKNOWN:
        yield (
            f"{unknown:.0%} of the order lines name products that the catalogue does not hold: they are left out. "
            "Send those products, as hidden or archived if they are not for sale."
        )


def _catalogue(feedback: Feedback, cut: Cut) -> Iterator[str]:
    facts = feedback.facts
    sold = np.zeros(len(facts), np.bool_)
    places = facts.products.places(feedback.purchases.products)
    sold[places[places >= 0]] = True
    if len(facts) and (unsold := 1 - sold.mean()) > MANY_UNSOLD:
        yield f"{unsold:.0%} of the products were never bought: for them there are only their features to go by."
    plain = np.diff(facts.starts) == 0
    if len(facts) and plain.mean() > MANY_PLAIN:
        yield (
            f"{plain.mean():.0%} of the products have neither brand nor category: new ones among them cannot be "
            "recommended to the right shoppers."
        )
    if (left := len(np.unique(feedback.purchases.product_indices)) - cut.shape[1]) > 0:
        yield f"{left} products were bought too seldom to be learned from."


def _currencies(feedback: Feedback) -> Iterator[str]:
    if feedback.counted.currencies > 1:
        yield f"Products are priced in {feedback.counted.currencies} currencies, compared as if they were one."


def _drop(purchases: Purchases) -> Iterator[str]:
    """Orders of the last week against the four weeks before, outside chance (Poisson)."""
    since = purchases.end_s - 1 - purchases.ordered_at_s
    span = int(since.max()) + 1
    orders = np.unique(purchases.shopper_indices.astype(np.int64) * span + since)
    ages = orders % span // DAY_S
    recent, usual = int((ages < 7).sum()), int(((ages >= 7) & (ages < 35)).sum()) / 4
    if ages.max(initial=0) >= 35 and recent < min(DROP * usual, usual - 3 * np.sqrt(usual)):
        yield (
            f"Orders fell to {recent / usual:.0%} of a usual week in the last seven days. If that surprises you, look "
            "at whether all orders arrive."
        )


def _drift(cut: Cut) -> Iterator[str]:
    """Total variation distance between the types bought in the last four weeks and in the twelve before."""
    lines = cut.purchases
    ages = (cut.as_of_s - 1 - lines.ordered_at_s) // DAY_S
    types = cut.facts.types[lines.product_indices]
    if ages.max(initial=0) < 112 or len(cut.facts.features) == 0:
        return
    recent, before = ages < 28, (ages >= 28) & (ages < 112)
    if recent.any() and before.any():
        length = len(cut.facts.features) + 1
        moved = np.abs(_shares(types[recent], length) - _shares(types[before], length)).sum() / 2
        if moved > DRIFT:
            yield f"{moved:.0%} of what is bought moved to other kinds of products in the last four weeks."


def _shares(types: NDArray[np.int32], length: int) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.bincount(types + 1, minlength=length) / len(types)
    return shares
