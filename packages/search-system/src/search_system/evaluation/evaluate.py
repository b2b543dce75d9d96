"""Run a collection's queries through an index and measure the rankings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from search_system.corpus.collection import Qrels
from search_system.engine import Index
from search_system.errors import CollectionError
from search_system.evaluation.metrics import Metrics, mean, measure
from search_system.ranking.bm25 import BM25

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
    by_query: dict[str, Metrics]


def run_queries(
    index: Index,
    queries: Mapping[str, str],
    depth: int = 1000,
    bm25: BM25 | None = None,
    track: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> dict[str, dict[str, float]]:
    """Return the scores of each query's ``depth`` best documents; ``track`` may show progress."""
    return {
        query_id: {hit.id: hit.score for hit in index.search(queries[query_id], depth, bm25)}
        for query_id in track(queries)
    }


def evaluate_run(run: Run, qrels: Qrels) -> Evaluation:
    """Measure a run on every judged query; one that the run lacks has found nothing."""
    by_query = {query_id: measure(run.get(query_id, {}), qrels[query_id]) for query_id in qrels}
    positive = [by_query[q] for q, judged in qrels.items() if any(g > 0 for g in judged.values())]
    return Evaluation(
        queries=len(by_query),
        positive_queries=len(positive),
        all_judged=mean(list(by_query.values())),
        with_positive=mean(positive),
        by_query=by_query,
    )


def judged_queries(queries: Mapping[str, str], qrels: Qrels) -> dict[str, str]:
    """Return the queries that have judgments; raise `CollectionError` if one has no text."""
    if missing := [query_id for query_id in qrels if query_id not in queries]:
        raise CollectionError(
            f"{len(missing)} judged queries have no text, the first is '{missing[0]}'; "
            "queries.jsonl and qrels/ must use the same ids"
        )
    return {query_id: queries[query_id] for query_id in qrels}
