"""Score the documents of a segment, term at a time, and explain a score.

The impacts of each query term are added into one score per document, then the k best are selected.
A term's impacts are computed when a query first needs them and then kept, so that nothing is
computed at open, k1 and b are free, and a term met again costs one addition per posting. A term in
a quarter of the documents or more is kept as a number for every document: adding a whole array is
faster than picking its places. The price of all this is 12 to 16 bytes of memory per posting that
queries have touched, and work that grows with the number of documents: every query clears and scans
one score for each.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from search_system.index.reader import Segment
from search_system.ranking.bm25 import BM25, Explanation, TermExplanation
from search_system.ranking.topk import top_k, zero_scores

_FREQUENT = 4


@dataclass(frozen=True, slots=True)
class _TermImpacts:
    """What a term adds to the documents that hold it; to all, if ``docs`` is None."""

    docs: NDArray[np.intp] | None
    impacts: NDArray[np.float32]

    def add_to(self, scores: NDArray[np.float64], count: int) -> None:
        impacts = self.impacts if count == 1 else count * self.impacts.astype(np.float64)
        if self.docs is None:
            scores += impacts
        else:
            scores[self.docs] += impacts  # a term's documents are distinct


class Scorer:
    """BM25 with given parameters over one segment."""

    def __init__(self, segment: Segment, bm25: BM25) -> None:
        self.bm25 = bm25
        self._segment = segment
        self._impacts: dict[str, _TermImpacts] = {}

    def search(
        self, counts: Mapping[str, int], k: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the numbers and the scores of the k best documents that hold a term, best first.

        ``counts`` gives the query's terms, and how often the query has each. Equal scores go by
        document number.
        """
        scores = zero_scores(self._segment.n_docs)
        for term, count in counts.items():
            if (known := self._impacts.get(term) or self._compute(term)) is not None:
                known.add_to(scores, count)
        best = top_k(scores, k)
        return best, scores[best]

    def explain(self, counts: Mapping[str, int], number: int, doc_id: str) -> Explanation:
        """Return how the score of a document comes about; it equals `search`'s exactly."""
        parts = (self._explain_term(term, count, number) for term, count in counts.items())
        terms = tuple(part for part in parts if part is not None)
        return Explanation(
            doc_id=doc_id,
            length=int(self._segment.lengths[number]),
            average_length=self._segment.average_length,
            n_docs=self._segment.n_docs,
            bm25=self.bm25,
            terms=terms,
            # Not sum(): from Python 3.12 on it compensates rounding, which `search` does not.
            score=reduce(operator.add, (term.part for term in terms), 0.0),
        )

    def _compute(self, term: str) -> _TermImpacts | None:
        segment = self._segment
        number = segment.terms.find(term)
        if number is None:
            return None
        docs, tfs = segment.postings(number)
        lengths = segment.lengths[docs]
        impacts = self.bm25.impacts(tfs, lengths, segment.average_length, segment.n_docs)
        if len(docs) * _FREQUENT < segment.n_docs:
            # NumPy indexes by machine words; converting here spares it a conversion per query.
            known = _TermImpacts(docs.astype(np.intp), impacts)
        else:
            dense = zero_scores(segment.n_docs).astype(np.float32)
            dense[docs] = impacts
            known = _TermImpacts(None, dense)
        self._impacts[term] = known
        return known

    def _explain_term(self, term: str, count: int, number: int) -> TermExplanation | None:
        """Compute a term's part from its postings alone, apart from the kept impacts."""
        segment = self._segment
        term_number = segment.terms.find(term)
        if term_number is None:
            return None
        docs, tfs = segment.postings(term_number)
        place = int(np.searchsorted(docs, number))
        if place == len(docs) or docs[place] != number:
            return None
        tf = tfs[place : place + 1]
        factor = self.bm25.tf_factor(tf, segment.lengths[[number]], segment.average_length)
        idf = self.bm25.idf(segment.n_docs, len(docs))
        impact = float(np.float32(idf * factor[0]))
        return TermExplanation(
            term=term,
            query_count=count,
            df=len(docs),
            idf=idf,
            tf=int(tf[0]),
            tf_factor=float(factor[0]),
            impact=impact,
            part=count * impact,
        )
