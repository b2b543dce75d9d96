"""Queries per second and build time, beside bm25s and plain Python, on one thread in one run.

usage: python benchmarks/speed.py [COLLECTION ...]

Without a collection the documentation of this Python environment is indexed, and its known items
(see search_system.pydocs.known_items) are the queries. A query is measured end to end: query string
in, document ids and scores out, with the same analysis on all sides. Times are CPU time of the one
thread, which other programs on the machine disturb less than the clock (on a quiet machine the two
are equal). The engines take turns, three rounds, and the best round of each counts; "first pass" is
search-system's round right after open, which computes the impacts that later rounds find in memory.
Builds begin with documents in memory; bm25s's and plain Python's include their (our) analysis but
write nothing to disk.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from peers import Bm25s, Engine, Ours, PlainPython
from rich.console import Console
from rich.table import Table

from search_system import (
    BM25,
    AnalysisConfig,
    Analyzer,
    Collection,
    Document,
    Index,
    choose_schema,
    read_documents,
    read_queries,
    write_index,
)
from search_system.pydocs.extract import distinct, read_docs
from search_system.pydocs.known_items import make_query
from search_system.pydocs.sources import default_roots, find_sources

K = 10
ROUNDS = 3
QUERIES = 500
PLAIN_QUERIES = 10  # it needs tens of milliseconds for each


def main() -> None:
    """Measure every collection named on the command line."""
    names = [name for name in sys.argv[1:] if name != "--json"]
    rows = list(chain.from_iterable(measure(Path(name)) for name in names)) or measure(None)
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
        return
    table = Table("collection", "documents", "engine", "queries/s", "p50 ms", "p99 ms", "ratio",
                  "build s", "documents/s", box=None)  # fmt: skip
    for row in rows:
        table.add_row(*(cell(v) for v in row.values()))
    Console(width=120).print(table)


def measure(path: Path | None) -> list[dict[str, Any]]:
    """Return one row per engine."""
    documents, analysis, queries = load(path)
    analyzer = Analyzer(analysis)
    with tempfile.TemporaryDirectory() as folder:
        _, build_time = timed(lambda: write_index(Path(folder), documents, analysis))
        ours = Ours(Index.open(folder))
        queries = queries or known_items(ours.index)
        first = latencies(ours, queries)
        corpus, analysis_time = timed(lambda: [analyzer(f"{d.title}\n{d.text}") for d in documents])
        bm25s, bm25s_time = timed(lambda: Bm25s(corpus, analyzer, BM25()))
        plain, plain_time = timed(lambda: PlainPython(corpus, analyzer, BM25()))
        best = rounds([ours, bm25s, plain], queries)
    rows = [
        (ours.name, best[0], build_time),
        (f"{ours.name}, first pass", first, build_time),
        (bm25s.name, best[1], analysis_time + bm25s_time),
        (plain.name, best[2], analysis_time + plain_time),
    ]
    base = np.mean(best[1])
    return [
        {
            "collection": path.name if path else "Python docs",
            "documents": len(documents),
            "engine": engine,
            "queries_per_second": int(1 / np.mean(times)),
            "p50_ms": float(np.median(times) * 1000),
            "p99_ms": float(np.percentile(times, 99) * 1000),
            "ratio_to_bm25s": float(base / np.mean(times)),
            "build_seconds": seconds,
            "documents_per_second": int(len(documents) / seconds),
        }
        for engine, times, seconds in rows
    ]


def cell(value: float | str) -> str:
    """Return a value as the table shows it."""
    if isinstance(value, str):
        return value
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"


def load(path: Path | None) -> tuple[list[Document], AnalysisConfig, list[str]]:
    """Return documents, their analysis, and queries (none for Python docs)."""
    if path is None:
        files = read_docs(find_sources(default_roots()), jobs=1)
        docs = list(distinct(chain.from_iterable(files)))
        return docs, AnalysisConfig(split_identifiers=True), []
    collection = Collection.find(path)
    if collection.queries is None:
        sys.exit(f"{path}: no queries.jsonl")
    docs = list(read_documents(collection.corpus, choose_schema(collection.corpus)))
    return docs, AnalysisConfig(), list(read_queries(collection.queries).values())[:QUERIES]


def known_items(index: Index) -> list[str]:
    """Return the queries of known items, evenly spread over the index."""
    step = max(1, len(index) // (2 * QUERIES))
    found = (make_query(index.segment.documents[n], index) for n in range(0, len(index), step))
    return [query for query in found if query][:QUERIES]


def rounds(engines: list[Engine], queries: list[str]) -> list[list[float]]:
    """Return each engine's latencies in its best round."""
    runs: list[list[list[float]]] = [[] for _ in engines]
    for _ in range(ROUNDS):
        for engine, results in zip(engines, runs, strict=True):
            slow = isinstance(engine, PlainPython)
            results.append(latencies(engine, queries[:PLAIN_QUERIES] if slow else queries))
    return [min(results, key=sum) for results in runs]


def latencies(engine: Engine, queries: list[str]) -> list[float]:
    """Return the seconds that each query takes."""
    return [timed(lambda query=query: engine.search(query, K))[1] for query in queries]


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return a call's result and the seconds of CPU time that it took."""
    start = time.thread_time()
    result = call()
    return result, time.thread_time() - start


if __name__ == "__main__":
    main()
