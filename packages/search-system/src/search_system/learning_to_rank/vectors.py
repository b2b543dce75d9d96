"""What ranking needs of the documents' vectors, wherever they are kept."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Rows = NDArray[np.float32]


class Vectors(Protocol):
    """Vectors of unit length by document number; zeros stand for a text without any."""

    def embed_query(self, text: str) -> Rows:
        """Return the vector of a query, shape (dim,)."""

    def nearest(self, vector: Rows, k: int) -> Numbers:
        """Return the numbers of the k live documents nearest to a vector, nearest first."""

    def rows(self, numbers: Numbers) -> Rows:
        """Return the vectors of some documents, shape (n, dim)."""


class VectorsInMemory:
    """All vectors as one matrix, searched by a product with it."""

    def __init__(self, matrix: Rows, embed: Callable[[str], Rows]) -> None:
        """Take one row per document number, and what embeds a query."""
        self._matrix = matrix
        self._embed = embed

    def embed_query(self, text: str) -> Rows:
        """Return the vector of a query, shape (dim,)."""
        return self._embed(text)

    def nearest(self, vector: Rows, k: int) -> Numbers:
        """Return the numbers of the k documents nearest to a vector, equally near ones by number.

        A vector of zeros is near to nothing.
        """
        if not vector.any():
            return np.zeros(0, np.int64)
        scores = self._matrix @ vector
        k = min(k, len(scores))
        least = np.partition(scores, len(scores) - k)[len(scores) - k] if k else np.inf
        near = np.flatnonzero(scores >= least)
        return near[np.argsort(-scores[near], kind="stable")[:k]]

    def rows(self, numbers: Numbers) -> Rows:
        """Return the vectors of some documents, shape (n, dim)."""
        return self._matrix[numbers]
