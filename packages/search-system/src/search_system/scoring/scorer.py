"""Search the segments of an index with BM25F, and score given documents.

A `Scorer` belongs to one state of an index and to one set of parameters. A term is prepared when a
query first has it (see `search_system.scoring.terms`): its postings in all fields and segments are
merged and counted, so that df, impacts and bounds are exact for these parameters, whichever they
are. Other parameters need another scorer, which costs nothing to make and prepares terms anew.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.scoring.explanation import Explainer, Explanation
from search_system.scoring.kernels.lookup import score_documents
from search_system.scoring.kernels.search import (
    CHOOSE,
    MAX_SCORE,
    TERM_AT_A_TIME,
    search_segments,
)
from search_system.scoring.merging import Term, combine
from search_system.scoring.parameters import BM25F, LARGEST_WEIGHT
from search_system.scoring.source import IndexStatistics, PostingsSource
from search_system.scoring.terms import PreparedTerms

_MEMORY = 1 << 30
_ALL = np.empty(0, np.bool_)


class Method(IntEnum):
    """How documents are found; the results are the same."""

    CHOOSE = CHOOSE
    TERM_AT_A_TIME = TERM_AT_A_TIME
    MAX_SCORE = MAX_SCORE


class Scorer:
    """BM25F over the segments of one state of an index; safe for use by several threads."""

    def __init__(
        self,
        sources: Sequence[PostingsSource],
        statistics: IndexStatistics,
        parameters: BM25F,
        *,
        memory: int = _MEMORY,
    ) -> None:
        """Make a scorer.

        ``memory`` is how many bytes prepared terms may take, beside those of a single query: when
        they take more, all are forgotten.
        """
        self.sources = sources
        self.statistics = statistics
        self.parameters = parameters
        self._sizes = [source.n_docs for source in sources]
        self._starts = np.cumsum([0, *self._sizes])
        self.bases: list[int] = self._starts.tolist()
        """What to add to each segment's document numbers; at the end, how many there are."""
        self._memory = memory
        self._prepared = PreparedTerms(self._sizes)
        self._lock = threading.Lock()

    def search(
        self,
        terms: Mapping[Term, float],
        k: int,
        allowed: Sequence[NDArray[np.bool_] | None] | None = None,
        method: Method = Method.CHOOSE,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the numbers and scores of the k best documents that have a term, best first.

        ``terms`` gives the query's terms with their weights, such as how often the query has them.
        ``allowed`` gives a mask per segment, or None for all of its documents. Equal scores go by
        document number, ascending; numbers count through the segments (`bases`).
        """
        if k < 1:
            raise OptionError(f"k must be a whole number from 1 up, not {k}")
        prepared, query = self._prepare(terms)
        k = min(k, self.bases[-1])
        best, docs, size = np.empty(k), np.empty(k, np.int64), 0
        if k and len(query):
            for first, last, mask in self._runs(allowed):
                size = search_segments(
                    query, *prepared.arrays, self._starts, first, last, mask,
                    best, docs, size, int(method),
                )  # fmt: skip
        return docs[:size], best[:size]

    def _runs(
        self, allowed: Sequence[NDArray[np.bool_] | None] | None
    ) -> list[tuple[int, int, NDArray[np.bool_]]]:
        """Return what to search in one call: segments from one to before another, and a mask."""
        if allowed is None:
            return [(0, len(self._sizes), _ALL)]
        masks = zip(allowed, self._sizes, strict=True)
        return [(i, i + 1, _mask(mask, n_docs)) for i, (mask, n_docs) in enumerate(masks)]

    def scores(self, terms: Mapping[Term, float], numbers: Iterable[int]) -> NDArray[np.float64]:
        """Return the scores of given documents; 0 for those that have no term or are deleted."""
        prepared, query = self._prepare(terms)
        wanted = np.fromiter(numbers, np.int64)
        scores = np.zeros(len(wanted))
        segment_of = np.searchsorted(self.bases, wanted, side="right") - 1
        arrays = prepared.arrays
        for i in range(len(self._sizes)):
            mine = np.flatnonzero(segment_of == i)
            found = np.zeros(len(mine))
            docs = (wanted[mine] - self.bases[i]).astype(np.uint32)
            entries = query * len(self._sizes) + i
            score_documents(
                entries, arrays.starts, arrays.stops, arrays.docs, arrays.impacts, docs, found
            )
            scores[mine] = found
        return scores

    def postings(
        self, term: Term, weight: float
    ) -> list[tuple[NDArray[np.uint32], NDArray[np.float32]]]:
        """Return the live documents of a term, ascending, and its parts of their scores.

        There is a pair per segment. These are the numbers that `search` adds up; they must not be
        written to.
        """
        prepared, (number,) = self._prepare({term: weight})
        arrays, found = prepared.arrays, []
        for entry in range(number * len(self._sizes), (number + 1) * len(self._sizes)):
            at = slice(arrays.starts[entry], arrays.stops[entry])
            found.append((arrays.docs[at], arrays.impacts[at]))
        return found

    def explain(self, terms: Mapping[Term, float], number: int) -> Explanation:
        """Return how the score of a document comes about; it equals `search`'s to the last bit."""
        if not 0 <= number < self.bases[-1]:
            raise OptionError(f"no document number {number}; there are {self.bases[-1]}")
        segment = int(np.searchsorted(self.bases, number, side="right")) - 1
        doc = number - self.bases[segment]
        return Explainer(self.sources, self.statistics, self.parameters)(terms, segment, doc)

    def _prepare(self, terms: Mapping[Term, float]) -> tuple[PreparedTerms, NDArray[np.int64]]:
        """Return the numbers of a query's terms, and what they are numbers in."""
        prepared = self._prepared
        known = prepared.numbers
        try:
            return prepared, np.array([known[item] for item in terms.items()], np.int64)
        except KeyError:
            pass
        with self._lock:
            if self._prepared.nbytes > self._memory:
                self._prepared = PreparedTerms(self._sizes)
            prepared = self._prepared
            for term, weight in terms.items():
                if (term, weight) not in prepared.numbers:
                    self._add(prepared, term, weight)
        return prepared, np.array([prepared.numbers[item] for item in terms.items()], np.int64)

    def _add(self, prepared: PreparedTerms, term: Term, weight: float) -> None:
        if not 0 < weight <= LARGEST_WEIGHT:
            raise OptionError(
                f"a term's weight must be over 0, up to {LARGEST_WEIGHT:,.0f}, not {weight}"
            )
        lists = [combine(s, term, self.parameters, self.statistics) for s in self.sources]
        df = sum(len(postings.docs) for postings in lists)
        idf = weight * self.parameters.idf(self.statistics.n_docs, df)
        prepared.add(term, weight, lists, idf, self.parameters.k1)


def _mask(allowed: NDArray[np.bool_] | None, n_docs: int) -> NDArray[np.bool_]:
    """Return a mask as kernels take it; they do not look whether it is long enough."""
    if allowed is None:
        return _ALL
    if len(allowed) != n_docs:
        raise OptionError(f"expected a mask of {n_docs} documents, found one of {len(allowed)}")
    return np.ascontiguousarray(allowed, np.bool_)
