"""Queries per second on hundreds of thousands of short documents, beside tantivy and bm25s.

usage: python benchmarks/throughput.py [--documents 300000] [--queries 1000] [--rounds 3]
                                       [--collections FOLDER] [--stop-words] [--json]

Documents and queries are real texts of this machine (see `documents`), and of the collections in
FOLDER, if it is given. Every engine finds the ten best documents that have any of the query's
terms, from query string to ids and scores, on one thread. All get the terms of our analysis
(stemmed English, all words, or without stop words), except that "own analysis" is tantivy with its
own English one. The engines take turns, and the best round of each counts; "first pass" is ours
right after opening, when it prepares the terms. Queries per second, p50 and p99 go by the clock,
CPU by the thread's time, and so does the ratio: other programs disturb it less.

Building begins with texts in memory and includes the analysis; ours and tantivy's index is written
to disk. Engines are checked to agree on scores, where they have the same terms and formula.
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from documents import choose_queries, read_queries_of, read_sources
from peers import Bm25s, Engine, Ours
from rich.console import Console
from rich.table import Table
from tantivy_peer import Tantivy

from search_system import (
    Analyzer,
    AnalyzerSpec,
    Document,
    Index,
    IndexSchema,
    TextField,
    build_index,
)

K = 10


def main() -> None:
    """Measure and print."""
    options = parse()
    sources = read_sources(options.collections, options.documents)
    queries = choose_queries(sources, read_queries_of(options.collections), options.queries)
    composition = {name: len(texts) for name, texts in sources.items()}
    documents = [
        Document(f"{name}-{i}", {"text": text})
        for name, texts in sources.items()
        for i, text in enumerate(texts)
    ]
    random.Random(0).shuffle(documents)
    spec = AnalyzerSpec(stop_words="english" if options.stop_words else "none")
    rows = measure(documents, queries, spec, options.rounds)
    if options.json:
        print(json.dumps({"documents": composition, "queries": len(queries), "rows": rows}))
        return
    parts = ", ".join(f"{n:,} {name}" for name, n in composition.items())
    print(f"{len(documents):,} documents ({parts}); {len(queries):,} queries")
    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*(f"{v:,.3g}" if isinstance(v, float) else f"{v}" for v in row.values()))
    Console(width=120).print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory of this process, all engines and texts in it: {peak:.1f} GB")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--collections", type=Path, help="a folder of collections, as BEIR's")
    parser.add_argument("--stop-words", action="store_true", help="leave stop words out")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(
    documents: list[Document], queries: list[str], spec: AnalyzerSpec, rounds: int
) -> list[dict[str, Any]]:
    """Build all engines, let them take turns, and return a row for each."""
    analyzer, ids = Analyzer(spec), [document.id for document in documents]
    texts = [document.fields["text"] for document in documents]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("theirs", "own"):
            (folder / part).mkdir()
        built = [
            timed(lambda: ours_of(folder / "ours", documents, spec)),
            timed(lambda: Tantivy(folder / "theirs", texts, analyzer)),
            timed(lambda: Tantivy(folder / "own", texts, None)),
            timed(lambda: Bm25s([analyzer(t) for t in texts], analyzer)),
        ]
        ours: Ours = built[0][0]
        for engine, *_ in built[1:]:
            answer(engine, ids, queries[0])  # compiles bm25s's kernels
        check(ours, built[3][0], queries)
        ours = Ours(Index.open(folder / "ours"))
        first = latencies(ours, ids, queries)
        engines = [ours, *(engine for engine, *_ in built[1:])]
        turns = [[latencies(engine, ids, queries) for engine in engines] for _ in range(rounds)]
    best = [min(runs, key=lambda run: run[1].sum()) for runs in zip(*turns, strict=True)]
    base = best[1][1].mean()
    named = [("search-system, first pass", first, built[0][1])]
    named += [(e.name, run, b[1]) for e, run, b in zip(engines, best, built, strict=True)]
    return [
        {
            "engine": name,
            "queries/s": int(1 / clock.mean()),
            "p50 ms": float(np.median(clock) * 1000),
            "p99 ms": float(np.percentile(clock, 99) * 1000),
            "CPU ms": float(cpu.mean() * 1000),
            "tantivy's CPU / its": float(base / cpu.mean()),
            "build s": float(seconds),
        }
        for name, (clock, cpu), seconds in named
    ]


def ours_of(folder: Path, documents: list[Document], spec: AnalyzerSpec) -> Ours:
    """Build our index: one field, no positions, as tantivy's."""
    schema = IndexSchema({"text": TextField("ours", positions=False)}, {"ours": spec})
    build_index(folder, documents, schema)
    return Ours(Index.open(folder))


def timed(build: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and the CPU seconds of all threads that it took."""
    start = time.process_time()
    return build(), time.process_time() - start


def answer(engine: Engine, ids: list[str], query: str) -> tuple[list[str], Sequence[float]]:
    """Return ids and scores; ours has read the ids from its index, the others' are in memory."""
    if isinstance(engine, Ours):
        hits = engine.index.search(query, K, plain=True).hits
        return [hit.id for hit in hits], [hit.score for hit in hits]
    numbers, scores = engine.search(query, K)
    return [ids[number] for number in numbers], scores


def latencies(
    engine: Engine, ids: list[str], queries: list[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the seconds that each query takes, by the clock and of CPU."""
    clock, cpu = [], []
    for query in queries:
        start = time.perf_counter(), time.thread_time()
        answer(engine, ids, query)
        clock.append(time.perf_counter() - start[0])
        cpu.append(time.thread_time() - start[1])
    return np.array(clock), np.array(cpu)


def check(ours: Ours, theirs: Bm25s, queries: list[str]) -> None:
    """Stop unless bm25s has the same scores."""
    for query in queries:
        pairs = ours.search(query, K)[1], theirs.search(query, K)[1]
        if not np.allclose(*pairs, rtol=1e-5, atol=1e-5):
            sys.exit(f"scores differ for {query!r}: {pairs}")


if __name__ == "__main__":
    main()
