"""About shoppers: numbers that describe a shopper at a cut, whatever they look at."""

import numpy as np
from numpy.typing import NDArray

from recommender.training.about_products import PRICE as PRODUCT_PRICE
from recommender.training.dataset import Cut
from recommender.training.firsts import OF_SHOPPERS, Firsts, firsts_of_shoppers
from recommender.training.histories import COLUMNS, read_histories

_OF_VISITS = ("days", "in_28", "in_112", "since", "gap", "due")
NAMES = (*_OF_VISITS, "lines", "products", "price", *OF_SHOPPERS)
DAYS, PRICE = NAMES.index("days"), NAMES.index("price")


def describe_shoppers(cut: Cut, of_products: NDArray[np.float32], firsts: Firsts) -> NDArray[np.float32]:
    """Shape (S, NAMES): the history of their visits, how much they bought, and the mean log price of it."""
    lines, count = cut.purchases, cut.shape[0]
    owners, anything = lines.shopper_indices, np.zeros(len(lines), np.int32)
    visits = read_histories(owners, anything, lines.ordered_at_s, as_of_s=cut.as_of_s, count=1)
    history = visits.of(np.arange(count), np.zeros(count, np.int32))
    bought = np.bincount(owners, minlength=count)
    spent = np.bincount(owners, of_products[lines.product_indices, PRODUCT_PRICE], count)
    columns = [
        *(history[:, COLUMNS.index(name)] for name in _OF_VISITS),
        np.log1p(bought),
        np.log1p(np.diff(cut.bought.starts)),
        spent / np.maximum(bought, 1),
    ]
    return np.column_stack([*columns, firsts_of_shoppers(cut, firsts)]).astype(np.float32)
