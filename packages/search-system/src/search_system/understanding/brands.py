"""Find a brand's name among a query's words.

The names are the values of a keyword field, by their terms: "HP Inc." is found where a query has
"hp inc". The longest name wins, then the first. What is left of the query beside it says what is
sought from this brand; if nothing is left, all of the brand's documents are equally meant, and
nearness in meaning to its name has nothing to say about them.

Some names are everyday words too ("ACT", "Chief"). So a name only counts if, of the documents that
have its words in a searched field, a share carries it as their brand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from search_system.analysis.analyzer import Token
from search_system.searching.searcher import Searcher
from search_system.understanding.keyword_values import KeywordValues
from search_system.understanding.occurrences import documents_with_all


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand in a query."""

    name: str
    """As the catalogue writes it."""
    number: int
    """Its number among the keyword values."""
    share: float
    """How many of the documents with its words are of this brand."""
    rest: str
    """The query without it, as typed."""


class BrandDetector:
    """The brands of a snapshot."""

    def __init__(
        self, searcher: Searcher, values: KeywordValues, field: str, least_share: float = 0.2
    ) -> None:
        """Read the names of a keyword field that ``values`` has."""
        self._searcher = searcher
        self._values = values
        self._least_share = least_share
        self._names: dict[tuple[str, ...], int] = {}
        self._shares: dict[int, float] = {}
        for number, (of_field, text) in enumerate(values.values):
            terms = tuple(searcher.analyzer.query_terms(text))
            if of_field == field and terms and values.n_docs[number]:
                known = self._names.setdefault(terms, number)
                if values.n_docs[number] > values.n_docs[known]:
                    self._names[terms] = number
        self._longest = max(map(len, self._names), default=0)

    def find(self, query: str, tokens: Sequence[Token]) -> Brand | None:
        """Return the brand that a query names, or None; ``tokens`` are its words."""
        for size in range(min(self._longest, len(tokens)), 0, -1):
            for begin in range(len(tokens) - size + 1):
                span = tokens[begin : begin + size]
                number = self._names.get(tuple(token.term for token in span))
                if number is not None and (share := self._share(number)) >= self._least_share:
                    rest = f"{query[: span[0].start]} {query[span[-1].end :]}"
                    name = self._values.values[number][1]
                    return Brand(name, number, share, " ".join(rest.split()))
        return None

    def _share(self, number: int) -> float:
        """Return how many of the documents that have a name's words carry it."""
        if number not in self._shares:
            terms = self._searcher.analyzer.query_terms(self._values.values[number][1])
            docs = documents_with_all(self._searcher, terms)
            carry = self._values.has(number, docs)
            self._shares[number] = float(carry.mean()) if len(docs) else 1.0
        return self._shares[number]
