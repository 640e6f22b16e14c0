"""Training parameters: every constant of the protocol, so that a model's manifest can say how it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees are grown."""

    rounds: int
    learning_rate: float
    leaves: int
    leaf_rows: int
    """The fewest rows of a leaf."""
    columns: float
    """Share of the columns that a tree may look at."""


@dataclass(frozen=True, slots=True)
class TrainingParameters:
    """Chosen on Complete Journey's tuning window (labels from 2017-11-06); days are days before the training's end."""

    seed: int = 20171106
    threads: int = 1
    """Of LightGBM. Another number gives other last bits."""
    tune_seconds: float = 0
    """How long to look for better parameters on the tuning window; 0 keeps these."""

    window_days: int = 28
    """Length of the windows that are learned from and evaluated; a quarter of a shorter history."""
    min_scored_shoppers: int = 10
    """A window with fewer shoppers says nothing."""
    max_scored_shoppers: int = 3_000
    """More make training and evaluation slower, not surer."""
    k: int = 20

    components: int = 64
    max_sampled: int = 50
    """Negatives that WARP draws before it gives a pair up."""
    learning_rate: float = 0.05
    epochs: int = 3
    """Of LightFM from the start; more of it for less data, see `cold_epochs`."""
    taste_components: int = 32
    """Of LightFM on features only."""
    taste_epochs: int = 4
    interaction_half_life_days: float = 60
    habit_half_life_days: float = 90
    popularity_half_life_days: float = 14
    basket_half_life_days: float = 30
    ease_regularisation: float = 1_000
    companions_length: int = 100
    candidates: Mapping[str, int] = field(
        default_factory=lambda: {
            "ease": 120,
            "companions": 120,
            "lightfm": 100,
            "baskets": 60,
            "types": 60,
            "features": 40,
            "popular": 60,
        }
    )
    """Products of each source, besides all that the shopper ever bought; fewer in a small catalogue, see `drawn`."""

    max_ranker_rows: int = 300_000
    """Of one window; all that was bought is kept, of the rest a share."""
    min_positives: int = 30
    """Bought candidates, all and novel, below which the ranker stays untrained."""
    tree_positives: int = 10_000
    """Bought candidates from which on trees are better than a straight line."""
    ridge: float = 10
    logistic_rows: int = 60_000
    """Of both windows, where the ranker is a straight line: it needs no more."""
    trees: Growth = Growth(rounds=150, learning_rate=0.1, leaves=31, leaf_rows=200, columns=0.6)

    repeatable: float = 0.05
    """Repeat rate from which on a product may be shown to buy again."""
    for_you_length: int = 200
    discover_length: int = 100
    buy_again_length: int = 60
    similar_length: int = 50
    together_length: int = 50

    def min_product_lines(self, lines: int) -> int:
        """Lines that a product needs to be in the model: 1 in a small shop, 20 from a million order lines on."""
        return min(20, max(1, lines // 50_000))

    def drawn(self, source: str, products: int) -> int:
        """How many candidates a source gives: at the most 50, or a hundredth of a larger catalogue."""
        return min(self.candidates.get(source, 0), max(50, products // 100), products)

    def cold_epochs(self, pairs: int) -> int:
        """LightFM needs more epochs where there are few pairs: five times as many for a few thousand."""
        return min(5 * self.epochs, max(self.epochs, 300_000 // max(pairs, 1)))


def parameters_of(stored: Mapping[str, object]) -> TrainingParameters:
    """What a model's manifest keeps of them, such as those that a weekly tuning found.

    Names that are no longer known are passed over, and what is not there is as by default. Raises TypeError and
    ValueError for values of the wrong kind.
    """
    known = {field.name for field in fields(TrainingParameters)}
    given: dict[str, Any] = {name: value for name, value in stored.items() if name in known}  # JSON of another day
    if "trees" in given:
        given["trees"] = Growth(**given["trees"])
    return TrainingParameters(**given)
