"""What ranking needs of the documents' vectors, wherever they are kept."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search_system.searching.semantic import Semantic

Numbers = NDArray[np.int64]
Rows = NDArray[np.float32]
Masks = Sequence[NDArray[np.bool_]]
"""Which documents may be found, per segment."""

_KEPT = 4096
"""For how many queries the vector and the nearest documents are remembered."""


class Vectors(Protocol):
    """Vectors of unit length by document number; zeros stand for a text without any."""

    def embed_query(self, text: str) -> Rows:
        """Return the vector of a query, shape (dim,)."""

    def nearest(self, vector: Rows, k: int, allowed: Masks | None = None) -> Numbers:
        """Return the numbers of the k live documents nearest to a vector, nearest first."""

    def rows(self, numbers: Numbers) -> Rows:
        """Return the vectors of some documents, shape (n, dim)."""


class IndexVectors:
    """The vectors of an index's first vector field; what it returns is not to be written to."""

    def __init__(self, semantic: Semantic) -> None:
        """Take the search by meaning of the same snapshot."""
        self._semantic = semantic
        self.embed_query = lru_cache(_KEPT)(self._embed)
        self._near = lru_cache(_KEPT)(self._nearest_to)

    def nearest(self, vector: Rows, k: int, allowed: Masks | None = None) -> Numbers:
        """Return the numbers of the k live documents nearest to a vector, nearest first."""
        if allowed is None:
            return self._near(vector.tobytes(), k)
        return self._semantic.vectors.search(vector, k, allowed)[0]

    def rows(self, numbers: Numbers) -> Rows:
        """Return the vectors of some documents, shape (n, dim); zeros where there is none."""
        return self._semantic.vectors.rows(numbers)

    def _embed(self, text: str) -> Rows:
        return np.asarray(self._semantic.embedder.embed_queries([text])[0], np.float32)

    def _nearest_to(self, vector: bytes, k: int) -> Numbers:
        return self._semantic.vectors.search(np.frombuffer(vector, np.float32), k)[0]
