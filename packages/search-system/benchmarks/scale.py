"""What an index of many documents costs: time, peak memory, disk, and time per query.

usage: python benchmarks/scale.py DOCUMENTS

The documents are synthetic: 60 words each, whose frequencies follow Zipf's law over three million
words, so that the vocabulary keeps growing as it does in real text. The queries are three words
with the same frequencies. Times are CPU time of one thread; building includes making the documents.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from search_system import Document, Index, write_index

WORDS = 60
VOCABULARY = 3_000_000
EXPONENT = 1.15
BATCH = 1000
QUERIES = 200


def main() -> None:
    """Build, search and print one line each."""
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal() or int(sys.argv[1]) < 1:
        sys.exit("usage: scale.py DOCUMENTS")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        start = time.thread_time()
        manifest = write_index(folder, documents(rng, int(sys.argv[1])))
        seconds = time.thread_time() - start
        size = sum(info.size for info in manifest.files.values())
        print(
            f"{manifest.documents:,} documents, {manifest.terms:,} terms: {seconds:.1f} s, "
            f"{peak() / 1e9:.2f} GB of memory, {size / 1e9:.2f} GB on disk"
        )
        index = Index.open(folder)
        queries = [text(row) for row in words(rng, QUERIES, 3)]
        for name in ("first pass", "again"):
            start = time.thread_time()
            for query in queries:
                index.search(query)
            print(f"{name}: {(time.thread_time() - start) / QUERIES * 1000:.2f} ms per query")


def documents(rng: np.random.Generator, n: int) -> Iterator[Document]:
    """Yield n documents, which are made as they are needed."""
    for first in range(0, n, BATCH):
        for i, row in enumerate(words(rng, min(BATCH, n - first), WORDS), first):
            yield Document(f"document-{i}", "", text(row))


def words(rng: np.random.Generator, rows: int, columns: int) -> list[list[int]]:
    """Return random word numbers."""
    return (rng.zipf(EXPONENT, (rows, columns)) % VOCABULARY).tolist()


def text(row: list[int]) -> str:
    """Return the words of some numbers: letters and digits, so that none is split."""
    return " ".join(np.base_repr(number, 36).lower() for number in row)


def peak() -> int:
    """Return the most bytes of memory that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
