"""Number the words of a field, and the terms that they become.

A word is a token before stop words and stemming: normalised, and still as people type it. Texts are
kept as word numbers: one look-up per token gives these as fast as it gives term numbers, and the
segment learns which words there are and how often each occurs. Prefixes, fuzzy words, corrections
and completions need that, since a stem is nothing that anybody types.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.format import LARGEST_COUNT, STOP_WORD
from search_system.segments.lexicon import Lexicon


class WordNumbers:
    """The words of a field by number, and their terms, each asked for once."""

    def __init__(self, terms: Callable[[list[str]], list[str | None]]) -> None:
        """Begin without any; ``terms`` returns those of some words, None for a stop word."""
        self.lexicon = Lexicon()
        """Numbers the words."""
        self._terms_of = terms
        self._terms = Lexicon()
        self._term_of = np.zeros(0, np.int32)
        self._counts = np.zeros(0, np.int64)

    def terms_of(self, words: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the term numbers of an indexed text's words, and count these."""
        self._number_terms()
        counts = np.bincount(words, minlength=len(self.lexicon))
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        return self._term_of[words].astype(np.int64)

    def _number_terms(self) -> None:
        """Number the terms of the words that came since the last time."""
        terms = self._terms_of(self.lexicon.words(len(self._term_of)))
        numbers = np.full(len(terms), STOP_WORD, np.int32)
        has_term = np.fromiter(map(bool, terms), np.bool_, len(terms))
        numbers[has_term] = self._terms.number(list(filter(None, terms)), "replace")
        self._term_of = np.concatenate([self._term_of, numbers])

    def write(self, out: ArrayFileWriter, name: str, *, words: bool) -> NDArray[np.int64]:
        """Write the terms, and the words if they are some; return each term's place by its number.

        Words that UTF-8 cannot hold, for the halves of surrogate pairs that JSON can bring in, are
        left out.
        """
        by_bytes = self._terms.order()
        places = np.empty(len(by_bytes) + 1, np.int64)
        places[by_bytes] = np.arange(len(by_bytes))
        places[STOP_WORD] = STOP_WORD  # the last one
        self._write_strings(out, f"{name}/terms", self._terms, by_bytes)
        if words:
            order = self.lexicon.order()
            order = order[~self.lexicon.has_surrogates()[order]]
            self._write_strings(out, f"{name}/words", self.lexicon, order)
            out.add(f"{name}/word_terms", places[self._term_of[order]].astype(np.int32))
            counts = np.minimum(self._counts[order], LARGEST_COUNT)
            out.add(f"{name}/word_counts", counts.astype(np.uint32))
        return places[:-1]

    def _write_strings(
        self, out: ArrayFileWriter, name: str, lexicon: Lexicon, order: NDArray[np.int64]
    ) -> None:
        data, offsets = lexicon.encoded(order)
        out.add(name, data)
        out.add(f"{name}_offsets", offsets)
