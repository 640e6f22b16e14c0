"""Assessment: what a choice reaches on the last window, which it has not seen, beside the baselines."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from recommender.purchases import Purchases
from recommender.serving.ranking import Scoring
from recommender.training.baselines import by_frequency, by_popularity
from recommender.training.blend import blend, plain, read_signals
from recommender.training.choose import Choice, last_window, scored_shoppers
from recommender.training.evaluate import Report, evaluate
from recommender.training.fit import fit
from recommender.training.parameters import DAY_S, TrainingParameters

SURE_SHOPPERS = 50
"""From so many scored shoppers on, a model below popularity is not promoted."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Reports on `served`, `lightfm`, `popularity` and `personal_frequency`; none where there was too little data."""

    shoppers: int
    products: int
    reports: dict[str, Report]

    def metrics(self) -> dict[str, object]:
        """As stored with the model; fractions of 1."""
        if not self.reports:
            return {"evaluated": False, "reason": f"Only {self.shoppers} shoppers bought in the last window."}
        reports = {name: asdict(report) for name, report in self.reports.items()}
        return {"evaluated": True, "shoppers": self.shoppers, "products": self.products, **reports}

    def objection(self) -> str | None:
        """Why the model should not serve, or None."""
        if not self.reports or self.shoppers < SURE_SHOPPERS:
            return None
        served, popular = self.reports["served"], self.reports["popularity"]
        if served.all.ndcg < popular.all.ndcg and served.novel.ndcg < popular.novel.ndcg:
            return "It foretells purchases worse than a plain list of popular products."
        return None


def assess(
    purchases: Purchases,
    choice: Choice,
    parameters: TrainingParameters,
    *,
    end_s: int,
    on_epoch: Callable[[int], None] = lambda done: None,
) -> Assessment:
    """Fit before the last window that ends at `end_s` and score that window."""
    seen = last_window(purchases, parameters, end_s=end_s)
    shoppers = scored_shoppers(seen)
    if shoppers < parameters.min_scored_shoppers:
        return Assessment(shoppers, len(seen.train.products), {})
    signals = read_signals(seen.train, parameters, as_of_s=end_s - parameters.window_days * DAY_S)
    factors = fit(signals.interactions, parameters, epochs=choice.epochs, on_epoch=on_epoch)
    scorings: dict[str, Scoring] = {
        "served": blend(factors, signals, parameters, habit_weight=choice.habit_weight),
        "lightfm": plain(factors),
        "popularity": by_popularity(signals.popular, len(seen.train.shoppers)),
        "personal_frequency": by_frequency(signals.bought, signals.popular),
    }
    reports = {
        name: evaluate(
            scoring,
            bought=signals.bought,
            labels=seen.labels,
            k=parameters.k,
            max_shoppers=parameters.max_scored_shoppers,
        )
        for name, scoring in scorings.items()
    }
    return Assessment(shoppers, len(seen.train.products), reports)
