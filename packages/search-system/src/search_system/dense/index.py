"""Search the vectors of a snapshot: exactly, or by approximate indexes of its segments.

Exact search is a matrix product in NumPy and needs no other package. It reads every vector, 4 bytes
a number if it may keep them as float32: a millisecond per 8,000 documents of 256 numbers on one
core. Beyond some 100,000 documents, `HNSW` or `IVF` are for that. Whichever finds a document, its
score is computed exactly, so approximate results lack documents but never differ in scores. A
segment in which few documents can be found is always searched exactly: it is quick, and a narrow
filter is what approximate indexes are worst at.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from search_system.dense.approximate import HNSW, IVF, ApproximateIndex
from search_system.errors import OptionError
from search_system.schema import VectorField
from search_system.segments.reader import Segment
from search_system.store.snapshot import Snapshot

_BLOCK = 16_384
_MEMORY = 1 << 30
_EXACT_UP_TO = 5_000
"""How many documents are compared one by one whatever the method."""

Scores = NDArray[np.float32]


class SegmentVectors:
    """The vectors of a segment, and what is made of them to search faster."""

    def __init__(self, segment: Segment, field: str, method: HNSW | IVF | None) -> None:
        self.column = segment.vectors(field)
        self._method = method
        self._lock = threading.Lock()

    @cached_property
    def _kept(self) -> NDArray[np.float32]:
        return self.column.rows.astype(np.float32)

    @cached_property
    def _approximate(self) -> ApproximateIndex:
        assert self._method is not None
        n_docs, dim = self.column.rows.shape
        return ApproximateIndex(self._method, n_docs, dim, self._blocks())

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        rows = self.column.rows
        for begin in range(0, len(rows), _BLOCK):
            yield rows[begin : begin + _BLOCK].astype(np.float32)

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_], *, keep: bool
    ) -> tuple[NDArray[np.int64], Scores]:
        """Return the numbers and scores of the k best documents of a mask."""
        n_allowed = int(np.count_nonzero(allowed))
        if self._method is not None and n_allowed > _EXACT_UP_TO:
            with self._lock:
                index = self._approximate
            docs = np.sort(index.search(query, k, allowed))
            scores = self.scores(query, docs)
        else:
            docs, scores = self.exact_scores(query, allowed, keep=keep)
        order = best(scores, k)
        return docs[order], scores[order]

    def exact_scores(
        self, query: NDArray[np.float32], allowed: NDArray[np.bool_], *, keep: bool
    ) -> tuple[NDArray[np.int64], Scores]:
        """Return the documents of a mask, ascending, and their scores as an exact search has them.

        Their last bits depend on what else is compared: BLAS adds in another order for another
        number of rows.
        """
        docs = np.flatnonzero(allowed)
        if len(docs) * 8 < len(allowed):
            return docs, self.scores(query, docs)
        scores = self._all_scores(query, keep=keep)
        return docs, scores if len(docs) == len(scores) else scores[docs]

    def _all_scores(self, query: NDArray[np.float32], *, keep: bool) -> Scores:
        if keep:
            with self._lock:
                rows = self._kept
            return np.asarray(rows @ query)
        return np.concatenate([block @ query for block in self._blocks()])

    def scores(self, query: NDArray[np.float32], docs: NDArray[np.integer[Any]]) -> Scores:
        """Return the scores of some documents."""
        return np.asarray(self.column.rows[docs].astype(np.float32) @ query)


class VectorSearcher:
    """Nearest neighbours among the vectors of a field; safe for use by several threads."""

    def __init__(
        self,
        snapshot: Snapshot,
        field: str,
        method: HNSW | IVF | None = None,
        *,
        memory: int = _MEMORY,
        previous: "VectorSearcher | None" = None,
    ) -> None:
        """Make a searcher, which costs nothing until it is used.

        Args:
            snapshot: what to search.
            field: the name of a vector field.
            method: an approximate index; None: exact search.
            memory: how many bytes the vectors may take as float32 for exact search; if they take
                more, each search converts them again, in blocks.
            previous: a searcher of an earlier snapshot; what it has of the same segments is shared.

        Raises:
            OptionError: the schema has no such vector field, or its segments do not fit together.
        """
        known = snapshot.schema.of_type(VectorField)
        if field not in known:
            raise OptionError(f"expected a field of type vector, one of {[*known]}, not '{field}'")
        self.snapshot = snapshot
        self.field = field
        self.method = method
        self._masks = [view.live & view.segment.vectors(field).present for view in snapshot.views]
        self._segments = [self._segment(view.segment, previous) for view in snapshot.views]
        dims = sorted({segment.column.dim for segment in self._segments})
        if len(dims) > 1:
            raise OptionError(
                f"field '{field}': its embedder made vectors of {dims} numbers, which cannot be "
                "compared; build the index again with one embedder"
            )
        self.dim = dims[0] if dims else None
        """How many numbers a vector has; None of an empty index."""
        self._keep = sum(segment.column.rows.size for segment in self._segments) * 4 <= memory

    def _segment(self, segment: Segment, previous: "VectorSearcher | None") -> SegmentVectors:
        if previous and (previous.field, previous.method) == (self.field, self.method):
            pairs = zip(previous.snapshot.views, previous._segments, strict=True)
            for view, vectors in pairs:
                if view.segment is segment:
                    return vectors
        return SegmentVectors(segment, self.field, self.method)

    def search(
        self,
        query_vector: ArrayLike,
        k: int,
        allowed: Sequence[NDArray[np.bool_] | None] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the numbers and scores of the k nearest documents, best first.

        The score is the product with ``query_vector``, shape (dim,): the cosine, if that has unit
        length. A query of zeros finds nothing. ``allowed`` gives a mask per segment, or None for
        all of its documents. Equal scores go by number; numbers count through the segments
        (`Snapshot.bases`).

        Raises:
            OptionError: k is below 1, the vector or a mask has another size, or the method needs
                FAISS, which is not installed.
        """
        if k < 1:
            raise OptionError(f"k must be a whole number from 1 up, not {k}")
        query = self._query(query_vector)
        numbers: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        scores: list[Scores] = [np.zeros(0, np.float32)]
        for i, segment in enumerate(self._segments if query.any() else []):
            mask = _masked(self._masks[i], allowed[i] if allowed else None)
            docs, found = segment.search(query, k, mask, keep=self._keep)
            numbers.append(docs + self.snapshot.bases[i])
            scores.append(found)
        all_scores = np.concatenate(scores)
        order = best(all_scores, k)
        return np.concatenate(numbers)[order], all_scores[order].astype(np.float64)

    def scores(self, query_vector: ArrayLike, numbers: Iterable[int]) -> NDArray[np.float64]:
        """Return the scores of given documents; 0 for those deleted or without a vector."""
        query = self._query(query_vector)
        wanted = np.fromiter(numbers, np.int64)
        scores = np.zeros(len(wanted))
        segment_of = np.searchsorted(self.snapshot.bases, wanted, side="right") - 1
        for i, segment in enumerate(self._segments):
            mine = np.flatnonzero(segment_of == i)
            docs = wanted[mine] - self.snapshot.bases[i]
            found = self._masks[i][docs]
            scores[mine[found]] = segment.scores(query, docs[found])
        return scores

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of given documents, shape (n, dim); zeros for those without one."""
        rows = np.zeros((len(numbers), self.dim or 0), np.float32)
        segment_of = np.searchsorted(self.snapshot.bases, numbers, side="right") - 1
        for i, segment in enumerate(self._segments):
            mine = np.flatnonzero(segment_of == i)
            docs = numbers[mine] - self.snapshot.bases[i]
            found = self._masks[i][docs]
            rows[mine[found]] = segment.column.rows[docs[found]]
        return rows

    def exact_score(
        self,
        query_vector: ArrayLike,
        number: int,
        allowed: Sequence[NDArray[np.bool_] | None] | None = None,
    ) -> float | None:
        """Return the score that an exact `search` finds a document with, to the last bit.

        None is that of documents that it does not find: deleted ones, ones without a vector, ones
        that are not allowed, and all if the query is zeros.
        """
        query = self._query(query_vector)
        place = bisect_right(self.snapshot.bases, number) - 1
        mask = _masked(self._masks[place], allowed[place] if allowed else None)
        doc = number - self.snapshot.bases[place]
        if not mask[doc] or not query.any():
            return None
        docs, scores = self._segments[place].exact_scores(query, mask, keep=self._keep)
        return float(scores[np.searchsorted(docs, doc)])

    def _query(self, query_vector: ArrayLike) -> NDArray[np.float32]:
        query = np.asarray(query_vector, np.float32)
        if query.ndim != 1 or (self.dim and len(query) != self.dim) or not np.isfinite(query).all():
            raise OptionError(
                f"field '{self.field}': expected a vector of {self.dim or 'some'} finite numbers, "
                f"found shape {query.shape}; embed queries by the field's own embedder"
            )
        return query


def best(scores: Scores, k: int) -> NDArray[np.int64]:
    """Return the places of the k largest scores, best first, equal ones by place."""
    places = np.arange(len(scores))
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        above, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
        places = np.concatenate([above, equal[: k - len(above)]])
    return places[np.lexsort((places, -scores[places]))]


def _masked(mask: NDArray[np.bool_], allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    if allowed is None:
        return mask
    if len(allowed) != len(mask):
        raise OptionError(f"expected a mask of {len(mask)} documents, found one of {len(allowed)}")
    return mask & allowed
