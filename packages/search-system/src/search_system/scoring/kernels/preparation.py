"""Kernels that turn the postings of a term into what queries add up: documents and impacts.

An impact is a term's part of a document's score. It is rounded twice: to a multiple of 2^-40, and
to float32 (no more than 6e-8 of itself). A float64 holds sums of such numbers exactly up to 2^13,
so a score is the same in whatever order its parts are added, and kernels may choose. The smallest
impact is 2^-40, not 0, so that a document which has a term always scores above 0.

All of it is done once per term and parameters, when a query first has the term; it takes a few
nanoseconds per posting, as much as computing the parts for that one query would.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only, written

_GRID = 2.0**40


@inlined
def _frequency(tf: Integer, length: Integer, weight: float, b: float, average: float) -> float:
    """Return what the occurrences of a term in a field of a document count."""
    return float(weight * tf / (1.0 - b + b * length / average))


@inlined
def _is_damaged(
    j: Integer, docs: NDArray[np.uint32], tfs: NDArray[np.uint32], n_docs: Integer
) -> bool:
    """Whether a posting cannot be: kernels that trust it would write anywhere."""
    return bool(docs[j] >= n_docs or tfs[j] == 0 or (j > 0 and docs[j] <= docs[j - 1]))


@kernel(types.boolean, read_only(types.uint32), read_only(types.uint32), types.int64)
def are_sound(docs: NDArray[np.uint32], tfs: NDArray[np.uint32], n_docs: Integer) -> bool:
    """Return whether postings are what a segment of so many documents can have."""
    sound = True
    for j in range(len(docs)):
        sound &= not _is_damaged(j, docs, tfs, n_docs)
    return sound


@kernel(
    types.int64,
    read_only(types.uint32), read_only(types.float64),
    read_only(types.uint32), read_only(types.uint32), read_only(types.uint32),
    types.float64, types.float64, types.float64,
    written(types.uint32), written(types.float64),
)  # fmt: skip
def add_field(
    docs: NDArray[np.uint32],
    sums: NDArray[np.float64],
    field_docs: NDArray[np.uint32],
    tfs: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    weight: float,
    b: float,
    average_length: float,
    out_docs: NDArray[np.uint32],
    out_sums: NDArray[np.float64],
) -> int:
    """Add a field's normalised frequencies to those of the fields before it.

    Both lists of documents ascend, and so does the result, which has room for both lists. Returns
    how many documents it has; -1 if the field's postings are damaged.
    """
    i = n = 0
    for j in range(len(field_docs)):
        if _is_damaged(j, field_docs, tfs, len(lengths)):
            return -1
        doc = field_docs[j]
        while i < len(docs) and docs[i] < doc:
            out_docs[n], out_sums[n] = docs[i], sums[i]
            i += 1
            n += 1
        part = _frequency(tfs[j], lengths[doc], weight, b, average_length)
        if i < len(docs) and docs[i] == doc:
            part = sums[i] + part
            i += 1
        out_docs[n], out_sums[n] = doc, part
        n += 1
    while i < len(docs):
        out_docs[n], out_sums[n] = docs[i], sums[i]
        i += 1
        n += 1
    return n


@inlined
def _impact(x: float, idf: float, k1: float) -> np.float32:
    """Return ``idf * x / (k1 + x)``, rounded to the grid."""
    return np.float32(max(1.0, np.rint(idf * (x / (k1 + x)) * _GRID)) / _GRID)


@kernel(types.void, read_only(types.float64), types.float64, types.float64, written(types.float32))
def compute_impacts(
    sums: NDArray[np.float64], idf: float, k1: float, impacts: NDArray[np.float32]
) -> None:
    """Write the impact of each combined frequency."""
    for i in range(len(sums)):
        impacts[i] = _impact(sums[i], idf, k1)


@inlined
def _keep_largest(largest: NDArray[np.float32], impact: np.float32) -> None:
    """Put an impact in the place of the smallest of the largest, which are in ascending order."""
    if impact <= largest[0]:
        return
    place = 1
    while place < len(largest) and largest[place] < impact:
        largest[place - 1] = largest[place]
        place += 1
    largest[place - 1] = impact


@kernel(
    types.void,
    read_only(types.uint32), read_only(types.uint32), read_only(types.uint32),
    types.float64, types.float64, types.float64, types.float64, types.float64,
    written(types.uint32), written(types.float32), written(types.float32),
)  # fmt: skip
def write_field(
    docs: NDArray[np.uint32], tfs: NDArray[np.uint32], lengths: NDArray[np.uint32],
    weight: float, b: float, average_length: float, idf: float, k1: float,
    out_docs: NDArray[np.uint32], impacts: NDArray[np.float32], largest: NDArray[np.float32],
) -> None:  # fmt: skip
    """Do what `write_postings` does, for a term that only one field has: in one pass."""
    largest[:] = 0.0
    for i in range(len(docs)):
        doc = docs[i]
        impact = _impact(_frequency(tfs[i], lengths[doc], weight, b, average_length), idf, k1)
        out_docs[i], impacts[i] = doc, impact
        _keep_largest(largest, impact)


@kernel(
    types.void,
    read_only(types.uint32), read_only(types.float64), types.float64, types.float64,
    written(types.uint32), written(types.float32), written(types.float32),
)  # fmt: skip
def write_postings(
    docs: NDArray[np.uint32], sums: NDArray[np.float64], idf: float, k1: float,
    out_docs: NDArray[np.uint32], impacts: NDArray[np.float32], largest: NDArray[np.float32],
) -> None:  # fmt: skip
    """Write a term's documents and impacts, and its largest impacts, in ascending order.

    ``largest`` has 0 where there are fewer postings.
    """
    largest[:] = 0.0
    for i in range(len(docs)):
        impact = _impact(sums[i], idf, k1)
        out_docs[i], impacts[i] = docs[i], impact
        _keep_largest(largest, impact)


@kernel(
    types.void,
    read_only(types.uint32), read_only(types.float32), types.int64, types.int64,
    written(types.int64), written(types.float32),
)  # fmt: skip
def find_windows(
    docs: NDArray[np.uint32],
    impacts: NDArray[np.float32],
    start: int,
    window: int,
    begins: NDArray[np.int64],
    bounds: NDArray[np.float32],
) -> None:
    """Write where each window of documents begins in a term's postings, and its largest impact.

    ``begins``, counted from ``start``, has one more entry than there are windows: the end.
    """
    bounds[:] = 0.0
    at = 0
    for w in range(len(begins)):
        begins[w] = start + at
        while at < len(docs) and np.int64(docs[at]) < (w + 1) * window:
            bounds[w] = max(bounds[w], impacts[at])
            at += 1


@kernel(types.void, read_only(types.uint32), written(types.uint64), written(types.uint32))
def make_bitmap(
    docs: NDArray[np.uint32], bits: NDArray[np.uint64], ranks: NDArray[np.uint32]
) -> None:
    """Write a bit per document, and how many of the postings come before each 64 documents."""
    bits[:] = 0
    ranks[:] = 0
    for doc in docs:
        word = doc >> 6
        bits[word] |= np.uint64(1) << np.uint64(doc & np.uint32(63))
        ranks[word] += np.uint32(1)
    total = np.uint32(0)
    for i in range(len(ranks)):
        count = ranks[i]
        ranks[i] = total
        total += count
