"""Number the words of a field, and the terms that they become.

A word is a token before stop words and stemming: normalised, and still as people type it. Texts are
kept as word numbers: one look-up per token gives these as fast as it gives term numbers, and the
segment learns which words there are and how often each occurs. Prefixes, fuzzy words, corrections
and completions need that, since a stem is nothing that anybody types.
"""

from array import array
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.format import LARGEST_COUNT, STOP_WORD
from search_system.segments.strings import add_strings


class WordNumbers(dict[str | None, int]):
    """The number of each word, which is analysed and numbered when first seen."""

    def __init__(self, term: Callable[[Any], str | None]) -> None:
        self._term = term
        self._terms: dict[bytes, int] = {}
        self._term_of = array("i")
        self._counts = np.zeros(0, np.int64)

    def __missing__(self, word: str | None) -> int:
        term = self._term(word)
        if term:
            number = self._terms.setdefault(term.encode("utf-8", "replace"), len(self._terms))
        else:
            number = STOP_WORD
        self._term_of.append(number)
        self[word] = place = len(self)
        return place

    def terms_of(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the term numbers of an indexed text's words, and count these."""
        counts = np.bincount(words, minlength=len(self))
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        return np.array(self._term_of, np.int64)[words]

    def write(self, out: ArrayFileWriter, name: str, *, words: bool) -> NDArray[np.int64]:
        """Write the terms, and the words if they are some; return each term's place by its number.

        Only what was counted is written: of a document that was refused, words are numbered too.
        """
        spelled, term_of = list(map(str, self)), np.array(self._term_of, np.int64)
        used: list[int] = np.flatnonzero(self._counts).tolist()
        if words:
            # Terms in the order of their words are nearly sorted, which makes sorting them cheap.
            used.sort(key=spelled.__getitem__)
        places = self._write_terms(out, name, dict.fromkeys(term_of[used].tolist()))
        if words:
            used = [i for i in used if _is_unicode(spelled[i])]
            add_strings(out, f"{name}/words", [spelled[i].encode() for i in used])
            terms = np.append(places, STOP_WORD)[term_of[used]]  # a stop word's -1 takes the last
            out.add(f"{name}/word_terms", terms.astype(np.int32))
            counts = np.minimum(self._counts[used], LARGEST_COUNT)
            out.add(f"{name}/word_counts", counts.astype(np.uint32))
        return places

    def _write_terms(
        self, out: ArrayFileWriter, name: str, used: Iterable[int]
    ) -> NDArray[np.int64]:
        terms = list(self._terms)
        by_bytes = sorted((i for i in used if i != STOP_WORD), key=terms.__getitem__)
        places = np.full(len(terms), STOP_WORD, dtype=np.int64)
        places[by_bytes] = np.arange(len(by_bytes))
        add_strings(out, f"{name}/terms", [terms[i] for i in by_bytes])
        return places


def _is_unicode(word: str) -> bool:
    """Return whether UTF-8 can hold a word: it has no lone surrogates, which JSON can bring in."""
    return word.isascii() or not any("\ud800" <= c <= "\udfff" for c in word)
