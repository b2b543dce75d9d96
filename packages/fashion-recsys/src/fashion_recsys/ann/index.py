"""FAISS indexes of maximum inner product behind one class: exact, IVF, HNSW.

At 105k articles of 64 numbers the exact index answers one query in about a millisecond and finds
everything, so it is the default. IVF (k-means lists, of which the nearest few are read) and HNSW (a
graph walked greedily) trade recall for time; ``ann.report`` measures how much, and what they cost.

FAISS brings its own OpenMP: nothing here may be imported beside PyTorch on macOS.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import faiss
import numpy as np
import numpy.typing as npt

from fashion_recsys.errors import DatasetError, SettingError, check_range

Kind = Literal["exact", "ivf", "hnsw"]
KINDS: tuple[Kind, ...] = ("exact", "ivf", "hnsw")

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_MATRIX_QUERIES = 20
"""From so many queries on, an exact search is a product of matrices. FAISS 1.15 waits for 2,000 of
64 numbers, and takes 1.7 ms per query where the product takes 0.4 (105k articles, 2 threads)."""
_TRAINING_VECTORS_PER_LIST = 64
"""K-means of the IVF lists reads so many vectors per list; FAISS advises 39 to 256."""


@dataclass(frozen=True)
class AnnSettings:
    """How an index is built and searched; an exact index reads none of it."""

    ivf_lists: int = 512
    """IVF: lists that the vectors are divided into; fewer vectors make fewer lists."""
    ivf_probes: int = 16
    """IVF: lists read per query."""
    hnsw_links: int = 32
    """HNSW: links per vector; the lowest level has twice as many."""
    hnsw_ef_construction: int = 100
    """HNSW: width of the search that finds a new vector's links."""
    hnsw_ef_search: int = 128
    """HNSW: width of the search that answers a query; at least k is used."""

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_range(1, ivf_lists=self.ivf_lists, ivf_probes=self.ivf_probes)
        check_range(2, hnsw_links=self.hnsw_links)
        check_range(
            1,
            hnsw_ef_construction=self.hnsw_ef_construction,
            hnsw_ef_search=self.hnsw_ef_search,
        )


class AnnIndex:
    """An index of row vectors, searched by inner product."""

    def __init__(self, kind: Kind = "exact", settings: AnnSettings | None = None) -> None:
        """Prepare an empty index.

        Raises:
            SettingError: there is no such kind.
        """
        if kind not in KINDS:
            raise SettingError(f"--kind: expected one of {', '.join(KINDS)}, found {kind!r}")
        self.kind = kind
        self.settings = settings or AnnSettings()
        self._index: Any = None

    def build(self, vectors: Vectors, *, threads: int = 1) -> Self:
        """Index the rows of ``vectors`` (n, D); results name them by row number.

        With one thread the same vectors give the same index; HNSW with several does not.

        Raises:
            SettingError: there are no vectors.
        """
        if vectors.ndim != 2 or not vectors.size:
            raise SettingError(f"expected vectors (n, D) to index, found shape {vectors.shape}")
        data = np.ascontiguousarray(vectors, np.float32)
        faiss.omp_set_num_threads(threads)
        index = self._empty(*data.shape)
        if not index.is_trained:
            index.train(data)
        index.add(data)
        self._index = index
        return self

    def _empty(self, n: int, dim: int) -> Any:
        metric = faiss.METRIC_INNER_PRODUCT
        if self.kind == "exact":
            return faiss.IndexFlatIP(dim)
        if self.kind == "hnsw":
            graph = faiss.IndexHNSWFlat(dim, self.settings.hnsw_links, metric)
            graph.hnsw.efConstruction = self.settings.hnsw_ef_construction
            return graph
        lists = max(1, min(self.settings.ivf_lists, n // _TRAINING_VECTORS_PER_LIST))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, lists, metric)
        # Points beyond this only slow k-means down; its default seed is fixed.
        index.cp.max_points_per_centroid = _TRAINING_VECTORS_PER_LIST
        index.cp.min_points_per_centroid = 1
        return index

    def with_settings(self, settings: AnnSettings) -> "AnnIndex":
        """Return the same index, searched with other settings; those of building have no effect."""
        other = AnnIndex(self.kind, settings)
        other._index = self._index
        return other

    def search(self, queries: Vectors, k: int, *, threads: int = 1) -> tuple[Vectors, Rows]:
        """Return scores (Q, k) and rows (Q, k) of the highest inner products, best first.

        Where fewer than ``k`` are found, the row is -1.

        Args:
            queries: (Q, D).
            k: results per query.
            threads: threads of FAISS; one is fastest for a single query.

        Raises:
            SettingError: the index is empty, or the width of the queries is another.
        """
        check_range(1, k=k)
        if self._index is None:
            raise SettingError("the index is empty: call build or load before search")
        if queries.ndim != 2 or queries.shape[1] != self._index.d:
            raise SettingError(
                f"expected queries (Q, {self._index.d}) as the index has, found {queries.shape}"
            )
        faiss.omp_set_num_threads(threads)
        faiss.cvar.distance_compute_blas_threshold = _MATRIX_QUERIES * self._index.d
        if self.kind == "ivf":
            self._index.nprobe = min(self.settings.ivf_probes, self._index.nlist)
        if self.kind == "hnsw":
            self._index.hnsw.efSearch = max(k, self.settings.hnsw_ef_search)
        scores, rows = self._index.search(np.ascontiguousarray(queries, np.float32), k)
        return scores, rows

    @property
    def memory_bytes(self) -> int:
        """Return the size of the index, as it would be written."""
        return len(self._serialised())

    def _serialised(self) -> npt.NDArray[np.uint8]:
        if self._index is None:
            raise SettingError("the index is empty: call build or load first")
        data: npt.NDArray[np.uint8] = faiss.serialize_index(self._index)
        return data

    def save(self, path: Path) -> None:
        """Write the index to one file, whole or not at all."""
        partial = path.with_name(f".{path.name}.partial")
        self._serialised().tofile(partial)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, kind: Kind, settings: AnnSettings | None = None) -> "AnnIndex":
        """Read an index that ``save`` wrote.

        Raises:
            DatasetError: the file is missing, damaged, or of another kind.
        """
        loaded = cls(kind, settings)
        try:
            index = faiss.deserialize_index(np.fromfile(path, np.uint8))
        except (OSError, RuntimeError) as error:
            raise DatasetError(
                f"{path}: is missing or damaged ({error}); build it again"
            ) from error
        expected = type(loaded._empty(1, index.d))
        if not isinstance(index, expected):
            raise DatasetError(
                f"{path}: expected {expected.__name__} for {kind!r}, found {type(index).__name__}"
            )
        loaded._index = index
        return loaded
