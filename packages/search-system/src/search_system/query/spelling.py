"""Did you mean: the index's own words as a spelling dictionary.

A word is replaced if no document has it (its term, so "cords" is known where "cord" is), or if one
a single letter away that begins alike is ``factor`` times as frequent: catalogues hold misspellings
too. Of the words within one edit, two from eight letters on, the best has the highest::

    ln(frequency) - 6 * edits - 3 * (it begins with another letter)

which are the odds of a typing error against those of the word. Short words and words with digits
(model numbers, sizes) are left alone.

Correcting known words more freely would do harm: with 20 as the factor and no other condition, 13%
of the correct words in NFCorpus's queries were replaced ("doctors" by "factors"), now 1.6%, while
as many of the words with one wrong letter are found again (174 of 192, before 176).

Stems make poor corrections to show: use a vocabulary of words before stemming.
"""

import math
from collections.abc import Callable, Iterable

from search_system.analysis.analyzer import Token
from search_system.query.expand import Vocabulary

_FEWEST_LETTERS = 4
_TWO_EDITS_FROM = 8
_EDIT, _FIRST_LETTER = 6.0, 3.0


class Speller:
    """Corrects words by a vocabulary.

    Args:
        vocabulary: normalised words.
        is_known: whether the index has a term, so that its word needs no correction.
        factor: how many times as frequent a better spelling of a known word is.
        is_shown: whether the word of a number may be proposed.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        is_known: Callable[[str], bool],
        factor: float = 300.0,
        is_shown: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._vocabulary = vocabulary
        self._is_known = is_known
        self._factor = factor
        self._is_shown = is_shown
        frequencies = vocabulary.frequencies
        self._highest = int(frequencies.max()) if len(frequencies) else 0

    def correct(self, word: str, term: str) -> str | None:
        """Return a better spelling of a normalised word that is a term of the index, or None."""
        if len(word) < _FEWEST_LETTERS or any(map(str.isdigit, word)):
            return None
        known = self._is_known(term)
        words, frequencies = self._vocabulary.terms, self._vocabulary.frequencies
        least = self._factor * max(self._vocabulary.frequency(word), 1) if known else 1
        if least > self._highest:
            return None
        edits = 1 if known or len(word) < _TWO_EDITS_FROM else 2
        best: tuple[float, str] | None = None
        for number, distance in self._vocabulary.fuzzy(word, edits):
            other, alike = words[number], words[number][0] == word[0]
            if not distance or frequencies[number] < least or (known and not alike):
                continue
            odds = math.log(frequencies[number]) - _EDIT * distance - _FIRST_LETTER * (not alike)
            if (best is None or odds > best[0]) and self._is_shown(number):
                best = odds, other
        return best[1] if best else None

    def did_you_mean(self, query: str, tokens: Iterable[Token]) -> str | None:
        """Return a query with its words corrected, or None if none needs it.

        Args:
            query: as typed; all but the corrected words stays.
            tokens: its words by an analyzer of the vocabulary's words.
        """
        pieces, last = [], 0
        for token in tokens:
            plain = token.start >= last and not _is_syntax(query, token)
            if plain and (better := self.correct(token.word, token.term)):
                pieces += [query[last : token.start], better]
                last = token.end
        return "".join([*pieces, query[last:]]) if pieces else None


def _is_syntax(query: str, token: Token) -> bool:
    """Return whether a word is an operator, a field's name, a prefix, or fuzzy anyway."""
    operator = query[token.start : token.end] in {"AND", "OR", "NOT", "TO"}
    return operator or query[token.end : token.end + 1] in {":", "*", "~"}
