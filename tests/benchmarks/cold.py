"""Cold: products that nobody bought yet, and shoppers with at most five purchases."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.feedback import Feedback
from recommender.id_map import IdMap
from recommender.interactions import Interactions, from_pairs
from recommender.product_facts import ProductFacts
from recommender.purchases import Purchases
from recommender.serving.ranking import Source, rank
from recommender.training.dataset import Cut, cut_at, labels_of
from recommender.training.evaluate import mean_and_error, score_lists
from recommender.training.kinds import kinds_of
from recommender.training.learn import Learned, learn
from recommender.training.parameters import TrainingParameters
from recommender.training.sources.everyone import FromEveryone
from tests.benchmarks.complete_journey import before
from tests.benchmarks.lists_scored import Figures, Question

HIDDEN = 10
"""Every tenth product is new."""
COLD_SHOPPERS = 8
"""Every eighth shopper is left with the last five lines."""
KEPT_LINES = 5


def cold_figures(feedback: Feedback, parameters: TrainingParameters, *, cut_s: int, end_s: int) -> Figures:
    """Train once without every tenth product and with little of every eighth shopper; foretell the window."""
    full = cut_at(before(feedback, cut_s), parameters, as_of_s=cut_s)
    hidden = full.purchases.products.take(np.arange(0, full.shape[1], HIDDEN))
    cold = full.purchases.shoppers.take(np.arange(0, full.shape[0], COLD_SHOPPERS))
    known = replace(feedback, purchases=_left(feedback.purchases.before(cut_s), hidden, cold))
    learned = learn(known, parameters, lambda stage, progress: None)
    cut = cut_at(known, parameters, as_of_s=cut_s)
    return {
        "cold_products_recall20": _products(feedback, learned, cut, hidden, end_s=end_s),
        "cold_shoppers": _shoppers(feedback, learned, cut, cold, end_s=end_s),
    }


def _left(purchases: Purchases, hidden: IdMap, cold: IdMap) -> Purchases:
    """Without the hidden products; of the cold shoppers only the last lines."""
    new = hidden.places(purchases.products)[purchases.product_indices] >= 0
    seldom = cold.places(purchases.shoppers)[purchases.shopper_indices] >= 0
    order = np.lexsort((purchases.ordered_at_s, purchases.shopper_indices))[::-1]
    owners = purchases.shopper_indices[order]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    from_the_end = np.empty(len(order), np.int64)
    from_the_end[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return purchases.where(~new & ~(seldom & (from_the_end >= KEPT_LINES)))


@dataclass(frozen=True, slots=True)
class FromTable:
    """Scores that are known."""

    table: NDArray[np.float32]

    def scores(self, shoppers: NDArray[np.integer]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = self.table[shoppers]
        return scores


def _products(feedback: Feedback, learned: Learned, cut: Cut, hidden: IdMap, *, end_s: int) -> Figures:
    """Recall@20 of the hidden products among themselves, for the shoppers who bought one in the window."""
    relevant = _bought(feedback.purchases, learned.shoppers, hidden, start_s=cut.as_of_s, end_s=end_s)
    facts = feedback.facts.of(hidden)
    groups, length = cut.facts.types + 1, len(cut.facts.features) + 1
    by_type = np.bincount(groups, cut.popular, length) / np.maximum(np.bincount(groups, minlength=length), 1)
    features, leant = facts.matrix(), _leant(learned, facts)
    tastes = learned.shopper_tastes @ (features @ learned.feature_vectors).T + features @ learned.feature_biases
    random = np.random.default_rng(1).random((len(learned.shoppers), len(hidden)), np.float32)
    oracle = np.bincount(relevant.products, minlength=len(hidden)).astype(np.float32)
    sources: dict[str, Source] = {
        "random": FromTable(random),
        "type_popularity": FromEveryone(by_type[facts.types + 1].astype(np.float32)),
        "lightfm_features_only": FromTable(tastes),
        "leanings": FromTable(leant),
        "ours": FromTable(tastes + leant),
        "oracle_popularity": FromEveryone(oracle),
    }
    return {name: _recall20(source, relevant) for name, source in sources.items()}


def _leant(learned: Learned, facts: ProductFacts) -> NDArray[np.float32]:
    """What each shopper leans to each product, shape (shoppers, products)."""
    shape = (len(learned.shoppers), len(learned.kinds))
    leanings = csr_matrix((learned.leaning_weights, learned.leaning_kinds, learned.leaning_starts), shape=shape)
    kinds = kinds_of(facts)
    places = learned.kinds.places(kinds.names)
    known = places >= 0
    leant: NDArray[np.float32] = (leanings[:, places[known]] @ kinds.of_products[:, known].T).toarray()
    return leant


def _recall20(source: Source, relevant: Interactions) -> float:
    who = np.flatnonzero(np.diff(relevant.starts))
    lists = rank(source, who, product_count=relevant.product_count, k=20).products
    return round(mean_and_error(score_lists(lists, who, relevant=relevant, bought=relevant, k=20).recall)[0], 4)


def _bought(purchases: Purchases, shoppers: IdMap, products: IdMap, *, start_s: int, end_s: int) -> Interactions:
    """What these shoppers bought of these products in the window."""
    times = purchases.ordered_at_s
    later = purchases.where((times >= start_s) & (times < end_s))
    rows = shoppers.places(purchases.shoppers)[later.shopper_indices]
    columns = products.places(purchases.products)[later.product_indices]
    known = (rows >= 0) & (columns >= 0)
    return from_pairs(rows[known], columns[known], np.ones(int(known.sum())), (len(shoppers), len(products)))


def _shoppers(feedback: Feedback, learned: Learned, cut: Cut, cold: IdMap, *, end_s: int) -> Figures:
    """Our lists for the shoppers of whom little is known, beside popularity."""
    labels = labels_of(feedback.purchases, cut, end_s=end_s)
    is_cold = cold.places(cut.purchases.shoppers) >= 0
    some = is_cold[labels.shoppers()]
    relevant = from_pairs(labels.shoppers()[some], labels.products[some], labels.weights[some], cut.shape)
    question = Question(relevant, cut.bought)
    popular = np.tile(learned.popular[:20], (cut.shape[0], 1))
    return {
        "shoppers": len(question.shoppers),
        "ours": question.figures(learned.for_you),
        "popularity": question.figures(popular),
        "ahead": question.ahead(learned.for_you, popular),
    }
