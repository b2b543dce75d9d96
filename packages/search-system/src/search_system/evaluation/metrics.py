"""trec_eval's measures of one query's ranking, computed as trec_eval does.

* A document counts as relevant from grade 1 up; a negative grade counts as 0.
* The ranking is by score rounded to float32, which is what trec_eval stores, and equal scores go by
  document id, descending.
* nDCG's gain is the grade itself (not 2^grade - 1), its discount log2(rank + 1), and its ideal
  ranking holds all judged documents.
* A query without a relevant document scores 0 in everything.

What nobody has judged counts as irrelevant, so a ranking of documents that the judges never saw
loses by it. Two measures say how much that can be: ``judged_at_k``, and nDCG of the condensed
ranking, from which unjudged documents are removed before the cut (Sakai, SIGIR 2007). The plain
and the condensed nDCG are not bounds of the truth, but far apart they say: judge more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, slots=True)
class Metrics:
    """The measures of one query, or their means or standard errors over queries."""

    ndcg_at_10: float
    """trec_eval's ndcg_cut_10."""
    average_precision: float
    """trec_eval's map: the mean precision at the ranks of the relevant documents."""
    reciprocal_rank: float
    """trec_eval's recip_rank: 1 / the rank of the first relevant document."""
    precision_at_10: float
    """trec_eval's P_10: the share of ten places that relevant documents take."""
    recall_at_100: float
    """trec_eval's recall_100: the share of the relevant documents in the first 100."""
    judged_at_10: float
    """The share of the first ten that have a judgment, whatever its grade; 0 if nothing is found.

    What is unjudged counts as irrelevant above: a low share makes the other measures guesses."""
    condensed_ndcg_at_10: float
    """nDCG@10 of the ranking without its unjudged documents."""


MEASURES = tuple(field.name for field in fields(Metrics))


@dataclass(frozen=True, slots=True)
class JudgedRanking:
    """A ranking as its judgments see it."""

    grades: list[int | None]
    """The grade of each document, best first, negative ones as 0; None where there is none."""
    ideal: list[int]
    """The grades of all relevant documents of the query, descending."""

    @classmethod
    def of(cls, scores: Mapping[str, float], grades: Mapping[str, int]) -> "JudgedRanking":
        """Return the ranking of one query, from its run's scores and its judgments."""
        return cls(
            [max(0, grades[doc]) if doc in grades else None for doc in rank(scores)],
            sorted((grade for grade in grades.values() if grade > 0), reverse=True),
        )

    def condensed(self) -> "JudgedRanking":
        """Return the ranking without its unjudged documents."""
        return JudgedRanking([grade for grade in self.grades if grade is not None], self.ideal)


def rank(scores: Mapping[str, float]) -> list[str]:
    """Return the document ids of a run in trec_eval's order."""
    by_id = sorted(scores, key=lambda doc_id: doc_id.encode(), reverse=True)
    with np.errstate(over="ignore"):  # beyond float32 is infinite, to trec_eval too
        stored = np.array([scores[doc_id] for doc_id in by_id], dtype=np.float64)
        order = np.argsort(-stored.astype(np.float32), kind="stable")
    return [by_id[place] for place in order.tolist()]


def measure(scores: Mapping[str, float], grades: Mapping[str, int]) -> Metrics:
    """Return the measures of one query, from its run's scores and its judgments."""
    ranking = JudgedRanking.of(scores, grades)
    return Metrics(
        ndcg_at_10=ndcg_at_k(ranking, 10),
        average_precision=average_precision(ranking),
        reciprocal_rank=reciprocal_rank(ranking),
        precision_at_10=precision_at_k(ranking, 10),
        recall_at_100=recall_at_k(ranking, 100),
        judged_at_10=judged_at_k(ranking, 10),
        condensed_ndcg_at_10=ndcg_at_k(ranking.condensed(), 10),
    )


def ndcg_at_k(ranking: JudgedRanking, k: int) -> float:
    """Return trec_eval's ndcg_cut_k: the discounted gain of the first k by that of the ideal k."""
    return _dcg(ranking.grades[:k]) / _dcg(ranking.ideal[:k]) if ranking.ideal else 0.0


def average_precision(ranking: JudgedRanking) -> float:
    """Return trec_eval's map of one query."""
    found, total = 0, 0.0
    for place, grade in enumerate(ranking.grades, 1):
        if grade:
            found += 1
            total += found / place
    return total / len(ranking.ideal) if ranking.ideal else 0.0


def reciprocal_rank(ranking: JudgedRanking) -> float:
    """Return trec_eval's recip_rank: 1 / the rank of the first relevant document, however late."""
    return next((1 / place for place, grade in enumerate(ranking.grades, 1) if grade), 0.0)


def precision_at_k(ranking: JudgedRanking, k: int) -> float:
    """Return trec_eval's P_k: relevant documents among the first k, by k however few are found."""
    return sum(map(bool, ranking.grades[:k])) / k


def recall_at_k(ranking: JudgedRanking, k: int) -> float:
    """Return trec_eval's recall_k: the share of the relevant documents among the first k."""
    return sum(map(bool, ranking.grades[:k])) / len(ranking.ideal) if ranking.ideal else 0.0


def judged_at_k(ranking: JudgedRanking, k: int) -> float:
    """Return the share of the first k documents (fewer if fewer are found) with a judgment."""
    first = ranking.grades[:k]
    return sum(grade is not None for grade in first) / len(first) if first else 0.0


def _dcg(grades: list[int | None] | list[int]) -> float:
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1) if grade)
