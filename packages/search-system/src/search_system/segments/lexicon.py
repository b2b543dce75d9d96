"""Distinct words, each with a number: what a dictionary does, for many texts at once.

A look-up in Python takes a string per token and some 0.4 microseconds; here it is a tenth of that,
and a word takes a third of the memory. Texts of ASCII are split and folded on the way, as the
tokenizer's pattern would (`Tokenizer.folded`); other words come one by one, as UTF-8.

Words are numbered in the order in which they come, so the hashes, which have a seed of their own
lest anybody choose words that collide, change nothing that can be seen.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from search_system.segments.lexicon_kernels import (
    Table,
    fill_slots,
    number_texts,
    number_words,
    sort_words,
)

_FIRST_WORDS = 512
_FIRST_BYTES = 4096

Numbers = NDArray[np.int32]
T = TypeVar("T", bound=np.generic)


class Lexicon:
    """The words of a field."""

    def __init__(self) -> None:
        self._seed = np.uint64(int.from_bytes(os.urandom(8)))
        self._counts = np.zeros(2, np.int64)
        self._table = Table(
            np.zeros(2 * _FIRST_WORDS, np.uint64),
            np.zeros(_FIRST_WORDS + 1, np.int64),
            np.empty(_FIRST_BYTES, np.uint8),
        )

    def __len__(self) -> int:
        """Return the number of words."""
        return int(self._counts[0])

    def split(
        self, texts: Sequence[str], folded: NDArray[np.int8]
    ) -> tuple[Numbers, NDArray[np.int64]]:
        """Return the numbers of the words of some texts in a row, and how many each text has.

        Args:
            texts: of ASCII only.
            folded: see `Tokenizer.folded`.
        """
        data = np.frombuffer("".join(texts).encode(), np.uint8)
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        numbers = np.empty((len(data) + len(texts)) // 2 + 1, np.int32)
        sizes = np.zeros(len(texts), np.int64)
        self._counts[1] = done = 0
        while True:
            done = number_texts(
                *self._table, self._seed, self._counts, data, ends, folded, done, numbers, sizes
            )
            if done == len(texts):
                return numbers[: self._counts[1]].copy(), sizes
            size = len(texts[done])
            self._make_room((size + 1) // 2, size)

    def number(self, words: Sequence[str], errors: str = "surrogatepass") -> Numbers:
        """Return the numbers of words; ``errors`` is what becomes of half a surrogate pair."""
        data = np.frombuffer("".join(words).encode(errors=errors), np.uint8)
        characters = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data))
        ends = characters[np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))]
        return self.number_encoded(data, ends)

    def number_encoded(self, data: NDArray[np.uint8], ends: NDArray[np.int64]) -> Numbers:
        """Return the numbers of words that are given by their bytes in a row, and their ends."""
        numbers = np.empty(len(ends), np.int32)
        self._make_room(len(ends), len(data))
        number_words(*self._table, self._seed, self._counts, data, ends, numbers)
        return numbers

    def words(self, begin: int = 0) -> list[str]:
        """Return all words from a number on."""
        offsets = self._table.offsets[begin : len(self) + 1]
        data = self._table.data[offsets[0] : offsets[-1]]
        characters = np.append(0, np.cumsum((data & 0xC0) != 0x80))
        ends = characters[offsets - offsets[0]].tolist()
        text = data.tobytes().decode(errors="surrogatepass")
        return list(map(text.__getitem__, map(slice, ends, ends[1:])))

    def order(self) -> NDArray[np.int64]:
        """Return the numbers of all words, ascending by their bytes."""
        order, spare = np.arange(len(self)), np.empty(len(self), np.int64)
        prefixes = np.empty(len(self), np.uint64)
        sort_words(self._table.offsets, self._table.data, prefixes, order, spare)
        return order

    def has_surrogates(self) -> NDArray[np.bool_]:
        """Return which words have half a surrogate pair, which UTF-8 cannot hold."""
        ends = self._table.offsets[1 : len(self) + 1]
        data = self._table.data[: ends[-1]] if len(self) else self._table.data[:0]
        halves = np.flatnonzero((data[:-1] == 0xED) & (data[1:] >= 0xA0))
        found = np.zeros(len(self), np.bool_)
        found[np.searchsorted(ends, halves, side="right")] = True
        return found

    def encoded(self, words: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the bytes of some words in a row, and where each begins, and the last one ends."""
        begins = self._table.offsets[words]
        sizes = self._table.offsets[words + 1] - begins
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        places = np.repeat(begins - offsets[:-1], sizes) + np.arange(offsets[-1])
        return self._table.data[places], offsets

    def _make_room(self, more_words: int, more_bytes: int) -> None:
        """Let so many words of so many bytes fit into the table."""
        slots, offsets, data = self._table
        words, used = len(self), int(self._table.offsets[len(self)])
        if words + more_words >= len(offsets):
            offsets = _grown(offsets, words + 1, words + more_words + 1)
        if used + more_bytes > len(data):
            data = _grown(data, used, used + more_bytes)
        if 2 * (words + more_words) > len(slots):
            slots = np.zeros(1 << (2 * (words + more_words) - 1).bit_length(), np.uint64)
            fill_slots(slots, offsets, data, self._seed, words)
        self._table = Table(slots, offsets, data)


def _grown(array: NDArray[T], used: int, needed: int) -> NDArray[T]:
    """Return an array that is at least twice as long, with the used part of the old one."""
    grown = np.empty(max(needed, 2 * len(array)), array.dtype)
    grown[:used] = array[:used]
    return grown
