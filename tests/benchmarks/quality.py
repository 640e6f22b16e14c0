"""Quality: what the product serves, and each baseline, on four weeks of Complete Journey that nothing has seen.

Trained before 2017-12-04, labels are the four weeks after. Epochs and habit weight are chosen on the four weeks before.
"""

import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from recommender.training.assess import assess
from recommender.training.choose import choose
from recommender.training.parameters import TrainingParameters
from tests.benchmarks.complete_journey import read_purchases

CUT = datetime(2017, 12, 4, tzinfo=UTC)


def run() -> dict[str, object]:
    """`ratio`: NDCG@20 over all products of what is served, over that of 14-day popularity."""
    started = time.perf_counter()
    parameters, cut_s = TrainingParameters(), int(CUT.timestamp())
    end_s = cut_s + int(timedelta(days=parameters.window_days).total_seconds())
    purchases = read_purchases().before(end_s)
    choice = choose(purchases, parameters, end_s=cut_s, on_epoch=lambda done: None)
    assessment = assess(purchases, choice, parameters, end_s=end_s)
    served, popular = assessment.reports["served"], assessment.reports["popularity"]
    return {
        "name": "quality",
        "ratio": round(served.all.ndcg / popular.all.ndcg, 3),
        "all_ndcg20": round(served.all.ndcg, 4),
        "novel_ndcg20": round(served.novel.ndcg, 4),
        "shoppers": assessment.shoppers,
        "products": assessment.products,
        "choice": asdict(choice),
        "models": {name: _rounded(asdict(report)) for name, report in assessment.reports.items()},
        "seconds": round(time.perf_counter() - started, 1),
    }


def _rounded(report: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {listed: {name: round(value, 4) for name, value in values.items()} for listed, values in report.items()}
