"""The words of several segments and fields as one vocabulary, with the terms that they stand for.

The words of one table are used as they are mapped. Several are merged at the first use, which takes
one to two microseconds per word and table: 300,000 real documents in eight segments with two fields
have 908,000 entries and 267,000 distinct words, which took 1.5 s and 14 MB. Fuzzy words need
another 0.4 s and 3 MB. When an index has grown by small segments since, their words are inserted
into what there is: that copies arrays, and costs some tens of microseconds per new word. After a
merge of segments, or a large new one, everything begins again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.query.autocomplete import Autocomplete
from search_system.query.expand import Vocabulary
from search_system.query.packed import PackedStrings, merged
from search_system.segments.reader import TextIndex

_NOWHERE = -1
_INSERTED_SHARE = 16
"""New words are inserted if they are at most this part of the old ones."""

_Numbers = NDArray[np.int64]


class FieldWords(NamedTuple):
    """The words of one field of one segment."""

    field: str
    text: TextIndex

    @property
    def strings(self) -> PackedStrings:
        """The words, ascending; of a field that keeps none, its terms."""
        table = self.text.words.strings if self.text.words else self.text.terms
        return PackedStrings(table.data, table.offsets)

    @property
    def terms(self) -> NDArray[np.integer]:
        """The number of each word's term, below 0 for a stop word."""
        return self.text.words.terms if self.text.words else np.arange(len(self.text.terms))

    @property
    def counts(self) -> NDArray[np.integer]:
        """How often each word occurs; of a field that keeps none, in how many documents."""
        return self.text.words.counts if self.text.words else np.diff(self.text.offsets)


class MergedWords:
    """Distinct words by number, ascending. Made by `merge_words`; immutable."""

    def __init__(
        self, tables: Sequence[FieldWords], vocabulary: Vocabulary, places: dict[str, _Numbers]
    ) -> None:
        self.tables = tuple(tables)
        self.vocabulary = vocabulary
        self._places = places
        """By field, where each word's term is: a table's place in `tables` and a term's in it."""

    def term(self, word: int, field: str) -> str | None:
        """Return the term that a word became in a field; None if it has none there."""
        place = int(self._places[field][word]) if field in self._places else _NOWHERE
        return None if place == _NOWHERE else self._term_at(place)

    def fields(self, words: slice, fields: Sequence[str]) -> NDArray[np.bool_]:
        """Return which words have a term in any of some fields, shape [words]."""
        found = [
            self._places[field][words] != _NOWHERE for field in fields if field in self._places
        ]
        shape = self.vocabulary.frequencies[words].shape
        return np.logical_or.reduce(found) if found else np.zeros(shape, np.bool_)

    def _term_at(self, place: int) -> str:
        return self.tables[place >> 32].text.terms[place & 0xFFFFFFFF]

    @cached_property
    def completer(self) -> Autocomplete:
        """Completes words, the most frequent first."""
        return Autocomplete(self.vocabulary.terms, self.vocabulary.frequencies.astype(np.float64))

    def extended(self, tables: Sequence[FieldWords]) -> "MergedWords | None":
        """Return the words of more tables; None unless they are the old and some small new ones."""
        old = {id(table.text) for table in self.tables}
        new = [table for table in tables if id(table.text) not in old]
        known, n_new = self.vocabulary.terms, sum(len(table.counts) for table in new)
        if len(tables) - len(new) != len(self.tables) or n_new * _INSERTED_SHARE > len(known):
            return None
        return self._with(new) if new else self

    def _with(self, new: Sequence[FieldWords]) -> "MergedWords":
        known = self.vocabulary.terms
        assert isinstance(known, PackedStrings)
        words, numbers_of = merged([table.strings for table in new])
        at = np.array([bisect_left(known, word) for word in words], np.int64)
        is_known = [
            i < len(known) and known[i] == w for i, w in zip(at.tolist(), words, strict=True)
        ]
        added = ~np.array(is_known, np.bool_)
        before = np.bincount(at[added], minlength=len(known) + 1)
        moved = np.arange(len(known)) + np.cumsum(before)[: len(known)]
        numbers = np.where(added, at + np.cumsum(added) - 1, np.append(moved, 0)[at])
        strings = known.inserted(
            at[added].tolist(),
            [w for w, is_new in zip(words, added.tolist(), strict=True) if is_new],
        )
        arrays = _Arrays(len(strings))
        arrays.frequencies[moved] = self.vocabulary.frequencies
        for field, places in self._places.items():
            arrays.places_of(field)[moved] = places
        tables = [*self.tables, *new]
        for i, (table, its_numbers) in enumerate(zip(new, numbers_of, strict=True)):
            arrays.add(table, len(self.tables) + i, numbers[its_numbers])
        vocabulary = self.vocabulary.extended(strings, arrays.frequencies, moved, numbers[added])
        return MergedWords(tables, vocabulary, arrays.places)


class _Arrays:
    """What is known of each word, while it is gathered from tables."""

    def __init__(self, n_words: int) -> None:
        self.frequencies = np.zeros(n_words, np.int64)
        self.places: dict[str, _Numbers] = {}

    def places_of(self, field: str) -> _Numbers:
        return self.places.setdefault(field, np.full(len(self.frequencies), _NOWHERE, np.int64))

    def add(self, table: FieldWords, number: int, words: _Numbers) -> None:
        """Add what a table, given with its number, knows about some words, given with theirs."""
        self.frequencies[words] += table.counts
        terms = table.terms.astype(np.int64)
        has_term = terms >= 0
        self.places_of(table.field)[words[has_term]] = number << 32 | terms[has_term]


def merge_words(tables: Sequence[FieldWords], previous: MergedWords | None = None) -> MergedWords:
    """Return the words of some tables; from ``previous``, if that has most of them."""
    if previous and (found := previous.extended(tables)):
        return found
    if len(tables) == 1:
        strings = tables[0].strings
        numbers = [np.arange(len(strings))]
    else:
        strings, numbers = merged([table.strings for table in tables])
    arrays = _Arrays(len(strings))
    for number, (table, words) in enumerate(zip(tables, numbers, strict=True)):
        arrays.add(table, number, words)
    return MergedWords(tables, Vocabulary(strings, arrays.frequencies), arrays.places)
