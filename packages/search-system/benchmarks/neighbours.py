"""Recall and time of approximate vector search beside exact search, with and without a filter.

usage: python benchmarks/neighbours.py FOLDER [--documents N] [--json]

Vectors are wordllama's, of N documents (100,000) from what the machine has (see documents.py), in
one segment; queries are those of FOLDER's collections and titles, in equal parts. Recall@10 is the
share of the exact ten nearest that are found. A filter hides all but a random part of documents.
Times are of one query after another on one thread (OMP_NUM_THREADS=1), medians.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from documents import choose_queries, read_queries_of, read_sources
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from search_system.dense.approximate import HNSW, IVF
from search_system.dense.embedder import embedder_named
from search_system.dense.index import VectorSearcher
from search_system.schema import IndexSchema, TextField, VectorField
from search_system.store.config import WriterConfig
from search_system.store.snapshot import Snapshot
from search_system.store.store import Store

QUERIES = 300
SHARES = (1.0, 0.5, 0.1)
"""How many of the documents a filter lets through."""
METHODS: tuple[HNSW | IVF | None, ...] = (
    None,
    HNSW(ef_search=32),
    HNSW(ef_search=64),
    HNSW(),
    IVF(probes=4),
    IVF(),
    IVF(probes=64),
)
Vectors = NDArray[np.float32]
Masks = list[NDArray[np.bool_] | None]


def main() -> None:
    """Measure each method under each filter."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sources = read_sources(arguments.folder, arguments.documents)
    texts = choose_queries(sources, read_queries_of(arguments.folder), QUERIES)
    queries = embedder_named("wordllama").embed_queries(texts)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        snapshot = index([text for share in sources.values() for text in share], Path(folder))
        seconds = time.perf_counter() - begin
        rows = measure(snapshot, queries)
    if arguments.json:
        print(json.dumps({"documents": len(snapshot), "index_s": seconds, "rows": rows}, indent=1))
        return
    table = Table("method", "filter", "recall@10", "ms", "built in s", box=None)
    for row in rows:
        table.add_row(
            row["method"], f"{row['share']:.0%}", f"{row['recall']:.3f}", f"{row['ms']:.2f}",
            f"{row['built_s']:.1f}",
        )  # fmt: skip
    Console(width=110).print(f"{len(snapshot):,} documents, indexed in {seconds:.0f} s", table)


def index(texts: Sequence[str], folder: Path) -> Snapshot:
    """Return the documents with their vectors, in one segment."""
    schema = IndexSchema({"text": TextField(positions=False), "vector": VectorField()})
    with Store.open(folder, schema, "never", config=WriterConfig(memory_mb=1 << 12)) as store:
        for number, text in enumerate(texts):
            store.add({"text": text}, str(number))
        store.merge_all()
        store.commit()
        return store.snapshot()


def measure(snapshot: Snapshot, queries: Vectors) -> list[dict[str, Any]]:
    """Return the rows of all methods and filters."""
    rng = np.random.default_rng(0)
    masks: dict[float, Masks] = {
        share: [rng.random(view.segment.n_docs) < share for view in snapshot.views]
        for share in SHARES
    }
    exact = VectorSearcher(snapshot, "vector")
    wanted = {share: search(exact, queries, mask)[0] for share, mask in masks.items()}
    rows = []
    for method in METHODS:
        searcher = VectorSearcher(snapshot, "vector", method)
        begin = time.perf_counter()
        searcher.search(queries[0], 10)
        built = time.perf_counter() - begin
        for share, mask in masks.items():
            found, seconds = search(searcher, queries, mask)
            recall = np.mean([len(a & b) / 10 for a, b in zip(found, wanted[share], strict=True)])
            rows.append(
                {
                    "method": str(method or "exact"),
                    "share": share,
                    "recall": float(recall),
                    "ms": 1e3 * statistics.median(seconds),
                    "built_s": built,
                }
            )
    return rows


def search(
    searcher: VectorSearcher, queries: Vectors, masks: Masks
) -> tuple[list[set[int]], list[float]]:
    """Return the ten nearest of each query, and how long each search took."""
    found, seconds = [], []
    for query in queries:
        begin = time.perf_counter()
        numbers, _ = searcher.search(query, 10, masks)
        seconds.append(time.perf_counter() - begin)
        found.append(set(numbers.tolist()))
    return found, seconds


if __name__ == "__main__":
    main()
