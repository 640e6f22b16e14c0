"""Option pricing: what an answer adds to a product's price, in whole minor units of whatever currency.

Nothing here knows how many decimals a currency has: a yen, a cent and a fils are each one minor unit. Every amount is
rounded by itself, half up (away from zero, so that a discount rounds as a surcharge does); the total is their sum.
"""

from tenants.options import FixedPrice, PercentPrice, Price

PERCENT = 10_000
"""Basis points of the whole."""


def divide_half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number, a half away from zero. The denominator is positive."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def price_of(price: Price | None, *, base_price_minor: int, quantity: int = 0, scale: int = 1) -> int:
    """What the price comes to. `quantity` counts in units of 1 / `scale`: characters in 1, numbers in 1000."""
    if price is None:
        return 0
    if isinstance(price, FixedPrice):
        return price.amount_minor
    if isinstance(price, PercentPrice):
        return divide_half_up(base_price_minor * price.basis_points, PERCENT)
    above = max(0, quantity - price.above * scale)
    return divide_half_up(price.amount_minor * above, price.per * scale)


def price_of_measure(price: Price | None, *, base_price_minor: int, value_tenth_mm: int) -> int:
    """The same for a measurement: each started `per` counts in full."""
    if price is None or isinstance(price, FixedPrice | PercentPrice):
        return price_of(price, base_price_minor=base_price_minor)
    steps = -(-max(0, value_tenth_mm - price.above) // price.per)
    return price.amount_minor * steps
