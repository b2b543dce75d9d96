"""trec_eval's measures of one query's ranking, computed as trec_eval does.

* A document counts as relevant from grade 1 up; a negative grade counts as 0.
* The ranking is by score rounded to float32, which is what trec_eval stores, and equal scores go by
  document id, descending.
* nDCG's gain is the grade itself (not 2^grade - 1), its discount log2(rank + 1), and its ideal
  ranking holds all judged documents.
* A query without a relevant document scores 0 in everything.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, slots=True)
class Metrics:
    """The measures of one query, or their means over queries."""

    ndcg_at_10: float
    """trec_eval's ndcg_cut_10."""
    average_precision: float
    """trec_eval's map: the mean precision at the ranks of the relevant documents."""
    reciprocal_rank: float
    """trec_eval's recip_rank: 1 / the rank of the first relevant document."""
    recall_at_100: float
    """trec_eval's recall_100: the share of the relevant documents in the first 100."""
    judged_at_10: float
    """The share of the first ten that have a judgment, whatever its grade; 0 if nothing is found.

    What is unjudged counts as irrelevant above: a low share makes the other measures guesses."""


def rank(scores: Mapping[str, float]) -> list[str]:
    """Return the document ids of a run in trec_eval's order."""
    by_id = sorted(scores, key=lambda doc_id: doc_id.encode(), reverse=True)
    return sorted(by_id, key=lambda doc_id: -np.float32(scores[doc_id]))


def measure(scores: Mapping[str, float], grades: Mapping[str, int]) -> Metrics:
    """Return the measures of one query, from its run's scores and its judgments."""
    ranking = rank(scores)
    gains = [max(0, grades.get(doc_id, 0)) for doc_id in ranking]
    n_relevant = sum(grade > 0 for grade in grades.values())
    judged = [doc_id in grades for doc_id in ranking[:10]]
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    return Metrics(
        ndcg_at_10=_dcg(gains[:10]) / _dcg(ideal[:10]) if ideal else 0.0,
        average_precision=_average_precision(gains, n_relevant),
        reciprocal_rank=next((1 / place for place, gain in enumerate(gains, 1) if gain), 0.0),
        recall_at_100=sum(map(bool, gains[:100])) / n_relevant if n_relevant else 0.0,
        judged_at_10=sum(judged) / len(judged) if judged else 0.0,
    )


def _dcg(gains: list[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def _average_precision(gains: list[int], n_relevant: int) -> float:
    found, total = 0, 0.0
    for place, gain in enumerate(gains, 1):
        if gain:
            found += 1
            total += found / place
    return total / n_relevant if n_relevant else 0.0


def mean(metrics: list[Metrics]) -> Metrics | None:
    """Return the mean of each measure, or None of no queries."""
    if not metrics:
        return None
    names = [field.name for field in fields(Metrics)]
    return Metrics(*(math.fsum(getattr(m, n) for m in metrics) / len(metrics) for n in names))
