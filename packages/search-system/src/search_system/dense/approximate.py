"""Approximate nearest neighbours of a segment's vectors, by FAISS: quick, and some are missed.

Both indexes keep the vectors as float16, as the segment does, in memory. They are built when a
segment is first searched and hold deleted documents, too, which masks leave out: a segment never
changes, so neither does its index. FAISS is an extra: `search-system[dense]`.

`HNSW` finds more in less time than `IVF`, but takes longer to build. Over wordllama's vectors of
60,000 short texts its ten nearest are 95% of the exact ones, in 0.8 ms where exact search takes 8,
and IVF's are 80%, in 0.4 ms (benchmarks/neighbours.py).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError

_TRAINING_ROWS_PER_LIST = 64


@dataclass(frozen=True, slots=True)
class HNSW:
    """A graph that leads from neighbour to neighbour (Malkov and Yashunin, TPAMI 2020)."""

    neighbours: int = 32
    """Links per vector: more find more, and take 8 bytes each."""
    ef_construction: int = 100
    """How many candidates the best links are chosen from, when the graph is built."""
    ef_search: int = 128
    """How many candidates a search keeps: more find more, and take as much longer."""

    def __post_init__(self) -> None:
        if self.neighbours < 2 or self.ef_construction < 1 or self.ef_search < 1:
            raise OptionError(
                f"HNSW needs 2 neighbours and an ef of 1 at least, not {self.neighbours}, "
                f"{self.ef_construction} and {self.ef_search}"
            )


@dataclass(frozen=True, slots=True)
class IVF:
    """Lists of the vectors that are nearest to each of some centres, of which a few are read."""

    lists: int | None = None
    """How many centres; None: four times the square root of the number of vectors."""
    probes: int = 16
    """How many lists a search reads."""

    def __post_init__(self) -> None:
        if (self.lists is not None and self.lists < 1) or self.probes < 1:
            raise OptionError(
                f"IVF needs a list and a probe at least, not {self.lists} and {self.probes}"
            )


class ApproximateIndex:
    """The index of one segment."""

    def __init__(
        self, method: HNSW | IVF, n_docs: int, dim: int, blocks: Iterable[NDArray[np.float32]]
    ) -> None:
        """Build the index of rows that come in blocks of shape (n, dim), ``n_docs`` in all.

        Raises:
            OptionError: FAISS is not installed.
        """
        self._faiss = _import_faiss()
        self._method = method
        self._n_docs = n_docs
        if isinstance(method, HNSW):
            self._index = self._graph(method, dim)
        else:
            blocks = list(blocks)
            self._index = self._trained_lists(method, np.concatenate(blocks))
        for block in blocks:
            self._index.add(block)

    def _graph(self, method: HNSW, dim: int) -> Any:
        faiss = self._faiss
        half = faiss.ScalarQuantizer.QT_fp16
        index = faiss.IndexHNSWSQ(dim, half, method.neighbours, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = method.ef_construction
        return index

    def _trained_lists(self, method: IVF, rows: NDArray[np.float32]) -> Any:
        faiss = self._faiss
        n, dim = rows.shape
        lists = min(n, method.lists or 4 * math.isqrt(n))
        sample = np.random.default_rng(0).permutation(n)[: lists * _TRAINING_ROWS_PER_LIST]
        centres = faiss.IndexFlatIP(dim)
        half = faiss.ScalarQuantizer.QT_fp16
        index = faiss.IndexIVFScalarQuantizer(centres, dim, lists, half, faiss.METRIC_INNER_PRODUCT)
        index.by_residual = False  # a residual of what is rounded already would be rounded again
        index.cp.min_points_per_centroid = 1  # few vectors are no reason for a warning
        index.train(rows[np.sort(sample)])
        return index

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return the numbers of about the k nearest documents that a mask allows."""
        faiss = self._faiss
        bitmap = np.packbits(allowed, bitorder="little")
        selector = faiss.IDSelectorBitmap(bitmap)
        if isinstance(self._method, HNSW):
            # What a filter hides takes places among the candidates all the same.
            share = np.count_nonzero(allowed) / self._n_docs
            candidates = math.ceil(max(k, self._method.ef_search) / max(share, 0.01))
            options = faiss.SearchParametersHNSW(sel=selector, efSearch=candidates)
        else:
            options = faiss.SearchParametersIVF(sel=selector, nprobe=self._method.probes)
        _, found = self._index.search(query[None], min(k, self._n_docs), params=options)
        return np.asarray(found[0][found[0] >= 0], np.int64)


def _import_faiss() -> Any:
    try:
        import faiss  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise OptionError(
            "approximate vector search needs the package faiss-cpu, which is not installed; "
            "install search-system[dense], or search exactly"
        ) from error
    return faiss
