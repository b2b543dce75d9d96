"""What each stage adds on Chorus/Icecat: nDCG@10, judged documents, and CPU milliseconds per query.

usage: python benchmarks/ablation.py FOLDER [--repeats N] [--json]

FOLDER is the collection. What is tuned or trained (BM25F, the blend, the model) is so on other
queries than it is measured on: five folds by query, all stages inside the fold, N times (3) with
other folds. The denominator is the queries with a relevant document.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from catalogue import BRAND, KINDS, PRIORS, build, wordllama_vectors
from rich.console import Console
from rich.table import Table

from search_system.corpus.collection import Collection, Qrels, read_qrels, read_queries
from search_system.evaluation.comparison import compare
from search_system.evaluation.cross_validation import make_folds
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.metrics import MEASURES, Metrics, measure
from search_system.evaluation.tuning import objective
from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Blend, Candidates, FirstStage
from search_system.learning_to_rank.reranking import Reranker
from search_system.learning_to_rank.training import TrainingOptions, judged_features, train
from search_system.learning_to_rank.vectors import Vectors
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.searching.searcher import Searcher
from search_system.understanding.understand import QueryUnderstanding

BM25 = BM25F({"pooled": FieldParameters()})
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5)
WORDS_ONLY = Blend(category=0.0, feedback=0.0)
STAGES = ("BM25, pooled", "BM25F", "+ understanding", "+ hybrid", "+ LambdaMART")
MEASURED = ("ndcg_at_10", "judged_at_10", "condensed_ndcg_at_10")
ByQuery = dict[str, Metrics]


def bm25f_settings() -> list[BM25F]:
    """Return the grid: the weights of titles and attributes, saturation, the titles' b."""
    grid = itertools.product((2.0, 1.0, 3.0), (0.25, 0.1, 0.5), (1.2, 0.8, 0.4), (0.75, 0.5))
    return [
        BM25F(
            {
                "title": FieldParameters(title, b),
                "text": FieldParameters(),
                "brand": FieldParameters(),
                "attributes": FieldParameters(attributes),
            },
            k1,
        )
        for title, attributes, k1, b in grid
    ]


@dataclass
class Bench:
    """The collection, and what has been computed of it: nothing here depends on a fold."""

    searcher: Searcher
    vectors: Vectors
    queries: Mapping[str, str]
    qrels: Qrels
    known: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @cached_property
    def understanding(self) -> QueryUnderstanding:
        """Everything that needs no speller: the queries have no misspelt word."""
        return QueryUnderstanding(self.searcher, brand_field=BRAND, category_fields=KINDS)

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what was made under a key before, or make it."""
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]

    def measure(self, rank: Callable[[str], tuple[Any, Any]]) -> ByQuery:
        """Return the measures of each query under a function from query id to a ranking."""
        found = {}
        for query_id in self.queries:
            numbers, scores = rank(query_id)
            pairs = zip(numbers.tolist(), scores.tolist(), strict=True)
            run = {self.searcher.doc_id(number): score for number, score in pairs}
            found[query_id] = measure(run, self.qrels[query_id])
        return found

    def pooled(self, query: str) -> tuple[Any, Any]:
        """Return BM25's ranking over titles and texts as one field."""
        terms = self.searcher.analyzers["pooled"].query_terms(query)
        return self.searcher.scorer(BM25).search({t: terms.count(t) for t in terms}, 100)

    def stage(self, parameters: BM25F, blend: Blend, *, understand: bool = True) -> FirstStage:
        """Return a first stage."""
        return FirstStage(
            self.searcher,
            parameters=parameters,
            understanding=self.understanding if understand else None,
            vectors=self.vectors if understand else None,
            blend=blend,
        )

    def candidates(self, parameters: BM25F) -> dict[str, Candidates]:
        """Return the candidates of all queries; their order can be changed cheaply."""
        stage = self.stage(parameters, WORDS_ONLY)
        make = lambda: {q: stage(text) for q, text in self.queries.items()}  # noqa: E731
        return self.once(("candidates", id(parameters)), make)  # type: ignore[no-any-return]

    def blended(self, parameters: BM25F, blend: Blend) -> ByQuery:
        """Return the measures of a first stage."""

        def rank(query_id: str) -> tuple[Any, Any]:
            found = self.candidates(parameters)[query_id].reweighted(blend)
            return found.numbers, found.scores

        return self.once(("blended", id(parameters), blend), lambda: self.measure(rank))  # type: ignore[no-any-return]


@dataclass
class Fold:
    """What is chosen on the training queries, and the measures of all stages."""

    bench: Bench
    settings: Sequence[BM25F]
    words: Sequence[ByQuery]
    """The measures of each setting."""

    def run(self, training: Sequence[str], held_out: Sequence[str]) -> dict[str, ByQuery]:
        """Return the measures of the held-out queries, stage by stage after BM25F."""
        bench = self.bench
        place = best(self.words, training)
        parameters = self.settings[place]
        kinds = [Blend(category=w, feedback=0.0) for w in WEIGHTS]
        hybrids = [Blend(a, b) for a, b in itertools.product(WEIGHTS, WEIGHTS)]
        of_kinds = [bench.blended(parameters, blend) for blend in kinds]
        of_hybrids = [bench.blended(parameters, blend) for blend in hybrids]
        hybrid = best(of_hybrids, training)
        stages = [self.words[place], of_kinds[best(of_kinds, training)], of_hybrids[hybrid]]
        stages.append(self._learned(parameters, hybrids[hybrid], training, held_out))
        return {
            name: {query_id: found[query_id] for query_id in held_out}
            for name, found in zip(STAGES[1:], stages, strict=True)
        }

    def _learned(
        self, parameters: BM25F, blend: Blend, training: Sequence[str], held_out: Sequence[str]
    ) -> ByQuery:
        bench, options = self.bench, TrainingOptions()
        extractor = FeatureExtractor(bench.stage(parameters, blend), PRIORS)
        examples = bench.once(
            ("examples", id(parameters), blend),
            lambda: judged_features(extractor, bench.queries, bench.qrels, options),
        )
        model = train([examples[q] for q in training], extractor.names, options)
        reranker = Reranker(extractor, model)
        part = replace(bench, queries={q: bench.queries[q] for q in held_out})
        return part.measure(lambda q: reranker(extractor.stage(part.queries[q])))


def best(table: Sequence[ByQuery], queries: Sequence[str]) -> int:
    """Return the place of the setting that some queries prefer."""
    values = [objective(metrics, queries) for metrics in table]
    return values.index(max(values))


def cross_validated(bench: Bench, repeats: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return each stage's measures by query, the mean over the repeats."""
    settings = bm25f_settings()
    scorers = (bench.stage(p, WORDS_ONLY, understand=False) for p in settings)
    words = [bench.measure(lambda q, s=s: _ranking(s(bench.queries[q]))) for s in scorers]  # type: ignore[misc]
    found = {STAGES[0]: [bench.measure(lambda q: bench.pooled(bench.queries[q]))]}
    for seed in range(repeats):
        parts = make_folds(bench.queries, 5, seed)
        stages: dict[str, ByQuery] = {}
        for part in parts:
            training = [q for other in parts if other is not part for q in other]
            for name, metrics in Fold(bench, settings, words).run(training, part).items():
                stages.setdefault(name, {}).update(metrics)
        for name, by_query in stages.items():
            found.setdefault(name, []).append(by_query)
    return {name: _means(runs) for name, runs in found.items()}


def _ranking(candidates: Candidates) -> tuple[Any, Any]:
    return candidates.numbers, candidates.scores


def _means(runs: Sequence[ByQuery]) -> dict[str, dict[str, float]]:
    """Return the mean over runs of each query's measures, by measure and query."""
    return {
        name: {q: float(np.mean([getattr(run[q], name) for run in runs])) for q in runs[0]}
        for name in MEASURES
    }


def milliseconds(bench: Bench) -> dict[str, float]:
    """Return the CPU time per query of each stage, from its text to a ranking of numbers."""
    parameters, blend = bm25f_settings()[0], Blend()
    words = bench.stage(parameters, WORDS_ONLY, understand=False)
    kinds = bench.stage(parameters, Blend(feedback=0.0))
    hybrid = bench.stage(parameters, blend)
    extractor = FeatureExtractor(hybrid, PRIORS)
    examples = judged_features(extractor, bench.queries, bench.qrels, TrainingOptions())
    model = train(examples.values(), extractor.names, TrainingOptions())
    reranker = Reranker(extractor, model)
    ways: list[Callable[[str], Any]] = [
        bench.pooled, words, kinds, hybrid, lambda query: reranker(hybrid(query)),
    ]  # fmt: skip
    return {
        name: _timed(way, bench.queries.values()) for name, way in zip(STAGES, ways, strict=True)
    }


def _timed(way: Callable[[str], Any], queries: Any) -> float:
    """Return the least mean milliseconds of three passes, after one that warms up."""
    passes = []
    for _ in range(4):
        begin = time.process_time()
        for query in queries:
            way(query)
        passes.append(1000 * (time.process_time() - begin) / len(queries))
    return min(passes[1:])


def rows(bench: Bench, repeats: int) -> list[dict[str, Any]]:
    """Return the table."""
    found, times = cross_validated(bench, repeats), milliseconds(bench)
    table = []
    for before, name in zip((None, *STAGES), STAGES, strict=False):
        means = {m: Estimate.of(list(found[name][m].values())).mean for m in MEASURED}
        row: dict[str, Any] = {"stage": name} | means
        values = found[name]["ndcg_at_10"]
        row["standard_error"] = Estimate.of(list(values.values())).standard_error
        for key, other in {"gain": before, "gain_over_bm25f": STAGES[1]}.items():
            gain = compare(values, found[other]["ndcg_at_10"]) if other else None
            row[key] = gain and [gain.gain.mean, gain.gain.low, gain.gain.high]
            row[f"{key}_p"] = gain and gain.p_randomisation
        table.append(row | {"milliseconds": times[name]})
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    collection = Collection.find(options.folder)
    if collection.queries is None or not collection.qrels:
        sys.exit(f"{options.folder}: expected queries.jsonl and qrels/ beside the documents")
    queries = read_queries(collection.queries)
    qrels = read_qrels(collection.qrels[collection.choose_split()])
    positive = {q: queries[q] for q, judged in qrels.items() if any(g > 0 for g in judged.values())}
    with tempfile.TemporaryDirectory() as folder:
        searcher = build(Path(folder) / "index", collection.corpus)
        bench = Bench(searcher, wordllama_vectors(searcher), positive, qrels)
        found = rows(bench, options.repeats)
    if options.json:
        print(json.dumps({"queries": len(positive), "stages": found}, indent=1))
        return
    show(found, len(positive))


def show(found: Sequence[Mapping[str, Any]], n_queries: int) -> None:
    """Print the rows for people."""
    table = Table("stage", "nDCG@10", "gain over the stage before", "p", "judged@10",
                  "condensed", "CPU ms", box=None)  # fmt: skip
    for row in found:
        gain = row["gain"]
        table.add_row(
            row["stage"],
            f"{row['ndcg_at_10']:.4f} ± {row['standard_error']:.4f}",
            f"{gain[0]:+.4f} ({gain[1]:+.4f} to {gain[2]:+.4f})" if gain else "",
            f"{row['gain_p']:.3f}" if gain else "",
            f"{row['judged_at_10']:.4f}",
            f"{row['condensed_ndcg_at_10']:.4f}",
            f"{row['milliseconds']:.2f}",
        )
    Console(width=120).print(table)
    best = found[-1]
    lost, unjudged = 1 - best["ndcg_at_10"], best["condensed_ndcg_at_10"] - best["ndcg_at_10"]
    print(
        f"{n_queries} queries with a relevant document; ± is the standard error over queries. Of "
        f"the last row's loss of {lost:.4f}, {unjudged:.4f} is documents that nobody has judged."
    )


if __name__ == "__main__":
    main()
