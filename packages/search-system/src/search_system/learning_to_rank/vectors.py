"""What ranking needs of the documents' vectors, wherever they are kept."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search_system.searching.semantic import Semantic

Numbers = NDArray[np.int64]
Rows = NDArray[np.float32]
Masks = Sequence[NDArray[np.bool_]]
"""Which documents may be found, per segment."""


class Vectors(Protocol):
    """Vectors of unit length by document number; zeros stand for a text without any."""

    def embed_query(self, text: str) -> Rows:
        """Return the vector of a query, shape (dim,)."""

    def nearest(self, vector: Rows, k: int, allowed: Masks | None = None) -> Numbers:
        """Return the numbers of the k live documents nearest to a vector, nearest first."""

    def rows(self, numbers: Numbers) -> Rows:
        """Return the vectors of some documents, shape (n, dim)."""


class IndexVectors:
    """The vectors of an index's first vector field."""

    def __init__(self, semantic: Semantic) -> None:
        """Take the search by meaning of the same snapshot."""
        self._semantic = semantic

    def embed_query(self, text: str) -> Rows:
        """Return the vector of a query, shape (dim,)."""
        return np.asarray(self._semantic.embedder.embed_queries([text])[0], np.float32)

    def nearest(self, vector: Rows, k: int, allowed: Masks | None = None) -> Numbers:
        """Return the numbers of the k live documents nearest to a vector, nearest first."""
        return self._semantic.vectors.search(vector, k, allowed)[0]

    def rows(self, numbers: Numbers) -> Rows:
        """Return the vectors of some documents, shape (n, dim); zeros where there is none."""
        return self._semantic.vectors.rows(numbers)
