"""Did you mean: the index's own terms as a spelling dictionary.

A word is replaced by the nearest term, and among equally near ones by the most frequent, if that
occurs in at least ``factor`` times as many documents as the word itself. So a word that the index
does not know is always worth replacing, and a rare one only by a much more frequent one: catalogues
are full of rare names and of their misspellings. Short words and words with digits (model numbers,
sizes) are left alone.

Terms that are stemmed make poor corrections to show: use a vocabulary of words before stemming.
"""

from collections.abc import Callable, Iterable

from search_system.analysis.analyzer import Token
from search_system.query.ast import allowed_edits
from search_system.query.expand import Vocabulary


class Speller:
    """Corrects words by a vocabulary.

    Args:
        vocabulary: normalised words.
        factor: how many times as frequent a better spelling is.
        is_shown: whether the word of a number may be proposed.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        factor: float = 20.0,
        is_shown: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._vocabulary = vocabulary
        self._factor = factor
        self._is_shown = is_shown

    def correct(self, word: str) -> str | None:
        """Return a better spelling of a normalised word, or None."""
        edits = allowed_edits(word)
        if not edits or any(map(str.isdigit, word)):
            return None
        needed = max(1.0, self._factor * self._vocabulary.frequency(word))
        for number, distance in self._vocabulary.fuzzy(word, edits):
            frequent = distance and self._vocabulary.frequencies[number] >= needed
            if frequent and self._is_shown(number):
                return self._vocabulary.terms[number]
        return None

    def did_you_mean(self, query: str, tokens: Iterable[Token]) -> str | None:
        """Return a query with its words corrected, or None if none needs it.

        Args:
            query: as typed; all but the corrected words stays.
            tokens: its words by an analyzer of the vocabulary's words.
        """
        pieces, last = [], 0
        for token in tokens:
            plain = token.start >= last and not _is_syntax(query, token)
            if plain and (better := self.correct(token.word)):
                pieces += [query[last : token.start], better]
                last = token.end
        return "".join([*pieces, query[last:]]) if pieces else None


def _is_syntax(query: str, token: Token) -> bool:
    """Return whether a word is an operator, a field's name, a prefix, or fuzzy anyway."""
    operator = query[token.start : token.end] in {"AND", "OR", "NOT", "TO"}
    return operator or query[token.end : token.end + 1] in {":", "*", "~"}
