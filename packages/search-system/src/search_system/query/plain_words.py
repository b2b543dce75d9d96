"""Queries that are some words, of which any may match: nearly all that people type.

They need no tree and no plan: the analyzer's terms go to the scoring kernels as they are. Making
the tree, looking through it and finding out that nothing else is asked for would take as long as
finding the documents does. The tree is made when a page or an explanation needs it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_system.query.ast import BOOST_LIMITS, Bool, Query, Term
from search_system.scoring import merging


@dataclass(slots=True)
class PlainWords:
    """The terms of a query that has nothing else, in its order."""

    terms: Sequence[str]

    def weights(self) -> Mapping[merging.Term, float]:
        """Return how often the query has each term, as the plan of its tree would have it."""
        weights: dict[merging.Term, float] = dict.fromkeys(self.terms, 1.0)
        if len(weights) < len(self.terms):
            counts = Counter(self.terms)
            weights.update((term, min(float(n), BOOST_LIMITS[1])) for term, n in counts.items())
        return weights

    def tree(self) -> Query:
        """Return the query as a tree."""
        return Bool(should=tuple(map(Term, self.terms)))
