"""The words of a text field, before stemming: what people type and what can be shown to them."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFile, ArrayFileWriter, damaged
from search_system.segments.format import LARGEST_COUNT, STOP_WORD
from search_system.segments.merge_strings import merge_tables
from search_system.segments.strings import StringStream, StringTable

_RANGE_WORDS = 500_000


class WordTable:
    """The mapped words of a field."""

    def __init__(self, file: ArrayFile, name: str, n_terms: int) -> None:
        self.strings = StringTable(file, f"{name}/words")
        """Ascending by their UTF-8 bytes."""
        self.terms: NDArray[np.int32] = file[f"{name}/word_terms"]
        """The number of each word's term; STOP_WORD if it has none."""
        self.counts: NDArray[np.uint32] = file[f"{name}/word_counts"]
        """How often each word occurs, deleted documents included."""
        inside = (self.terms >= STOP_WORD) & (self.terms < n_terms)
        if not (len(self.strings) == len(self.terms) == len(self.counts) and inside.all()):
            raise damaged(file.path, f"words of '{name}' are damaged")


class WordSource:
    """The words of a segment that is merged, and what the merge has learnt about their terms."""

    def __init__(self, words: WordTable, n_terms: int) -> None:
        self.words = words
        # At the end of each, which number -1 means, is what stop words need.
        self._new_terms = np.full(n_terms + 1, STOP_WORD, np.int32)
        self._tokens = np.ones(n_terms + 1, np.int64)
        self._live = np.ones(n_terms + 1, np.int64)

    def learn(
        self,
        terms: slice,
        new_terms: NDArray[np.int64],
        tokens: NDArray[np.int64],
        live: NDArray[np.int64],
    ) -> None:
        """Note the numbers of some terms in the merged segment, STOP_WORD for those that are gone.

        ``tokens`` says how often each occurs, and ``live`` how often in documents that are left.
        """
        self._new_terms[terms] = new_terms
        self._tokens[terms] = tokens
        self._live[terms] = live

    def new_terms(self, words: slice) -> NDArray[np.int32]:
        """Return the numbers of some words' terms in the merged segment."""
        return self._new_terms[self.words.terms[words]]

    def counts(self, words: slice) -> NDArray[np.int64]:
        """Return how often some words occur where documents are left.

        That is the share of their term's occurrences, rounded up: how often each of its words was
        deleted is not known. Stop words keep their counts.
        """
        terms, counts = self.words.terms[words], self.words.counts[words].astype(np.int64)
        return -(-counts * self._live[terms] // self._tokens[terms])


def merge_words(
    out: ArrayFileWriter, name: str, sources: Sequence[WordSource], pause: Callable[[], None]
) -> None:
    """Write the words of the merged field; those of which nothing is left are dropped."""
    strings = StringStream(out, f"{name}/words")
    word_terms = out.stream(f"{name}/word_terms", np.int32)
    word_counts = out.stream(f"{name}/word_counts", np.uint32)
    tables = [source.words.strings for source in sources]
    costs = [np.arange(len(table) + 1) for table in tables]
    for merged in merge_tables(tables, costs, _RANGE_WORDS):
        pause()
        counts = np.zeros(len(merged), np.int64)
        terms = np.full(len(merged), STOP_WORD, np.int32)
        for source, begin, end, ranks in zip(
            sources, merged.begins, merged.ends, merged.ranks, strict=True
        ):
            counts[ranks] += source.counts(slice(begin, end))
            terms[ranks] = source.new_terms(slice(begin, end))
        kept = counts > 0
        merged.write(strings, kept)
        word_terms.append(terms[kept])
        word_counts.append(np.minimum(counts[kept], LARGEST_COUNT))
