"""Run a collection's queries through an index and measure the rankings.

Whatever is measured, the denominator is stated: a query without a relevant document scores 0
whatever the ranking, so a mean over all judged queries says as much about the judgments as about
the system. Both means are kept, and the queries that make the difference are named.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from search_system.corpus.collection import Qrels
from search_system.errors import CollectionError
from search_system.evaluation.comparison import Comparison, compare
from search_system.evaluation.estimate import mean_metrics, standard_errors
from search_system.evaluation.metrics import MEASURES, Metrics, measure

Run = Mapping[str, Mapping[str, float]]
"""Scores by query id and document id."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The means of a run, over two sets of queries that are easily confused."""

    queries: int
    """Queries with any judgment, as ``trec_eval -c`` counts them."""
    positive_queries: int
    """Those with a relevant document; the others score 0 whatever the ranking."""
    all_judged: Metrics | None
    with_positive: Metrics | None
    all_judged_error: Metrics | None
    """The standard errors of ``all_judged``; None of fewer than two queries."""
    with_positive_error: Metrics | None
    without_positive: tuple[str, ...]
    """The judged queries that have no relevant document."""
    irrelevant_judgments: int
    """Documents judged irrelevant, over all queries. At 0 the judgments list relevant documents
    only, and ``judged_at_10`` and ``condensed_ndcg_at_10`` say next to nothing."""
    by_query: dict[str, Metrics]

    def values(self, name: str) -> dict[str, float]:
        """Return one measure of each query that has a relevant document, by query id."""
        left_out = set(self.without_positive)
        return {q: getattr(m, name) for q, m in self.by_query.items() if q not in left_out}


class _Hit(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def score(self) -> float: ...


class _Results(Protocol):
    @property
    def hits(self) -> Sequence[_Hit]: ...


def run_queries(
    search: Callable[[str], _Results],
    queries: Mapping[str, str],
    track: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> dict[str, dict[str, float]]:
    """Return the scores of what ``search`` finds for each query; ``track`` may show progress."""
    return {
        query_id: {hit.id: hit.score for hit in search(queries[query_id]).hits}
        for query_id in track(queries)
    }


def evaluate_run(run: Run, qrels: Qrels) -> Evaluation:
    """Measure a run on every judged query; one that the run lacks has found nothing."""
    by_query = {query_id: measure(run.get(query_id, {}), qrels[query_id]) for query_id in qrels}
    without = tuple(q for q, judged in qrels.items() if all(g <= 0 for g in judged.values()))
    left_out = set(without)
    positive = [metrics for query_id, metrics in by_query.items() if query_id not in left_out]
    everything = list(by_query.values())
    return Evaluation(
        queries=len(by_query),
        positive_queries=len(positive),
        all_judged=mean_metrics(everything),
        with_positive=mean_metrics(positive),
        all_judged_error=standard_errors(everything),
        with_positive_error=standard_errors(positive),
        without_positive=without,
        irrelevant_judgments=sum(g <= 0 for judged in qrels.values() for g in judged.values()),
        by_query=by_query,
    )


def compare_evaluations(
    evaluation: Evaluation, baseline: Evaluation, seed: int = 0
) -> dict[str, Comparison]:
    """Compare each measure over the queries with a relevant document: the others always tie.

    Raises:
        OptionError: the evaluations are of different judgments, or none is positive.
    """
    return {
        name: compare(evaluation.values(name), baseline.values(name), seed) for name in MEASURES
    }


def judged_queries(queries: Mapping[str, str], qrels: Qrels) -> dict[str, str]:
    """Return the queries that have judgments; raise `CollectionError` if one has no text."""
    if missing := [query_id for query_id in qrels if query_id not in queries]:
        raise CollectionError(
            f"{len(missing)} judged queries have no text, the first is '{missing[0]}'; "
            "queries.jsonl and qrels/ must use the same ids"
        )
    return {query_id: queries[query_id] for query_id in qrels}
