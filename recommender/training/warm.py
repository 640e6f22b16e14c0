"""Warm starts: LightFM goes on from the latest time at which it was fitted, today or in an earlier training."""

from recommender.training.dataset import Cut
from recommender.training.fit import Factors, fit
from recommender.training.parameters import TrainingParameters
from recommender.training.progress import ReportProgress
from recommender.training.state import Kept, State, carried

WARM_EPOCHS = 1
"""One epoch from kept AdaGrad state is worth about six from the start."""


class Fits:
    """The fits of one training, in ascending order of their cuts; each is kept for the next."""

    def __init__(self, parameters: TrainingParameters, before: State | None) -> None:
        self._parameters = parameters
        self._before = before.cuts if before else ()
        self._done: tuple[Kept, ...] = ()

    def at(self, cut: Cut, report: ReportProgress) -> Factors:
        """Costs `cold_epochs` the first time ever, one epoch from then on. Knows nothing of the cut's time or later."""
        kept = State(self._before + self._done).latest(cut.as_of_s, self._parameters.components)
        shoppers, products = cut.purchases.shoppers, cut.purchases.products
        start = None if kept is None else carried(kept, shoppers, products, seed=self._parameters.seed)
        epochs = WARM_EPOCHS if start else self._parameters.cold_epochs(len(cut.liked))
        fitted = fit(
            cut.liked,
            self._parameters,
            epochs=epochs,
            start=start,
            on_epoch=lambda done: report("learning", done / epochs),
        )
        self._done += (Kept(cut.as_of_s, shoppers, products, fitted.weights),)
        return fitted.factors

    def state(self) -> State:
        """What today's fits leave for the next training."""
        return State(self._done)
