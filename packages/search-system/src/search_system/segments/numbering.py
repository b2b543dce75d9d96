"""Number the words of a field, and the terms that they become.

A word is a token before stop words and stemming: normalised, and still as people type it. Texts are
kept as word numbers: one look-up per token gives these as fast as it gives term numbers, and the
segment learns which words there are and how often each occurs. Prefixes, fuzzy words, corrections
and completions need that, since a stem is nothing that anybody types.
"""

from array import array
from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.format import LARGEST_COUNT, STOP_WORD
from search_system.segments.strings import add_strings, add_texts


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
        term_of = np.array(self._term_of, np.int64)
        if not words:
            return self._write_terms(out, name, term_of[self._counts > 0])
        spelled = sorted(cast("Iterable[str]", self))
        numbers = np.fromiter(map(self.__getitem__, spelled), np.int64, len(spelled))
        if not self._counts.all():
            spelled = [word for word in spelled if self._counts[self[word]]]
            numbers = numbers[self._counts[numbers] > 0]
        # Terms in the order of their words are nearly sorted, which makes sorting them cheap.
        places = self._write_terms(out, name, term_of[numbers])
        try:
            add_texts(out, f"{name}/words", spelled)
        except UnicodeEncodeError:  # lone surrogates, which JSON can bring in and UTF-8 cannot hold
            spelled = [word for word in spelled if word.isascii() or _is_unicode(word)]
            numbers = np.fromiter(map(self.__getitem__, spelled), np.int64, len(spelled))
            add_texts(out, f"{name}/words", spelled)
        terms = np.append(places, STOP_WORD)[term_of[numbers]]  # a stop word's -1 takes the last
        out.add(f"{name}/word_terms", terms.astype(np.int32))
        counts = np.minimum(self._counts[numbers], LARGEST_COUNT)
        out.add(f"{name}/word_counts", counts.astype(np.uint32))
        return places

    def _write_terms(
        self, out: ArrayFileWriter, name: str, used: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        terms = list(self._terms)
        numbers = dict.fromkeys(used[used != STOP_WORD].tolist())
        by_bytes = sorted(numbers, key=terms.__getitem__)
        places = np.full(len(terms), STOP_WORD, dtype=np.int64)
        places[by_bytes] = np.arange(len(by_bytes))
        add_strings(out, f"{name}/terms", [terms[i] for i in by_bytes])
        return places


def _is_unicode(text: str) -> bool:
    """Return whether UTF-8 can hold a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
