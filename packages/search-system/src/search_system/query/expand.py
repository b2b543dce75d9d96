"""Find the terms of an index that begin like a word, or that are a few edits away from it.

A prefix is a range of the sorted terms: two binary searches.

Fuzzy matches are found in three steps over arrays, without an automaton or an index of deletions,
which would be many times as large as the terms. Terms lie by length, so those of a possible length
are one slice. Of each, a word of 64 bits says which characters occur: an edit brings at most one
new character and takes at most one away, which leaves about one term in a hundred. For those, the
distance is computed for all at once, cell by cell of a band around the diagonal. The cost is 12
bytes per term in memory (made at the first use); a million made-up terms of few letters, a hard
case, took 5 ms for one edit and 40 ms for two.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class _Signatures:
    """The terms by length: ``order[i]`` is a term's number, ``masks[i]`` its characters."""

    order: NDArray[np.int32]
    masks: NDArray[np.uint64]
    begins: NDArray[np.int64]
    """Where the terms of each length begin, and the end: [longest + 2]."""

    @classmethod
    def of(cls, terms: Sequence[str]) -> "_Signatures":
        """Sort terms by length."""
        lengths = np.fromiter(map(len, terms), dtype=np.int64, count=len(terms))
        order = np.argsort(lengths, kind="stable").astype(np.int32)
        chunks = range(0, len(terms), _CHUNK)
        masks = [_masks([terms[n] for n in order[i : i + _CHUNK].tolist()]) for i in chunks]
        return cls(order, np.concatenate([np.zeros(0, np.uint64), *masks]), _begins(lengths))

    def extended(
        self, moved: NDArray[np.int64], added: Sequence[str], numbers: NDArray[np.int64]
    ) -> "_Signatures":
        """Return those of more terms: the old ones' new numbers, and others with their numbers."""
        others = _Signatures.of(added)
        lengths = np.concatenate([part._lengths for part in (self, others)])
        order = np.concatenate([moved[self.order], numbers[others.order]]).astype(np.int32)
        masks = np.concatenate([self.masks, others.masks])
        by_length = np.argsort(lengths, kind="stable")
        return _Signatures(order[by_length], masks[by_length], _begins(lengths))

    @property
    def _lengths(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.begins) - 1), np.diff(self.begins))


class Vocabulary:
    """The sorted terms of an index, each with the number of documents that hold it.

    Args:
        terms: ascending by code points, which is also the order of their UTF-8.
        frequencies: documents per term [terms].
    """

    def __init__(self, terms: Sequence[str], frequencies: NDArray[np.integer]) -> None:
        self.terms = terms
        self.frequencies = frequencies

    def find(self, term: str) -> int | None:
        """Return the number of a term, or None."""
        place = bisect_left(self.terms, term)
        return place if place < len(self.terms) and self.terms[place] == term else None

    def frequency(self, term: str) -> int:
        """Return the number of documents that hold a term."""
        number = self.find(term)
        return 0 if number is None else int(self.frequencies[number])

    def prefix(self, text: str) -> range:
        """Return the numbers of the terms that begin with a text."""
        return prefix_range(self.terms, text)

    def fuzzy(self, word: str, edits: int) -> list[tuple[int, int]]:
        """Return the terms within some edits of a word: (number, distance).

        The nearest come first, then the most frequent, then the first. The distance is that of
        optimal string alignment, as Lucene's: insertions, deletions, substitutions, and
        transpositions of neighbours between which nothing else is edited.
        """
        signatures = self._signatures
        longest = len(signatures.begins) - 2
        first, last = max(len(word) - edits, 0), min(len(word) + edits, longest)
        if first > last:
            return []
        place = slice(signatures.begins[first], signatures.begins[last + 1])
        masks, (mask,) = signatures.masks[place], _masks([word])
        possible = np.bitwise_count(masks & ~mask) <= edits
        possible &= np.bitwise_count(mask & ~masks) <= edits
        numbers = signatures.order[place][possible]
        distances = alignment_distances(word, [self.terms[n] for n in numbers.tolist()], edits)
        near = distances <= edits
        numbers, distances = numbers[near], distances[near]
        by_rank = np.lexsort((numbers, -self.frequencies[numbers].astype(np.int64), distances))
        return list(zip(numbers[by_rank].tolist(), distances[by_rank].tolist(), strict=True))

    def extended(
        self,
        terms: Sequence[str],
        frequencies: NDArray[np.integer],
        moved: NDArray[np.int64],
        numbers: NDArray[np.int64],
    ) -> "Vocabulary":
        """Return a vocabulary of more terms; what fuzzy words need is not made anew.

        Args:
            terms: the old ones and the others, ascending.
            frequencies: of all of them.
            moved: the numbers that the old terms have in it.
            numbers: those of the others.
        """
        vocabulary = Vocabulary(terms, frequencies)
        if "_signatures" in vars(self):
            added = [terms[number] for number in numbers.tolist()]
            vocabulary._signatures = self._signatures.extended(moved, added, numbers)
        return vocabulary

    @cached_property
    def _signatures(self) -> _Signatures:
        return _Signatures.of(list(self.terms))


def prefix_range(strings: Sequence[str], text: str) -> range:
    """Return the numbers of the strings, which are sorted, that begin with a text."""

    def beginning(string: str) -> str:
        return string[: len(text)]

    first = bisect_left(strings, text)
    return range(first, bisect_right(strings, text, lo=first, key=beginning))


def _begins(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(lengths, minlength=1))])


def _masks(words: list[str]) -> NDArray[np.uint64]:
    """Return which characters occur in each word, by the last six bits of their codes."""
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    bits = np.left_shift(np.uint64(1), (codes & 63).astype(np.uint64))
    masks = np.zeros(len(words), dtype=np.uint64)
    filled = lengths > 0  # an empty word would get its neighbour's first character
    if len(codes):
        masks[filled] = np.bitwise_or.reduceat(bits, (np.cumsum(lengths) - lengths)[filled])
    return masks


def alignment_distances(word: str, others: Sequence[str], limit: int) -> NDArray[np.uint8]:
    """Return the distances [others] of a word to others; above the limit: limit + 1.

    Row i of the usual matrix holds the distances of the first i characters of ``word``; only the
    cells within ``limit`` of the diagonal are computed, each for all others at once.
    """
    if not others:
        return np.zeros(0, dtype=np.uint8)
    lengths = np.fromiter(map(len, others), dtype=np.int64, count=len(others))
    width = max(int(lengths.max()), 1)
    columns = np.array(others, dtype=f"<U{width}").view(np.uint32).reshape(len(others), width).T
    codes = [ord(c) for c in word]
    beyond = np.full(len(others), limit + 1, dtype=np.uint8)
    rows = [[np.minimum(beyond, min(j, limit + 1)) for j in range(width + 1)]]
    for i, code in enumerate(codes, 1):
        row = [beyond] * (width + 1)
        if i <= limit:
            row[0] = np.full(len(others), i, dtype=np.uint8)
        for j in range(max(i - limit, 1), min(i + limit, width) + 1):
            cell = np.minimum(np.minimum(rows[-1][j], row[j - 1]) + 1, beyond)
            row[j] = np.minimum(cell, rows[-1][j - 1] + (columns[j - 1] != code))
            if i > 1 and j > 1:
                swapped = (columns[j - 2] == code) & (columns[j - 1] == codes[i - 2])
                row[j] = np.where(swapped, np.minimum(row[j], rows[-2][j - 2] + 1), row[j])
        rows = [rows[-1], row]
    distances: NDArray[np.uint8] = np.stack(rows[-1])[lengths, np.arange(len(others))]
    return distances
