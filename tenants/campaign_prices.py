"""Campaign prices: what a unit costs, by how many were taken before it. Integers of a minor unit only."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from tenants.campaign_documents import PaymentTerms, Tier


class UnitPrices(Struct, frozen=True, kw_only=True):
    """So many units at this price each."""

    units: int
    price_minor: int


class CataloguePrice(Struct, frozen=True, kw_only=True):
    """What the catalogue says of a product's price, or of a variant's."""

    price_minor: int
    sale_price_minor: int | None = None
    sale_from: datetime | None = None
    sale_until: datetime | None = None

    def at(self, now: datetime) -> int:
        """What a shopper pays now."""
        begun = self.sale_from is None or self.sale_from <= now
        on_sale = begun and (self.sale_until is None or now < self.sale_until)
        if self.sale_price_minor is None or not on_sale:
            return self.price_minor
        return min(self.price_minor, self.sale_price_minor)


def share_of(amount_minor: int, basis_points: int) -> int:
    """Hundredths of a percent of an amount, half up to a whole minor unit."""
    return (amount_minor * basis_points + 5_000) // 10_000


def price_units(list_price_minor: int, tiers: Sequence[Tier], *, taken: int, quantity: int) -> tuple[UnitPrices, ...]:
    """What each of `quantity` units costs when `taken` were taken before: the cheap ones go first, tier by tier."""
    prices: list[UnitPrices] = []
    first, last, start = taken, taken + quantity, 0
    for tier in tiers:
        end = start + tier.units
        prices.append(_priced(min(last, end) - max(first, start), list_price_minor, tier.discount_basis_points))
        start = end
    prices.append(_priced(last - max(first, start), list_price_minor, 0))
    return tuple(one for one in prices if one.units > 0)


def total_of(prices: Sequence[UnitPrices]) -> int:
    return sum(one.units * one.price_minor for one in prices)


def keep_units(prices: Sequence[UnitPrices], quantity: int) -> tuple[UnitPrices, ...]:
    """The same with fewer units: the dearest go first."""
    kept: list[UnitPrices] = []
    for one in sorted(prices, key=lambda price: price.price_minor):
        kept.append(UnitPrices(units=min(one.units, quantity), price_minor=one.price_minor))
        quantity -= kept[-1].units
    return tuple(one for one in kept if one.units > 0)


def add_units(prices: Sequence[UnitPrices], more: Sequence[UnitPrices]) -> tuple[UnitPrices, ...]:
    """The same with more units, those at one price together."""
    units: dict[int, int] = {}
    for one in (*prices, *more):
        units[one.price_minor] = units.get(one.price_minor, 0) + one.units
    return tuple(UnitPrices(units=number, price_minor=price) for price, number in units.items())


def deposit_of(terms: PaymentTerms, total_minor: int, quantity: int) -> int:
    """What is paid on joining if the rest comes later; never more than the total."""
    if terms.deposit_minor is not None:
        return min(terms.deposit_minor * quantity, total_minor)
    return share_of(total_minor, terms.deposit_basis_points or 0)


def _priced(units: int, list_price_minor: int, discount_basis_points: int) -> UnitPrices:
    return UnitPrices(units=units, price_minor=list_price_minor - share_of(list_price_minor, discount_basis_points))
