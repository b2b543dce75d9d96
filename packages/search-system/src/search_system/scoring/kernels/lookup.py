"""The prepared terms of an index as kernels see them, and a term's part in one document."""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only, written


class Terms(NamedTuple):
    """Every prepared term in every segment (`search_system.scoring.terms`)."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    bounds: NDArray[np.float64]
    tenths: NDArray[np.float64]
    windows_at: NDArray[np.int64]
    bitmap_at: NDArray[np.int64]
    docs: NDArray[np.uint32]
    impacts: NDArray[np.float32]
    window_begins: NDArray[np.int64]
    window_bounds: NDArray[np.float32]
    bits: NDArray[np.uint64]
    ranks: NDArray[np.uint32]


@inlined
def _count_ones(word: Integer) -> Integer:
    """Return the number of bits set; compilers know the pattern and use one instruction."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@inlined
def find_in_bitmap(
    bits: NDArray[np.uint64], ranks: NDArray[np.uint32], bitmap: Integer,
    impacts: NDArray[np.float32], start: Integer, doc: Integer,
) -> float:  # fmt: skip
    """Return the part of a term that has a bitmap in a document's score, or 0."""
    at = bitmap + (np.uint64(doc) >> np.uint64(6))
    word, bit = bits[at], np.uint64(1) << (np.uint64(doc) & np.uint64(63))
    if word & bit == np.uint64(0):
        return 0.0
    before = np.uint64(ranks[at]) + _count_ones(word & (bit - np.uint64(1)))
    return np.float64(impacts[start + before])


@inlined
def find_by_search(
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    begin: Integer, end: Integer, doc: Integer,
) -> float:  # fmt: skip
    """Return the part of a term, whose postings begin and end as given, or 0."""
    low, high = begin, end
    while low < high:
        middle = (low + high) >> np.uint64(1)
        if docs[middle] < doc:
            low = middle + np.uint64(1)
        else:
            high = middle
    return np.float64(impacts[low]) if low < end and docs[low] == doc else 0.0


@kernel(
    types.void,
    read_only(types.int64), read_only(types.int64), read_only(types.int64),
    read_only(types.uint32), read_only(types.float32),
    read_only(types.uint32), written(types.float64),
)  # fmt: skip
def score_documents(
    query: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64],
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    wanted: NDArray[np.uint32], scores: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add the parts of a query's terms, in their order, to the scores of some documents."""
    for i in range(len(query)):
        begin, end = starts[query[i]], stops[query[i]]
        for j in range(len(wanted)):
            low, high = begin, end
            while low < high:
                middle = (low + high) // 2
                if docs[middle] < wanted[j]:
                    low = middle + 1
                else:
                    high = middle
            if low < end and docs[low] == wanted[j]:
                scores[j] += impacts[low]
