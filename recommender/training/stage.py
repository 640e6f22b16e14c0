"""A stage: all that is fitted and counted at one cut, from which candidates are drawn and described."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.serving.ranking import Source
from recommender.training.about_products import describe_products
from recommender.training.about_shoppers import describe_shoppers
from recommender.training.dataset import Cut, decayed_counts
from recommender.training.firsts import find_firsts, firsts_of_types
from recommender.training.fit import Factors
from recommender.training.histories import Histories, read_histories
from recommender.training.parameters import TrainingParameters
from recommender.training.repeats import repeat_rates
from recommender.training.sources.baskets import Companions, FromCompanions, baskets, find_companions
from recommender.training.sources.ease import fit_ease
from recommender.training.sources.everyone import FromEveryone
from recommender.training.sources.tastes import from_features, from_types


@dataclass(frozen=True, slots=True)
class Stage:
    """All in terms of the cut's id maps."""

    cut: Cut
    together: Companions
    """What is bought in the same orders."""
    sources: Mapping[str, Source]
    """`companions` (item to item) takes the place of `ease` where the shop is too large for that."""
    by_product: Histories
    """Shopper × product."""
    by_type: Histories
    """Shopper × type."""
    firsts_by_type: Histories
    """Shopper × type, of first purchases."""
    repeat_rate: NDArray[np.float32]
    """Shape (P,)."""
    of_products: NDArray[np.float32]
    """Shape (P, about_products.NAMES)."""
    of_shoppers: NDArray[np.float32]
    """Shape (S, about_shoppers.NAMES)."""


def prepare(cut: Cut, factors: Factors, parameters: TrainingParameters, *, ease: bool) -> Stage:
    """Fit what is quick and count what is to be counted; LightFM's factors were fitted before.

    `ease`: whether the shop is small enough for EASE; the same at all cuts, as columns keep their meaning.
    """
    lines, types = cut.purchases, cut.facts.types
    when = {"as_of_s": cut.as_of_s}
    together = find_companions(baskets(lines), length=parameters.companions_length, power=0.5, shrinkage=3)
    by_product = read_histories(
        lines.shopper_indices, lines.product_indices, lines.ordered_at_s, count=cut.shape[1], **when
    )
    by_type = read_histories(
        lines.shopper_indices,
        types[lines.product_indices],
        lines.ordered_at_s,
        count=max(1, len(cut.facts.features)),
        **when,
    )
    repeat_rate = repeat_rates(cut, by_product)
    firsts = find_firsts(cut)
    of_products = describe_products(cut, repeat_rate, firsts)
    return Stage(
        cut,
        together,
        _sources(cut, factors, together, parameters, ease=ease),
        by_product,
        by_type,
        firsts_of_types(cut, firsts),
        repeat_rate,
        of_products,
        describe_shoppers(cut, of_products, firsts),
    )


def _sources(
    cut: Cut, factors: Factors, together: Companions, parameters: TrainingParameters, *, ease: bool
) -> dict[str, Source]:
    recent = decayed_counts(cut.purchases, as_of_s=cut.as_of_s, half_life_days=parameters.basket_half_life_days)
    newly = csr_matrix((np.log1p(recent.weights), recent.products, recent.starts), shape=cut.shape)
    return {
        **_item_to_item(cut, parameters, ease=ease),
        "lightfm": factors,
        "baskets": FromCompanions(newly, together.matrix()),
        "types": from_types(cut),
        "features": from_features(cut),
        "popular": FromEveryone(np.log1p(cut.popular).astype(np.float32)),
    }


def _item_to_item(cut: Cut, parameters: TrainingParameters, *, ease: bool) -> dict[str, Source]:
    if ease:
        return {"ease": fit_ease(cut.counted, regularisation=parameters.ease_regularisation)}
    companions = find_companions(cut.bought, length=parameters.companions_length, power=0.5, shrinkage=10)
    bought = csr_matrix((cut.counted.weights, cut.counted.products, cut.counted.starts), shape=cut.shape)
    return {"companions": FromCompanions(bought, companions.matrix())}
