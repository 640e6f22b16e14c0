"""Training parameters: every constant of the protocol, so that a model's manifest can say how it was made."""

from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class TrainingParameters:
    """Chosen on Complete Journey's tuning window (labels from 2017-11-06); days are days before the training's end."""

    components: int = 64
    max_sampled: int = 50
    """Negatives that WARP draws before it gives a pair up."""
    learning_rate: float = 0.05
    seed: int = 20171106
    interaction_half_life_days: float = 60
    popularity_half_life_days: float = 14
    popularity_weight: float = 0.4
    """What log1p(popularity) adds to LightFM's score."""
    habit_half_life_days: float = 90
    habit_weights: tuple[float, ...] = (0, 1, 2, 4, 8, 16)
    """Tried on the tuning window: what one purchase of today adds to the product's score."""
    default_habit_weight: float = 0
    window_days: int = 28
    """Length of the tuning window and of the evaluated window."""
    max_epochs: int = 10
    patience: int = 2
    """Epochs without a better tuning window before fitting stops."""
    default_epochs: int = 6
    """As `default_habit_weight`: where there is too little data for a tuning window."""
    k: int = 20
    min_scored_shoppers: int = 10
    """A window with fewer shoppers says nothing."""
    max_scored_shoppers: int = 5_000
    """More make an evaluation slower, not surer."""
    for_you_length: int = 200
    similar_length: int = 50

    def min_product_lines(self, lines: int) -> int:
        """Lines that a product needs to be in the model: 1 in a small shop, 20 from a million order lines on."""
        return min(20, max(1, lines // 50_000))
