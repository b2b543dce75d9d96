"""From words as typed to the terms of an index: what is left of a query tree after analysis.

Words that stand side by side are analysed as one text, since a number and its unit ("15.6 inch") or
the words of a synonym ("portable computer") are separate words in a query. What a word becomes
depends on its clause:

=============== ===============================================================================
should          a clause for each of its terms: "wi-fi" finds either part
must            likewise, so each of its terms must match
must_not,filter one clause that needs all its terms: -wi-fi leaves documents with one part
=============== ===============================================================================

Synonyms are alternatives at one place: `Bool.should` over them. A word of which nothing is left (a
stop word, punctuation) is left out of its clause. Prefixes and fuzzy words are normalised and not
stemmed, because the rest of the word is unknown. Phrases have no synonyms.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from search_system.analysis.analyzer import Analyzer
from search_system.query.ast import (
    NOTHING,
    Bool,
    Boost,
    Fuzzy,
    Phrase,
    Prefix,
    Query,
    Term,
    TermPhrase,
    simplify,
)


def rewrite(query: Query, analyzers: Mapping[str | None, Analyzer]) -> Query:
    """Return a query whose leaves are index terms, simplified.

    Args:
        query: a tree of `search_system.query.parser`.
        analyzers: of the text fields by name; under None that of the fields searched by default,
            which share one. Words in other fields, such as keywords, stay as they are.
    """
    return simplify(_Rewriter(analyzers).either(query))


class _Rewriter:
    """Rewrites clauses; ``either`` and ``whole`` say whether one term of a word is enough."""

    def __init__(self, analyzers: Mapping[str | None, Analyzer]) -> None:
        self._analyzers = analyzers

    def either(self, query: Query) -> Query:
        """Return one clause that any term of the query's words fulfils."""
        if isinstance(query, Boost):
            return replace(query, query=self.either(query.query))
        return Bool(should=tuple(self._clauses((query,), whole=False)))

    def whole(self, query: Query) -> Query:
        """Return one clause that needs all terms of the query's words."""
        if isinstance(query, Boost):
            return replace(query, query=self.whole(query.query))
        clauses = tuple(self._clauses((query,), whole=True))
        return clauses[0] if len(clauses) == 1 else Bool(must=clauses)

    def _clauses(self, queries: Sequence[Query], *, whole: bool) -> Iterator[Query]:
        """Yield the clauses of a group; words side by side in one field are one text."""
        for is_word, run in groupby(queries, key=self._is_word):
            if is_word:
                for field, words in groupby(run, key=_field):
                    yield from self._terms(" ".join(_text(word) for word in words), field)
                continue
            for query in run:
                if isinstance(query, Boost):
                    yield self.whole(query) if whole else self.either(query)
                else:
                    yield self._other(query)

    def _is_word(self, query: Query) -> bool:
        return isinstance(query, Term) and query.field in self._analyzers

    def _terms(self, text: str, field: str | None) -> Iterator[Query]:
        """Yield a clause for each place in a text."""
        for alternatives in self._analyzers[field].alternatives(text):
            nodes = tuple(_sequence(terms, field) for terms in alternatives)
            yield nodes[0] if len(nodes) == 1 else Bool(should=nodes)

    def _other(self, query: Query) -> Query:
        """Return the clause of a group or of a leaf that is no word."""
        if isinstance(query, Bool):
            return Bool(
                tuple(self._clauses(query.must, whole=True)),
                tuple(self._clauses(query.should, whole=False)),
                tuple(map(self.whole, query.must_not)),
                tuple(map(self.whole, query.filter)),
            )
        if isinstance(query, Phrase | Prefix | Fuzzy) and query.field in self._analyzers:
            analyzer = self._analyzers[query.field]
            if isinstance(query, Phrase):
                return _phrase(query, analyzer)
            return replace(query, text=analyzer.normalize(query.text))
        return query


def _field(query: Query) -> str | None:
    return query.field if isinstance(query, Term) else None


def _text(query: Query) -> str:
    return query.text if isinstance(query, Term) else ""


def _sequence(terms: tuple[str, ...], field: str | None) -> Query:
    if len(terms) == 1:
        return Term(terms[0], field)
    return TermPhrase(terms, tuple(range(len(terms))), 0, field)


def _phrase(query: Phrase, analyzer: Analyzer) -> Query:
    tokens = list(analyzer.query_tokens(query.text))
    if len(tokens) < 2:
        return Term(tokens[0].term, query.field) if tokens else NOTHING
    places = tuple(token.position - tokens[0].position for token in tokens)
    return TermPhrase(tuple(token.term for token in tokens), places, query.slop, query.field)
