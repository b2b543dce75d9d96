"""Number the words of a field, and the terms that they become.

A word is a token before stop words and stemming: normalised, and still as people type it. Texts are
kept as word numbers: one look-up per token gives these as fast as it gives term numbers, and the
segment learns which words there are and how often each occurs. Prefixes, fuzzy words, corrections
and completions need that, since a stem is nothing that anybody types.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFileWriter
from search_system.segments.format import LARGEST_COUNT, STOP_WORD
from search_system.segments.lexicon import Lexicon
from search_system.segments.strings import add_strings

_decoded = partial(str, encoding="utf-8", errors="surrogatepass")


class WordNumbers:
    """The words of a field by number, and their terms, each asked for once."""

    def __init__(self, term: Callable[[str], str | None]) -> None:
        self.lexicon = Lexicon()
        """Numbers the words, which it has as UTF-8, with half surrogate pairs where they are."""
        self._term = term
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
        words = map(_decoded, self.lexicon.words(len(self._term_of)))
        terms = [(term or "").encode("utf-8", "replace") for term in map(self._term, words)]
        numbers = np.full(len(terms), STOP_WORD, np.int32)
        numbers[np.array(list(map(bool, terms)), np.bool_)] = self._terms.number(
            list(filter(None, terms))
        )
        self._term_of = np.concatenate([self._term_of, numbers])

    def write(self, out: ArrayFileWriter, name: str, *, words: bool) -> NDArray[np.int64]:
        """Write the terms, and the words if they are some; return each term's place by its number.

        Words that UTF-8 cannot hold, for the halves of surrogate pairs that JSON can bring in, are
        left out.
        """
        term_of = self._term_of
        if not words:
            return self._write_terms(out, name, term_of)
        spelled = self.lexicon.words()
        order = sorted(range(len(spelled)), key=spelled.__getitem__)
        # Terms in the order of their words are nearly sorted, which makes sorting them cheap.
        places = self._write_terms(out, name, term_of[order])
        kept = [number for number in order if _is_unicode(spelled[number])]
        add_strings(out, f"{name}/words", [spelled[number] for number in kept])
        terms = np.append(places, STOP_WORD)[term_of[kept]]  # a stop word's -1 takes the last
        out.add(f"{name}/word_terms", terms.astype(np.int32))
        counts = np.minimum(self._counts[kept], LARGEST_COUNT)
        out.add(f"{name}/word_counts", counts.astype(np.uint32))
        return places

    def _write_terms(
        self, out: ArrayFileWriter, name: str, used: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        terms = self._terms.words()
        numbers = dict.fromkeys(used[used != STOP_WORD].tolist())
        by_bytes = sorted(numbers, key=terms.__getitem__)
        places = np.full(len(terms), STOP_WORD, dtype=np.int64)
        places[by_bytes] = np.arange(len(by_bytes))
        add_strings(out, f"{name}/terms", [terms[i] for i in by_bytes])
        return places


def _is_unicode(word: bytes) -> bool:
    """Return whether bytes are UTF-8; half a surrogate pair is not."""
    if b"\xed" not in word:
        return True
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
