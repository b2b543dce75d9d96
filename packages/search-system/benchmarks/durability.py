"""Durable commits per second, beside SQLite FTS5 and tantivy.

usage: python benchmarks/durability.py [--commits 100] [--rounds 5] [--collections FOLDER]
                                       [--folder FOLDER] [--json]

Each commit waits for the disk (fsync), with one document and with a hundred. The engines write the
same real texts (see `documents`) to the same disk and take turns: each commits a share of its
commits in each round, so a disk or machine that gets slower does so for all. Times are the clock's.
SQLite runs with synchronous=FULL, with a write-ahead log and with a rollback journal. What ours and
SQLite commit is found by the next search of the same process; tantivy would still have to reload.
SQLite has put the words into its index by then. Ours does so when somebody searches, or when the
log is full: "each searched" counts what the next search would wait for, after each commit. "each a
checkpoint" is our index with ``logged_commits=0``. Our merges are waited for, so that they are
counted, and run in nobody else's time.

A disk's fsync takes what it takes: "fsync ms" is that of 700 bytes appended to a file, measured in
the same rounds, and the least that a durable commit can cost.
"""

import argparse
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from documents import read_sources
from rich.console import Console
from rich.table import Table

from search_system.schema import IndexSchema, TextField
from search_system.searching.searcher import Searcher
from search_system.store.config import WriterConfig
from search_system.store.store import Store

Batch = Sequence[tuple[str, str]]
"""Ids and texts of a commit."""
Commit = Callable[[Batch], object]
SIZES = (1, 100)
_OURS = "search-system"


def main() -> None:
    """Measure and print."""
    options = parse()
    wanted = sum(options.commits * options.rounds * size for size in SIZES)
    sources = read_sources(options.collections, wanted)
    texts = [text for texts in sources.values() for text in texts]
    rows = [row for size in SIZES for row in measure(texts, size, options)]
    if options.json:
        print(json.dumps({"texts": {k: len(v) for k, v in sources.items()}, "rows": rows}))
        return
    print(f"{len(texts):,} texts of {np.mean([len(t) for t in texts]):.0f} characters")
    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*(f"{v:,.3g}" if isinstance(v, float) else f"{v}" for v in row.values()))
    Console(width=120).print(table)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--commits", type=int, default=100, help="per engine, size and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--collections", type=Path, help="a folder of collections, as BEIR's")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to be measured")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(texts: list[str], size: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Let the engines take turns with commits of ``size`` documents; return a row for each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        commits: dict[str, Commit] = {}
        for name, opened in ENGINES.items():
            (folder / name).mkdir()
            commits[name] = stack.enter_context(opened(folder / name))
        source = batches(texts, size)
        seconds: dict[str, list[float]] = {name: [] for name in commits}
        for commit in commits.values():
            commit(next(source))  # opens files, compiles statements
        for _ in range(options.rounds):
            turn = list(islice(source, options.commits))
            for name, commit in commits.items():
                seconds[name] += [timed(commit, batch) for batch in turn]
    floor = float(np.median(seconds.pop("fsync")) * 1000)
    base = float(np.mean(seconds[_OURS]))
    return [row(name, size, np.array(times), base, floor) for name, times in seconds.items()]


def batches(texts: list[str], size: int) -> Iterator[Batch]:
    """Yield batches without end; ids are new each time."""
    number = 0
    while True:
        documents = [(f"d{i}", texts[i % len(texts)]) for i in range(number, number + size)]
        number += size
        yield documents


def timed(commit: Commit, batch: Batch) -> float:
    """Return the seconds that adding and committing a batch takes."""
    start = time.perf_counter()
    commit(batch)
    return time.perf_counter() - start


def row(
    name: str, size: int, seconds: np.ndarray[Any, Any], base: float, floor: float
) -> dict[str, Any]:
    """Return the figures of an engine."""
    return {
        "engine": name,
        "documents/commit": size,
        "commits/s": float(1 / seconds.mean()),
        "documents/s": float(size / seconds.mean()),
        "p50 ms": float(np.median(seconds) * 1000),
        "p99 ms": float(np.percentile(seconds, 99) * 1000),
        "fsync ms": floor,
        "ours / its commits/s": float(seconds.mean() / base),
    }


@contextmanager
def ours(
    folder: Path, config: WriterConfig | None = None, *, searched: bool = False
) -> Iterator[Commit]:
    """Open our index; ``searched`` has a search behind each commit, as far as it has to do with it.

    That is the segment of what was committed, and all that a search needs of it and others.
    """
    with Store.open(folder, IndexSchema({"text": TextField()}), config=config) as store:
        searcher = Searcher(store.snapshot())

        def commit(batch: Batch) -> None:
            nonlocal searcher
            for doc_id, text in batch:
                store.add({"text": text}, doc_id)
            store.commit()
            if searched:
                searcher = Searcher(store.snapshot(), searcher)
            store.wait_for_merge()

        yield commit


def checkpoints(folder: Path) -> AbstractContextManager[Commit]:
    """Open our index so that every commit is a checkpoint."""
    return ours(folder, WriterConfig(logged_commits=0))


def searched(folder: Path) -> AbstractContextManager[Commit]:
    """Open our index so that every commit is searched."""
    return ours(folder, searched=True)


@contextmanager
def fts5(folder: Path, journal: str) -> Iterator[Commit]:
    """Open a full-text table of SQLite with a kind of journal."""
    connection = sqlite3.connect(folder / "index.sqlite", isolation_level=None)
    (mode,) = connection.execute(f"PRAGMA journal_mode={journal}").fetchone()
    if mode != journal:
        raise SystemExit(f"expected the journal mode {journal}, SQLite took {mode}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, text, tokenize='porter unicode61')"
    )

    def commit(batch: Batch) -> None:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO t VALUES (?, ?)", batch)
        connection.execute("COMMIT")

    yield commit
    connection.close()


@contextmanager
def tantivy_index(folder: Path) -> Iterator[Commit]:
    """Open an index of tantivy, which stores ids and texts as the others do."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("text", stored=True, tokenizer_name="en_stem")
    writer = tantivy.Index(builder.build(), path=str(folder)).writer(100_000_000, num_threads=1)

    def commit(batch: Batch) -> None:
        for doc_id, text in batch:
            writer.add_document(tantivy.Document(id=doc_id, text=text))
        writer.commit()

    yield commit
    writer.wait_merging_threads()


@contextmanager
def bare_fsync(folder: Path) -> Iterator[Commit]:
    """Open a file for what every engine does at least."""
    descriptor = os.open(folder / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def commit(_: Batch) -> None:
        os.write(descriptor, bytes(700))
        os.fsync(descriptor)

    yield commit
    os.close(descriptor)


ENGINES: dict[str, Callable[[Path], AbstractContextManager[Commit]]] = {
    _OURS: ours,
    f"{_OURS}, each searched": searched,
    f"{_OURS}, each a checkpoint": checkpoints,
    "SQLite FTS5, write-ahead log": lambda folder: fts5(folder, "wal"),
    "SQLite FTS5, rollback journal": lambda folder: fts5(folder, "delete"),
    "tantivy": tantivy_index,
    "fsync": bare_fsync,
}

if __name__ == "__main__":
    main()
