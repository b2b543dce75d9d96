"""A segment of a store's index, and the statistics of a snapshot, as scoring takes them."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search_system.schema import TextField
from search_system.scoring.kernels.dictionary import find_string
from search_system.scoring.source import IndexStatistics, IntArray
from search_system.store.snapshot import SegmentView, Snapshot


class SegmentSource:
    """The postings of a view; arrays are mapped, so nothing is read before it is scored."""

    def __init__(self, view: SegmentView) -> None:
        self._view = view
        self.n_docs = view.segment.n_docs

    @cached_property
    def live(self) -> NDArray[np.bool_] | None:
        """A mask of the documents that are not deleted; None if none is."""
        return self._view.live if self._view.n_deleted else None

    def lengths(self, field: str) -> IntArray:
        """Return the number of tokens that each document has in a field, shape (n_docs,)."""
        return self._view.segment.text(field).lengths

    def postings(self, field: str, term: str) -> tuple[IntArray, IntArray] | None:
        """Return the documents (ascending) and frequencies (from 1) of a term, or None."""
        text = self._view.segment.text(field)
        encoded = np.frombuffer(term.encode("utf-8", "replace"), np.uint8)
        number = find_string(text.terms.data, text.terms.offsets, encoded)
        return None if number < 0 else text.postings(number)


def index_statistics(snapshot: Snapshot) -> IndexStatistics:
    """Return the number of live documents, and the mean length of each text field in them."""
    fields = snapshot.schema.of_type(TextField)
    return IndexStatistics(len(snapshot), {name: snapshot.average_length(name) for name in fields})
