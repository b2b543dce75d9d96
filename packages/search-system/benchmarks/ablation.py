"""What each stage adds on Chorus/Icecat: nDCG@10, judged documents, and CPU milliseconds per query.

usage: python benchmarks/ablation.py FOLDER [--repeats N] [--json]

FOLDER is the collection. Each stage is tuned as ``search-system tune`` does it, and the model
trained as ``train`` does, on other queries than those it is measured on: five folds by query, N
times (3) with other folds. The denominator is the queries with a relevant document.

Behind the stages: what each step of query understanding is worth when all others are taken, with
the parameters that all queries choose; and with a typing error in each query.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from catalogue import CATALOGUE, build
from rich.console import Console
from rich.table import Table

from search_system import (
    BM25F,
    Collection,
    Comparison,
    FieldParameters,
    compare,
    read_qrels,
    read_queries,
)
from search_system.corpus.collection import Qrels
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.metrics import MEASURES, Metrics, measure
from search_system.learning_to_rank.cross_validated import train_cross_validated
from search_system.learning_to_rank.first_stage import Blend
from search_system.learning_to_rank.parameters_file import RankingParameters
from search_system.learning_to_rank.training import TrainingOptions, judged_features, train
from search_system.searching.pipeline import RankingPipeline
from search_system.searching.searcher import Searcher
from search_system.searching.tuning import IndexTuning, positive_qrels, tune, worth_of_switches

POOLED = BM25F({"pooled": FieldParameters()})
STAGES = ("BM25, pooled", "BM25F", "+ understanding", "+ hybrid", "+ LambdaMART")
MEASURED = ("ndcg_at_10", "judged_at_10", "condensed_ndcg_at_10")
OF_MEANING = ("feedback", "dense", "dense_depth")
ByQuery = dict[str, Metrics]
Rank = Callable[[str], Any]


@dataclass(frozen=True)
class Bench:
    """The index and the judged queries."""

    searcher: Searcher
    queries: dict[str, str]
    qrels: Qrels

    @property
    def words(self) -> RankingParameters:
        """The defaults, without anything of meaning but the seeds of kinds."""
        defaults = RankingParameters.default(self.searcher.schema)
        return replace(defaults, catalogue=CATALOGUE, blend=Blend(feedback=0.0))

    @property
    def everything(self) -> RankingParameters:
        """The defaults of mode ranked."""
        return replace(self.words, blend=Blend())

    def measure(self, rank: Rank, queries: Sequence[str]) -> ByQuery:
        """Return the measures of some queries by id."""
        found = {}
        for query_id in queries:
            run = self.searcher.run(rank(self.queries[query_id]), 100)
            found[query_id] = measure(run, self.qrels[query_id])
        return found

    def by_words(self, parameters: BM25F) -> Rank:
        """Return what ranks by BM25F alone."""
        analyzer = self.searcher.analyzers[next(iter(parameters.fields))]

        def rank(query: str) -> tuple[Any, Any]:
            terms = analyzer.query_terms(query)
            return self.searcher.scorer(parameters).search({t: terms.count(t) for t in terms}, 100)

        return rank

    def ranked(self, pipeline: RankingPipeline) -> Rank:
        """Return what ranks by a pipeline."""
        return lambda query: pipeline.rank_words(query, 100)

    def tuned(self, stage: str, seed: int) -> IndexTuning:
        """Return what a stage's tuning finds, fold by fold."""
        if stage == "BM25F":
            return tune(self.searcher, self.words, self.queries, self.qrels, seed=seed)
        held = OF_MEANING if stage == "+ understanding" else ()
        defaults = self.words if held else self.everything
        return tune(
            self.searcher, defaults, self.queries, self.qrels, "ranked", held=held, seed=seed
        )


def measured(bench: Bench, seed: int) -> dict[str, ByQuery]:
    """Return the measures of each query in each stage, tuned without its fold."""
    found: dict[str, ByQuery] = {STAGES[0]: bench.measure(bench.by_words(POOLED), [*bench.queries])}
    for stage in STAGES[1:4]:
        tuning = bench.tuned(stage, seed)
        for fold in tuning.tuning.cross_validation.folds:
            parameters = tuning.parameters_at(fold.setting)
            pipeline = RankingPipeline(bench.searcher, parameters)
            rank = bench.by_words(parameters.bm25f) if stage == "BM25F" else bench.ranked(pipeline)
            found.setdefault(stage, {}).update(bench.measure(rank, fold.queries))
            if stage == STAGES[3]:
                learnt = bench.measure(_learned(bench, pipeline, fold.queries), fold.queries)
                found.setdefault(STAGES[4], {}).update(learnt)
    return found


def _learned(bench: Bench, pipeline: RankingPipeline, held_out: Sequence[str]) -> Rank:
    """Return what ranks by a model trained on the other queries."""
    training = {q: text for q, text in bench.queries.items() if q not in held_out}
    options = TrainingOptions()
    examples = judged_features(pipeline.extractor, training, bench.qrels, options)
    model = train(examples.values(), pipeline.extractor.names, options)
    return bench.ranked(pipeline.with_model(model))


def milliseconds(bench: Bench) -> dict[str, float]:
    """Return the CPU time per query of each stage, from its text to a ranking of numbers."""
    hybrid = RankingPipeline(bench.searcher, bench.everything)
    model = train_cross_validated(
        hybrid.extractor, bench.queries, bench.qrels, TrainingOptions(), folds=2
    ).model
    ways: list[Rank] = [
        bench.by_words(POOLED),
        bench.by_words(bench.words.bm25f),
        bench.ranked(RankingPipeline(bench.searcher, bench.words)),
        bench.ranked(hybrid),
        bench.ranked(hybrid.with_model(model)),
    ]
    return {
        name: _timed(way, bench.queries.values()) for name, way in zip(STAGES, ways, strict=True)
    }


def _timed(way: Rank, queries: Any) -> float:
    """Return the least mean milliseconds of three passes, after one that warms up."""
    passes = []
    for _ in range(4):
        begin = time.process_time()
        for query in queries:
            way(query)
        passes.append(1000 * (time.process_time() - begin) / len(queries))
    return min(passes[1:])


def rows(bench: Bench, repeats: int) -> list[dict[str, Any]]:
    """Return the table of stages; values of a query are means over the repeats."""
    runs, times = [measured(bench, seed) for seed in range(repeats)], milliseconds(bench)
    means = {
        stage: {
            name: {q: float(np.mean([getattr(run[stage][q], name) for run in runs]))
                   for q in bench.queries}
            for name in MEASURES
        }
        for stage in STAGES
    }  # fmt: skip
    table = []
    for before, name in zip((None, *STAGES), STAGES, strict=False):
        row: dict[str, Any] = {"stage": name}
        row |= {m: Estimate.of([*means[name][m].values()]).mean for m in MEASURED}
        values = means[name]["ndcg_at_10"]
        row["standard_error"] = Estimate.of([*values.values()]).standard_error
        for key, other in {"gain": before, "gain_over_bm25f": STAGES[1]}.items():
            gain = compare(values, means[other]["ndcg_at_10"]) if other else None
            row[key] = gain and [gain.gain.mean, gain.gain.low, gain.gain.high]
            row[f"{key}_p"] = gain and gain.p_randomisation
        table.append(row | {"milliseconds": times[name]})
    return table


def with_typing_errors(queries: Mapping[str, str], seed: int = 0) -> dict[str, str]:
    """Return the queries with one letter of the longest word dropped, doubled or swapped."""
    rng, found = random.Random(seed), {}
    for query_id, text in queries.items():
        word = max(text.split(), key=len, default="")
        if len(word) < 4 or not word.isalpha():
            found[query_id] = text
            continue
        at = rng.randrange(1, len(word) - 1)
        wrong = rng.choice(
            (word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:],
             word[:at] + word[at + 1] + word[at] + word[at + 2 :])
        )  # fmt: skip
        found[query_id] = text.replace(word, wrong, 1)
    return found


def switches(bench: Bench) -> dict[str, dict[str, Comparison]]:
    """Return the worth of each step of understanding, as typed and with typing errors."""
    best = bench.tuned(STAGES[3], 0).parameters
    pipeline = RankingPipeline(bench.searcher, best)
    wrong = with_typing_errors(bench.queries)
    return {
        "as typed": worth_of_switches(pipeline, bench.queries, bench.qrels),
        "with typing errors": worth_of_switches(pipeline, wrong, bench.qrels),
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    collection = Collection.find(options.folder)
    if collection.queries is None or not collection.qrels:
        sys.exit(f"{options.folder}: expected queries.jsonl and qrels/ beside the documents")
    qrels = positive_qrels(read_qrels(collection.qrels[collection.choose_split()]))
    texts = read_queries(collection.queries)
    with tempfile.TemporaryDirectory() as folder:
        index = build(Path(folder) / "index", collection.corpus)
        bench = Bench(index.searcher, {q: texts[q] for q in qrels}, qrels)
        found, worth = rows(bench, options.repeats), switches(bench)
    if options.json:
        values = {
            name: {step: {"gain": c.gain.mean, "p": c.p_randomisation} for step, c in steps.items()}
            for name, steps in worth.items()
        }
        print(json.dumps({"queries": len(qrels), "stages": found, "switches": values}, indent=1))
        return
    show(found, worth, len(qrels))


def show(
    found: Sequence[Mapping[str, Any]],
    worth: Mapping[str, Mapping[str, Comparison]],
    n_queries: int,
) -> None:
    """Print the tables for people."""
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
    console = Console(width=120)
    console.print(table)
    last = found[-1]
    lost, unjudged = 1 - last["ndcg_at_10"], last["condensed_ndcg_at_10"] - last["ndcg_at_10"]
    low, high = last["gain_over_bm25f"][1:]
    print(
        f"{n_queries} queries with a relevant document; ± is the standard error over queries. Of "
        f"the last row's loss of {lost:.4f}, {unjudged:.4f} is documents that nobody has judged.\n"
        f"The last row over BM25F: {last['gain_over_bm25f'][0]:+.4f} ({low:+.4f} to {high:+.4f}), "
        f"p {last['gain_over_bm25f_p']:.3f}."
    )
    table = Table("step of understanding", *worth, box=None)
    for step in next(iter(worth.values())):
        cells = [
            f"{c[step].gain.mean:+.4f} (p {c[step].p_randomisation:.3f})" for c in worth.values()
        ]
        table.add_row(step, *cells)
    console.print(table)


if __name__ == "__main__":
    main()
