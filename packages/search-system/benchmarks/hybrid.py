"""nDCG@10 of BM25F, of vectors, and of both fused, with the paired gain over BM25F.

usage: python benchmarks/hybrid.py FOLDER [--cache FOLDER] [--embedders NAMES] [--json]

FOLDER holds collections, each a folder in BEIR's layout; the split is test, else dev, else train.
Fused are the best 1,000 documents of each side: by reciprocal rank (k 60, nothing tuned), and by a
convex combination of min-max normalised scores, whose weight is chosen by 5-fold cross-validation
by query from 0, 0.05, ..., 1, so that no query is measured with a weight that it helped to choose.
Measured are the queries with a relevant document. Vectors are kept in --cache between runs.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cached_embedder import CachedEmbedder
from rich.console import Console
from rich.table import Table

from search_system import Collection, compare, grid_search, read_qrels, read_queries
from search_system.corpus.documents import choose_id_field, read_documents, sample_rows
from search_system.dense.embedder import embedder_named
from search_system.dense.index import VectorSearcher
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.evaluate import judged_queries
from search_system.evaluation.grades import GradeReading
from search_system.evaluation.metrics import measure
from search_system.fusion import Ranking, convex_combination, reciprocal_rank_fusion
from search_system.schema import IndexSchema, TextField, VectorField
from search_system.searching.searcher import Searcher
from search_system.store.snapshot import Snapshot
from search_system.store.store import Store

READINGS = {"cranfield": "1=4,2=3,3=2,4=1,-1=0"}
"""How the judgments of a collection are read, where their numbers are not grades."""
DEPTH = 1000
WEIGHTS = [0.05 * step for step in range(21)]
"""Of the vectors; BM25F has the rest."""
Rankings = dict[str, Ranking]
"""By query id."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A collection's judged queries that have a relevant document."""

    name: str
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]

    def ndcg(self, rankings: Mapping[str, Ranking], doc_ids: list[str]) -> dict[str, float]:
        """Return nDCG@10 by query id."""
        values = {}
        for query_id, (numbers, scores) in rankings.items():
            top = zip(numbers[:10].tolist(), scores[:10].tolist(), strict=True)
            run = {doc_ids[number]: score for number, score in top}
            values[query_id] = measure(run, self.qrels[query_id]).ndcg_at_10
        return values


def main() -> None:
    """Measure every collection in the folder."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("data/vectors"))
    parser.add_argument("--embedders", default="wordllama,minilm")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    paths = sorted(qrels.parent for qrels in arguments.folder.glob("*/qrels"))
    if not paths:
        parser.error(
            f"{arguments.folder}: expected folders with corpus.jsonl, queries.jsonl, qrels/"
        )
    names = arguments.embedders.split(",")
    embedders = {name: CachedEmbedder(embedder_named(name), arguments.cache) for name in names}
    rows = [row for path in paths for row in measure_collection(path, embedders)]
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(
        "collection", "queries", "ranking", "nDCG@10", "± s.e.", "gain over BM25F", "95% interval",
        "p", "weights chosen", box=None,
    )  # fmt: skip
    for row in rows:
        gain = ["", "", ""]
        if "gain" in row:
            gain = [
                f"{row['gain']:+.4f}",
                f"{row['low']:+.4f} to {row['high']:+.4f}",
                f"{row['p']:.4f}" if row["p"] >= 1e-4 else "< 0.0001",
            ]
        chosen = row.get("weights")
        weights = f"{min(chosen):.2f} to {max(chosen):.2f}" if chosen else ""
        table.add_row(
            row["collection"], str(row["queries"]), row["ranking"], f"{row['ndcg_at_10']:.4f}",
            f"{row['standard_error']:.4f}", *gain, weights,
        )  # fmt: skip
    Console(width=140).print(table)


def measure_collection(path: Path, embedders: Mapping[str, CachedEmbedder]) -> list[dict[str, Any]]:
    """Return the rows of one collection."""
    collection = Collection.find(path)
    judged = read_judged(collection)
    with tempfile.TemporaryDirectory() as folder:
        snapshot = index_documents(collection, Path(folder), embedders)
        doc_ids = [v.segment.ids[d] for v in snapshot.views for d in range(v.segment.n_docs)]
        lexical = search_words(snapshot, judged.queries)
        baseline = judged.ndcg(lexical, doc_ids)
        rows = [row_of(judged, "BM25F", baseline)]
        for name, embedder in embedders.items():
            dense = search_vectors(snapshot, name, embedder, judged.queries)

            def ndcg_of_weight(weight: float, dense: Rankings = dense) -> dict[str, float]:
                pair = [1 - weight, weight]
                return judged.ndcg(
                    fuse(lexical, dense, lambda p: convex_combination(p, pair)), doc_ids
                )

            tuned = grid_search(WEIGHTS, ndcg_of_weight).cross_validation
            rrf = judged.ndcg(fuse(lexical, dense, reciprocal_rank_fusion), doc_ids)
            rows += [
                row_of(judged, name, judged.ndcg(dense, doc_ids), baseline),
                row_of(judged, f"BM25F + {name}, RRF", rrf, baseline),
                row_of(judged, f"BM25F + {name}, convex", tuned.by_query, baseline)
                | {"weights": [fold.setting for fold in tuned.folds]},
            ]
    return rows


def read_judged(collection: Collection) -> Judged:
    """Return the queries to measure, and their grades."""
    split = collection.choose_split()
    assert collection.queries is not None
    reading = READINGS.get(collection.name, "raw")
    qrels = GradeReading.parse(reading).apply(read_qrels(collection.qrels[split]))
    qrels = {q: grades for q, grades in qrels.items() if max(grades.values()) > 0}
    queries = judged_queries(read_queries(collection.queries), qrels)
    return Judged(f"{collection.name} {split}", queries, qrels)


def index_documents(
    collection: Collection, folder: Path, embedders: Mapping[str, CachedEmbedder]
) -> Snapshot:
    """Index a collection with a vector field per embedder."""
    vectors = {name: VectorField(name, ("title", "text")) for name in embedders}
    schema = IndexSchema({"title": TextField(weight=2.0), "text": TextField()} | vectors)
    rows = sample_rows(collection.corpus)
    documents = read_documents(collection.corpus, choose_id_field(collection.corpus, rows))
    with Store.open(folder, schema, "never", embedder=embedders.__getitem__) as store:
        for document in documents:
            store.add(document.fields, document.id)
        store.commit()
        return store.snapshot()


def search_words(snapshot: Snapshot, queries: Mapping[str, str]) -> Rankings:
    """Return BM25F's rankings."""
    searcher = Searcher(snapshot)
    matcher = searcher.matcher()
    rankings = {}
    for query_id, text in queries.items():
        numbers, scores, *_ = matcher.search(searcher.words_of(text)[0], DEPTH)
        assert scores is not None
        rankings[query_id] = numbers, scores
    return rankings


def search_vectors(
    snapshot: Snapshot, field: str, embedder: CachedEmbedder, queries: Mapping[str, str]
) -> Rankings:
    """Return the rankings of an exact search of vectors."""
    searcher = VectorSearcher(snapshot, field)
    vectors = embedder.embed_queries(list(queries.values()))
    return {
        query_id: searcher.search(vector, DEPTH)
        for query_id, vector in zip(queries, vectors, strict=True)
    }


def fuse(
    lexical: Rankings, dense: Rankings, method: Callable[[list[Ranking]], Ranking]
) -> Rankings:
    """Return the fused rankings."""
    return {query_id: method([lexical[query_id], dense[query_id]]) for query_id in lexical}


def row_of(
    judged: Judged,
    ranking: str,
    values: Mapping[str, float],
    baseline: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Return the figures of one ranking, and its gain over a baseline."""
    estimate = Estimate.of(list(values.values()))
    row: dict[str, Any] = {
        "collection": judged.name,
        "queries": estimate.n,
        "ranking": ranking,
        "ndcg_at_10": estimate.mean,
        "standard_error": estimate.standard_error,
    }
    if baseline is not None:
        gain = compare(values, baseline)
        row |= {"gain": gain.gain.mean, "low": gain.gain.low, "high": gain.gain.high}
        row["p"] = gain.p_randomisation
    return row


if __name__ == "__main__":
    main()
