"""The kernel that finds phrases: documents in which terms stand where a phrase wants them.

It goes through the postings of all terms side by side, as a merge does, and in each document that
has them all through its tokens. A term's positions lie in a row without an offset per posting, so
those of the documents between are passed over by adding up frequencies.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only, written


@inlined
def _frequency(
    posting: Integer, tfs: NDArray[np.uint8],
    large_at: NDArray[np.int64], large_tfs: NDArray[np.uint32],
) -> Integer:  # fmt: skip
    """Return how often a posting's document has its term; large numbers are kept apart."""
    tf = np.int64(tfs[posting])
    if tf < 255:
        return tf
    low, high = np.int64(0), np.int64(len(large_at))
    while low < high:
        middle = (low + high) >> 1
        if large_at[middle] < posting:
            low = middle + 1
        else:
            high = middle
    return np.int64(large_tfs[low]) if low < len(large_at) and large_at[low] == posting else tf


@inlined
def _fits(
    start: Integer, slop: Integer, places: NDArray[np.int64], places_at: NDArray[np.int64],
    positions: NDArray[np.uint32], begins: NDArray[np.int64], ends: NDArray[np.int64],
) -> bool:  # fmt: skip
    """Whether each place of a window that begins at ``start`` gets a token of its own.

    A term's places come in ascending order, and each takes the first token that is left.
    """
    for i in range(len(begins)):
        free = begins[i]
        for j in range(places_at[i], places_at[i + 1]):
            wanted, high = start + places[j], ends[i]
            while free < high:
                middle = (free + high) >> 1
                if np.int64(positions[middle]) < wanted:
                    free = middle + 1
                else:
                    high = middle
            if free == ends[i] or np.int64(positions[free]) > wanted + slop:
                return False
            free += 1
    return True


@inlined
def _has_window(
    slop: Integer, places: NDArray[np.int64], places_at: NDArray[np.int64],
    positions: NDArray[np.uint32], begins: NDArray[np.int64], ends: NDArray[np.int64],
) -> bool:  # fmt: skip
    """Whether a document has a window for the phrase; a token is leftmost in it.

    Without slop, a window begins with a place of the first term, so that its tokens are enough.
    """
    for i in range(len(begins) if slop > 0 else 1):
        for j in range(places_at[i], places_at[i + 1] if slop > 0 else places_at[i] + 1):
            for token in range(begins[i], ends[i]):
                start = np.int64(positions[token]) - places[j]
                if _fits(start, slop, places, places_at, positions, begins, ends):
                    return True
    return False


@kernel(
    types.int64,
    read_only(types.uint32), read_only(types.uint8),
    read_only(types.int64), read_only(types.uint32), read_only(types.uint32),
    read_only(types.int64), read_only(types.int64), read_only(types.int64),
    read_only(types.int64), read_only(types.int64), types.int64, written(types.uint32),
)  # fmt: skip
def find_phrase(
    docs: NDArray[np.uint32], tfs: NDArray[np.uint8],
    large_at: NDArray[np.int64], large_tfs: NDArray[np.uint32], positions: NDArray[np.uint32],
    postings_begins: NDArray[np.int64], postings_ends: NDArray[np.int64],
    positions_begins: NDArray[np.int64],
    places: NDArray[np.int64], places_at: NDArray[np.int64], slop: Integer,
    found: NDArray[np.uint32],
) -> Integer:  # fmt: skip
    """Write the documents that have a phrase, ascending; return how many there are.

    The arrays are those of a field (`search_system.segments.format`); without positions, documents
    count that have all terms. Each term, the rarest first, has a begin and an end of its postings,
    a begin of its positions, and its ``places``, ascending, from ``places_at[i]`` up to the next.
    ``found`` has room for the postings of the first term. As many positions as the frequencies say
    must be there.
    """
    n, n_found = len(postings_begins), 0
    at, begins, ends = postings_begins.copy(), positions_begins.copy(), np.empty(n, np.int64)
    for posting in range(postings_begins[0], postings_ends[0]):
        doc, everywhere = docs[posting], True
        at[0] = posting
        for i in range(n):
            while at[i] < postings_ends[i] and docs[at[i]] < doc:
                begins[i] += _frequency(at[i], tfs, large_at, large_tfs)
                at[i] += 1
            if at[i] == postings_ends[i]:
                return n_found
            if docs[at[i]] != doc:
                everywhere = False
                break
            ends[i] = begins[i] + _frequency(at[i], tfs, large_at, large_tfs)
        if everywhere and (
            len(positions) == 0 or _has_window(slop, places, places_at, positions, begins, ends)
        ):
            found[n_found] = doc
            n_found += 1
        begins[0] += _frequency(posting, tfs, large_at, large_tfs)
    return n_found
