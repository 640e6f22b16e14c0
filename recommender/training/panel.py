"""Panels: the candidates of a block of shoppers, each described by the numbers that a ranker looks at."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import Interactions
from recommender.training import about_products, about_shoppers
from recommender.training.blend import blend, damped
from recommender.training.candidates import Candidates, find_candidates
from recommender.training.firsts import OF_TYPES
from recommender.training.histories import COLUMNS, DAYS, USUAL
from recommender.training.parameters import TrainingParameters
from recommender.training.stage import Stage

CELLS_AT_ONCE = 4_000_000
"""Scores of one source held at once: 16 MB each."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One row a candidate, in ascending order of shopper and product."""

    shoppers: NDArray[np.int64]
    products: NDArray[np.int64]
    new: NDArray[np.bool_]
    """Whether the shopper never bought the product."""
    values: NDArray[np.float32]
    """Shape (candidates, numbers): see `names`."""

    def labels(self, relevant: Interactions) -> NDArray[np.bool_]:
        """Which candidates are among the relevant pairs."""
        known = np.append(relevant.keys(), -1)
        keys = self.shoppers * relevant.product_count + self.products
        return np.asarray(known[np.searchsorted(known[:-1], keys)] == keys)


def names(stage: Stage) -> list[str]:
    """What the columns of a panel are, in order."""
    return [
        *(f"source_{name}" for name in stage.sources),
        *(f"pair_{name}" for name in COLUMNS),
        *(f"type_{name}" for name in COLUMNS),
        *(f"product_{name}" for name in about_products.NAMES),
        *(f"shopper_{name}" for name in about_shoppers.NAMES),
        "price_to_own",
        "share_of_own",
        *(f"type_{name}" for name in OF_TYPES),
        "type_left",
        "blend",
    ]


def describe(stage: Stage, shoppers: NDArray[np.integer], parameters: TrainingParameters) -> Iterator[Panel]:
    """Panels of these shoppers, a block at a time, so that memory stays bounded."""
    size = max(1, CELLS_AT_ONCE // max(1, stage.cut.shape[1]))
    for start in range(0, len(shoppers), size):
        yield _describe(stage, shoppers[start : start + size], parameters)


def _describe(stage: Stage, block: NDArray[np.integer], parameters: TrainingParameters) -> Panel:
    scores = {name: source.scores(block) for name, source in stage.sources.items()}
    lengths = {name: parameters.drawn(name, stage.cut.shape[1]) for name in scores}
    found = find_candidates(scores, lengths, stage.cut.bought, block)
    shoppers = block[found.rows].astype(np.int64)
    own = stage.by_product.of(shoppers, found.products)
    types = stage.cut.facts.types[found.products]
    of_type, explored = stage.by_type.of(shoppers, types), stage.firsts_by_type.of(shoppers, types)
    product, shopper = stage.of_products[found.products], stage.of_shoppers[shoppers]
    standardised = {name: _standardised(scored, found) for name, scored in scores.items()}
    blended = blend(standardised, own[:, USUAL], stage.repeat_rate[found.products])
    values = [
        *(damped(scored) for scored in standardised.values()),
        own,
        of_type,
        product,
        shopper,
        product[:, about_products.PRICE] - shopper[:, about_shoppers.PRICE],
        of_type[:, DAYS] - shopper[:, about_shoppers.DAYS],
        explored,
        explored[:, 0] - product[:, about_products.TYPE_SIZE],
        damped(blended),
    ]
    return Panel(shoppers, found.products, own[:, DAYS] == 0, np.column_stack(values))


def _standardised(scores: NDArray[np.float32], found: Candidates) -> NDArray[np.float32]:
    """The candidates' scores in standard deviations above the shopper's mean over all products."""
    means, spreads = scores.mean(axis=1), np.maximum(scores.std(axis=1), np.float32(1e-6))
    z: NDArray[np.float32] = (scores[found.rows, found.products] - means[found.rows]) / spreads[found.rows]
    return z
