"""A segment with the documents deleted in it: what a snapshot consists of.

Statistics leave deleted documents out, so that scores are those of an index without them. Numbers
of documents and tokens are kept; a term's document frequency is the length of its postings less the
deleted ones among them, counted when it is first asked for and then remembered. That reads at most
the postings that scoring reads anyway, or, where fewer are deleted, searches each of these in them,
and it needs no record of each document's terms. Merges keep the deleted below a third.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search_system.segments.reader import Segment


class SegmentView:
    """A segment and which of its documents are deleted; immutable."""

    def __init__(self, segment: Segment, deleted: NDArray[np.bool_] | None = None) -> None:
        self.segment = segment
        self.deleted = deleted
        """A mask of the deleted documents; None if there are none."""
        self.n_deleted = 0 if deleted is None else int(np.count_nonzero(deleted))
        self._tokens: dict[str, int] = {}
        self._dfs: dict[tuple[str, int], int] = {}

    @property
    def n_live(self) -> int:
        """The number of documents that are not deleted."""
        return self.segment.n_docs - self.n_deleted

    @property
    def live(self) -> NDArray[np.bool_]:
        """A mask of the documents that are not deleted."""
        if self.deleted is None:
            return np.ones(self.segment.n_docs, dtype=np.bool_)
        return ~self.deleted

    @cached_property
    def deleted_docs(self) -> NDArray[np.uint32]:
        """The numbers of the deleted documents, ascending."""
        mask = np.zeros(0, np.bool_) if self.deleted is None else self.deleted
        return np.flatnonzero(mask).astype(np.uint32)

    def n_tokens(self, field: str) -> int:
        """Return the number of tokens that a text field has in the live documents."""
        n_tokens = self.segment.n_tokens(field)
        if not self.n_deleted:
            return n_tokens
        if field not in self._tokens:
            lengths = self.segment.text(field).lengths[self.deleted_docs]
            self._tokens[field] = n_tokens - int(lengths.sum(dtype=np.int64))
        return self._tokens[field]

    def df(self, field: str, term: int) -> int:
        """Return how many live documents have a term, given by its number in the segment."""
        text = self.segment.text(field)
        begin, end = text.bounds(term)
        if self.deleted is None:
            return end - begin
        key = field, term
        if key not in self._dfs:
            docs = text.docs[begin:end]
            if self.n_deleted * 16 < len(docs):
                places = np.searchsorted(docs, self.deleted_docs).clip(max=len(docs) - 1)
                lost = int(np.count_nonzero(docs[places] == self.deleted_docs))
            else:
                lost = int(np.count_nonzero(self.deleted[docs]))
            self._dfs[key] = end - begin - lost
        return self._dfs[key]

    def with_deleted(self, docs: NDArray[np.int64]) -> "SegmentView":
        """Return the view in which some more documents are deleted."""
        deleted = ~self.live
        deleted[docs] = True
        return SegmentView(self.segment, deleted)

    def written(self, *, durable: bool) -> "SegmentView":
        """Return the view of a mapped segment, which is written to its file if there is none."""
        segment = self.segment.write(durable=durable)
        return self if segment is self.segment else SegmentView(segment, self.deleted)

    def find(self, doc_id: str) -> int | None:
        """Return the number of the live document with an id, or None."""
        docs = self.segment.find(doc_id)
        return next((doc for doc in docs if self.deleted is None or not self.deleted[doc]), None)
