"""What scoring needs of a segment, and of the index as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer[Any]]


class PostingsSource(Protocol):
    """A segment; its documents go by number, from 0."""

    @property
    def n_docs(self) -> int:
        """The number of documents, deleted ones included."""

    @property
    def live(self) -> NDArray[np.bool_] | None:
        """A mask of the documents that are not deleted; None if none is."""

    def lengths(self, field: str) -> IntArray:
        """Return the number of tokens that each document has in a field, shape (n_docs,)."""

    def postings(self, field: str, term: str) -> tuple[IntArray, IntArray] | None:
        """Return the documents (ascending) and frequencies (from 1) of a term, or None."""


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """Figures of all segments together, without deleted documents."""

    n_docs: int
    average_lengths: Mapping[str, float]
    """The mean number of tokens per document in each field."""
