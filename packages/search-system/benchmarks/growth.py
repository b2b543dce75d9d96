"""What an index costs as it grows: time to build, memory, disk, opening it, time per query.

usage: python benchmarks/growth.py [--documents 100000 300000 1000000] [--short] [--texts FILE]
                                   [--collections FOLDER] [--memory-mb 256] [--queries 1000]
                                   [--folder FOLDER] [--json]

Documents are distinct real texts of this machine (see `documents`): package descriptions,
docstrings, sentences of the collections in FOLDER, paragraphs of notes and manual pages. With
--short they are spans of ten words of these texts, one beginning at each fourth word; if there are
too few, they repeat under new ids. Collecting them takes minutes: --texts keeps them in a file.

Each size is built in a process of its own, with positions and stored texts, merges included, from a
file of texts that is read as it goes. "peak" is the most memory that the process held, pages of
mapped files included, "own" without these, which the system takes back when it needs them; both
include Python and the libraries, some 150 MB. Another process, after its imports, opens the index,
first with none of its files in the system's cache, and answers the queries twice, top 10: the first
pass prepares each term. All on one thread, except that merges run beside the build.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from documents import choose_queries, read_queries_of, read_sources
from rich.console import Console
from rich.table import Table

from search_system.schema import IndexSchema, TextField
from search_system.searching.index import Index
from search_system.store.config import WriterConfig
from search_system.store.store import Store

Row = dict[str, Any]
K = 10
_SPAN, _STEP = 10, 4


def main() -> None:
    """Measure and print."""
    options = parse()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        texts = options.texts or folder / "texts.jsonl"
        if not texts.exists():
            collect(texts, options)
        rows = [measure(folder / f"{n}", texts, n, options) for n in options.documents]
    with texts_of(texts) as lines:
        head = next(lines)
    if options.json:
        print(json.dumps({"texts": head["composition"], "short": options.short, "rows": rows}))
        return
    print("texts: " + ", ".join(f"{n:,} {name}" for name, n in head["composition"].items()))
    table = Table("", *(f"{row['documents']:,}" for row in rows), box=None)
    for name in rows[0]:
        table.add_row(name, *(f"{row[name]:,.3g}" for row in rows))
    Console(width=120).print(table)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    sizes = [100_000, 300_000, 1_000_000]
    parser.add_argument("--documents", type=int, nargs="+", default=sizes)
    parser.add_argument("--short", action="store_true", help="spans of ten words")
    parser.add_argument("--texts", type=Path, help="where the texts are, or are to be kept")
    parser.add_argument("--collections", type=Path, help="a folder of collections, as BEIR's")
    parser.add_argument("--memory-mb", type=int, default=WriterConfig().memory_mb)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where the indexes are built")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def collect(path: Path, options: argparse.Namespace) -> None:
    """Write a line about the texts, with the queries, and then a line for each text."""
    wanted = 1_000_000 if options.short else max(options.documents)
    sources = read_sources(options.collections, wanted)
    queries = choose_queries(sources, read_queries_of(options.collections), options.queries)
    composition = {name: len(texts) for name, texts in sources.items()}
    texts = [text for texts in sources.values() for text in texts]
    random.Random(0).shuffle(texts)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", errors="replace") as file:
        print(json.dumps({"composition": composition, "queries": queries}), file=file)
        file.writelines(json.dumps(text) + "\n" for text in texts)
    temporary.replace(path)


class texts_of:  # noqa: N801 - used like a function
    """The lines that `collect` wrote, parsed one at a time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open(encoding="utf-8")

    def __enter__(self) -> Iterator[Any]:
        return map(json.loads, self._file)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def documents(path: Path, n: int, *, short: bool) -> Iterator[str]:
    """Yield n texts; from the first again where there are too few."""

    def once() -> Iterator[str]:
        with texts_of(path) as lines:
            next(lines)
            yield from (span for text in lines for span in spans(text)) if short else lines

    def endless() -> Iterator[str]:
        while True:
            yield from once()

    return islice(endless(), n)


def spans(text: str) -> Iterator[str]:
    """Yield the short documents that a text makes."""
    words = text.split()
    for begin in range(0, max(1, len(words) - _SPAN + _STEP), _STEP):
        yield " ".join(words[begin : begin + _SPAN])


def measure(folder: Path, texts: Path, n: int, options: argparse.Namespace) -> Row:
    """Build and search an index of n documents, each in a process of its own."""
    built = apart(build, folder, texts, n, options.short, options.memory_mb)
    row = {"documents": n, **built, **apart(search, folder, texts, options.queries)}
    for path in folder.iterdir():
        path.unlink()
    return row


def apart(function: Callable[..., Row], *arguments: object) -> Row:
    """Call a function in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def build(folder: Path, texts: Path, n: int, short: bool, memory_mb: int) -> Row:
    """Build an index; return what it took."""
    peak = Peak()
    start = time.perf_counter(), time.process_time()
    schema, config = IndexSchema({"text": TextField()}), WriterConfig(memory_mb=memory_mb)
    with Store.open(folder, schema, config=config) as store:
        for i, text in enumerate(documents(texts, n, short=short)):
            store.add({"text": text}, f"d{i}")
        store.commit()
        store.wait_for_merge()
        store.commit()
        snapshot = store.snapshot()
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    peak.stop()
    size = sum(path.stat().st_size for path in folder.iterdir())
    return {
        "build s": seconds[0],
        "build CPU s": seconds[1],
        "documents/s": n / seconds[0],
        "peak MB": peak.total / 1e6,
        "own MB": peak.own / 1e6,
        "disk MB": size / 1e6,
        "segments": len(snapshot.views),
    }


class Peak:
    """The most memory that this process holds, looked up every 20 ms."""

    def __init__(self) -> None:
        self.total = self.own = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.total, own = memory()
            self.own = max(self.own, own)

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()


def search(folder: Path, texts: Path, n_queries: int) -> Row:
    """Open an index and search it; return the times."""
    with texts_of(texts) as lines:
        queries = next(lines)["queries"][:n_queries]
    forget(folder)
    cold, _ = timed(Index.open, folder)
    warm, index = timed(Index.open, folder)
    first = [timed(answer, index, query)[0] for query in queries]
    again = [timed(answer, index, query)[0] for query in queries]
    total, own = memory()
    return {
        "open cold ms": cold,
        "open warm ms": warm,
        "first query ms": first[0],
        "first pass p50 ms": float(np.median(first)),
        "first pass p99 ms": float(np.percentile(first, 99)),
        "p50 ms": float(np.median(again)),
        "p99 ms": float(np.percentile(again, 99)),
        "queries/s": 1000 / float(np.mean(again)),
        "search peak MB": total / 1e6,
        "search own MB": own / 1e6,
    }


def memory() -> tuple[int, int]:
    """Return the bytes of memory at the peak, and now without mapped files; 0 without /proc."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0, 0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(fields["VmHWM"].split()[0]), 1024 * int(fields["RssAnon"].split()[0])


def answer(index: Index, query: str) -> list[tuple[str, float]]:
    """Return the ids and scores of the best documents for a query string."""
    return [(hit.id, hit.score) for hit in index.search(query, K, plain=True).hits]


def forget(folder: Path) -> None:
    """Take a folder's files out of the system's cache, where that can be asked for."""
    if not hasattr(os, "posix_fadvise"):
        print("files stay in the cache: this system cannot drop them", file=sys.stderr)
        return
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def timed(function: Callable[..., Any], *arguments: object) -> tuple[float, Any]:
    """Return the milliseconds that a call takes, and what it returns."""
    start = time.perf_counter()
    result = function(*arguments)
    return (time.perf_counter() - start) * 1000, result


if __name__ == "__main__":
    main()
