"""Where a text has what a query looks for: words, phrases as a whole, words that begin or look so.

The text goes through the analyzer that indexed it, which knows where in the text as written each
term comes from; so what is found here is what the index found, whatever normalisation did to it.
Prefixes and fuzzy words are compared with the words before stemming, one by one: a document that
has only another word of the same term was found too, and shows nothing for it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from search_system.analysis.analyzer import Analyzer, Token
from search_system.query.ast import Bool, Boost, Fuzzy, Leaf, Prefix, Query, Term, TermPhrase
from search_system.query.expand import alignment_distances


class Match(NamedTuple):
    """A place in a text, in characters, and the leaf of the query that found it."""

    start: int
    end: int
    leaf: Leaf


def find_matches(text: str, query: Query, analyzer: Analyzer, field: str | None) -> list[Match]:
    """Return what a query finds in a text, by place; matches may overlap.

    Args:
        text: of one field of a document.
        query: rewritten, so that its leaves are index terms. What must not match finds nothing.
        analyzer: the field's.
        field: leaves that name another one find nothing.
    """
    wanted = [leaf for leaf in dict.fromkeys(_sought(query)) if _field(leaf) in {None, field}]
    if not wanted:
        return []
    tokens = _Tokens(analyzer.analyze(text))
    found = [Match(*span, leaf) for leaf in wanted for span in tokens.find(leaf)]
    return sorted(set(found), key=lambda match: match[:2])


def _sought(query: Query) -> Iterator[Leaf]:
    """Yield the leaves of all clauses that a document should match."""
    if isinstance(query, Boost):
        yield from _sought(query.query)
    elif isinstance(query, Bool):
        for child in (*query.must, *query.should, *query.filter):
            yield from _sought(child)
    elif isinstance(query, Term | TermPhrase | Prefix | Fuzzy):
        yield query


def _field(leaf: Leaf) -> str | None:
    return leaf.field if isinstance(leaf, Term | TermPhrase | Prefix | Fuzzy) else None


_Spans = Iterator[tuple[int, int]]


class _Tokens:
    """The tokens of a text, by term and by word."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._by_term: dict[str, list[Token]] = {}
        self._by_word: dict[str, list[Token]] = {}
        for token in tokens:
            self._by_term.setdefault(token.term, []).append(token)
            self._by_word.setdefault(token.word, []).append(token)

    def find(self, leaf: Leaf) -> _Spans:
        """Yield where the tokens begin and end that a leaf is about."""
        if isinstance(leaf, TermPhrase):
            yield from self._phrases(leaf)
            return
        for token in self._tokens(leaf):
            yield token.start, token.end

    def _tokens(self, leaf: Leaf) -> list[Token]:
        match leaf:
            case Term(text):
                return self._by_term.get(text, [])
            case Prefix(text):
                words = [word for word in self._by_word if word.startswith(text)]
            case Fuzzy(text, edits):
                words = _near(text, list(self._by_word), edits)
            case _:
                words = []
        return [token for word in words for token in self._by_word[word]]

    def _phrases(self, phrase: TermPhrase) -> _Spans:
        """Yield the places of a phrase; `search_system.retrieval.phrases` says what slop means."""
        tokens = {term: self._by_term.get(term, []) for term in phrase.terms}
        positions = {term: [token.position for token in found] for term, found in tokens.items()}
        pairs = sorted(zip(phrase.places, phrase.terms, strict=True))
        starts = {position - place for place, term in pairs for position in positions[term]}
        for start in sorted(starts):
            chosen = _choose(pairs, positions, start, phrase.slop)
            if chosen is not None:
                span = [tokens[term][i] for (_, term), i in zip(pairs, chosen, strict=True)]
                yield min(token.start for token in span), max(token.end for token in span)


def _near(text: str, words: Sequence[str], edits: int) -> list[str]:
    """Return the words within some edits of a text.

    Few get as far as the distance: an edit brings at most one new character and takes one away.
    """
    letters = frozenset(text)
    possible = [
        word
        for word in words
        if abs(len(word) - len(text)) <= edits
        and len(letters.difference(word)) <= edits
        and len(frozenset(word) - letters) <= edits
    ]
    near = alignment_distances(text, possible, edits) <= edits
    return [word for word, is_near in zip(possible, near, strict=True) if is_near]


def _choose(
    pairs: Sequence[tuple[int, str]], positions: dict[str, list[int]], start: int, slop: int
) -> list[int] | None:
    """Return the number of a token for each place of a phrase, or None if one lacks its term.

    Each lies up to ``slop`` behind its place; a term that comes twice needs two tokens.
    """
    chosen: list[int] = []
    free: dict[str, int] = {}
    for place, term in pairs:
        first = bisect_left(positions[term], start + place)
        i = max(first, free.get(term, 0))
        if i == len(positions[term]) or positions[term][i] > start + place + slop:
            return None
        free[term] = i + 1
        chosen.append(i)
    return chosen
