"""Bought together: articles in the baskets of customers who bought what this customer bought.

Item-to-item covisitation. Two articles belong together if the same customer bought both; more so on
the same day, in the same week, and lately. The three nested groups of a pair (customer, customer
and week, customer and day) are rows of one sparse matrix X (groups, A), so the weight of a pair is
an entry of X'X, which falls in steps with the distance of the two days:

    C[i, j] = sum over groups g that hold both of level(g) / size(g)^a * decay(i, g) * decay(j, g)

with decay = 2^(-age / (2 * half-life)): a pair counts half if its mean age is one half-life more.
``size`` tempers customers who buy everything. C is normalised to C / sqrt((n_i + s) * (n_j + s))
with n the diagonal, a cosine whose shrinkage ``s`` keeps two articles sold once from being each
other's best match, and the best ``N_NEIGHBOURS`` of a row are kept.

X'X has hundreds of millions of entries for 1.4M customers, so it is made in blocks of rows and each
is cut to the best at once: memory is bounded by the block, and the result is the exact one.
"""

from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from fashion_recsys.candidates.neighbours import neighbours_of_recent
from fashion_recsys.candidates.ranked import best_of_rows
from fashion_recsys.candidates.recent_purchases import Histories, RecentPurchases
from fashion_recsys.errors import NotFittedError

N_NEIGHBOURS = 100
LEVELS = ((1, 1.0), (7, 1.0), (65_536, 1.0))
"""(days of a group, its weight): the same day, the same week, the same customer."""
_BLOCK_PAIRS = 20_000_000


class BoughtTogether:
    """Neighbours of the customer's recent articles by co-purchase; the score sums their weights."""

    name = "bought together"

    def __init__(
        self,
        recent: RecentPurchases | None = None,
        *,
        half_life_days: float = 30.0,
        shrinkage: float = 1.0,
        size_power: float = 0.5,
        recency_power: float = 0.5,
    ) -> None:
        """Set the weights.

        Args:
            recent: purchases to learn from, shared with other sources.
            half_life_days: a pair counts half when it is older by this.
            shrinkage: added to the weight of an article in the cosine.
            size_power: a group of n articles counts n ** -size_power.
            recency_power: a purchase of a customer counts age ** -recency_power.
        """
        self._recent = recent or RecentPurchases()
        self._half_life = half_life_days
        self._shrinkage = shrinkage
        self._size_power = size_power
        self._recency_power = recency_power
        self._histories: Histories | None = None
        self._neighbours = sparse.csr_matrix((0, 0), dtype=np.float32)

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count what was bought together before ``as_of``."""
        self._histories = self._recent.fit(log, as_of)
        groups = self._groups(self._histories)
        self._neighbours = nearest_by_cosine(groups, self._shrinkage, N_NEIGHBOURS)
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return the ``k`` articles bought most with the recent articles of each customer."""
        if self._histories is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")
        power = self._recency_power
        return neighbours_of_recent(
            customers, self._histories, self._neighbours, k, recency_power=power
        )

    def _groups(self, histories: Histories) -> sparse.csr_matrix:
        """Return X, (groups, A)."""
        owners = np.repeat(np.arange(len(histories.lengths)), histories.lengths)
        n_articles = int(histories.articles.max(initial=0)) + 1
        ages = histories.ages.astype(np.int64)
        decay = np.exp2(-ages / (2 * self._half_life)).astype(np.float32)
        parts = []
        for days, weight in LEVELS:
            keys = owners * 65_536 + (ages - 1) // days
            # Pairs are sorted by customer and age, so groups are runs.
            begins = np.flatnonzero(np.diff(keys, prepend=-1))
            sizes = np.diff(begins, append=len(keys))
            scale = np.sqrt(weight * sizes.astype(np.float32) ** -self._size_power)
            data = decay * np.repeat(scale, sizes).astype(np.float32)
            rows = np.append(begins, len(keys))
            shape = (len(begins), n_articles)
            matrix = sparse.csr_matrix((data, histories.articles.astype(np.int32), rows), shape)
            # A group of one has no pair, yet belongs to the weight of its article.
            parts.append(matrix)
        return sparse.vstack(parts, format="csr")


def nearest_by_cosine(
    groups: sparse.csr_matrix, shrinkage: float, n_neighbours: int
) -> sparse.csr_matrix:
    """Return the best entries of each row of the shrunk cosine of the columns of ``groups``.

    Args:
        groups: X, (G, A).
        shrinkage: s in C[i, j] / sqrt((n_i + s) * (n_j + s)).
        n_neighbours: entries kept per row.

    Returns:
        (A, A), diagonal empty.
    """
    if not groups.nnz:
        return sparse.csr_matrix((groups.shape[1], groups.shape[1]), dtype=np.float32)
    groups.sort_indices()
    members = groups.T.tocsr()
    norms = np.asarray(groups.multiply(groups).sum(axis=0)).ravel() + shrinkage
    inverse = (1 / np.sqrt(norms)).astype(np.float32)
    sizes = np.diff(groups.indptr)
    work = np.add.reduceat(sizes[members.indices], members.indptr[:-1])
    parts = []
    for begin, end in _blocks(np.where(np.diff(members.indptr) > 0, work, 0)):
        block = (members[begin:end] @ groups).tocoo()
        data = block.data * inverse[block.row + begin] * inverse[block.col]
        data[block.row + begin == block.col] = 0
        scores = sparse.csr_matrix((data, (block.row, block.col)), shape=block.shape)
        parts.append(best_of_rows(scores, n_neighbours))
    return sparse.vstack(parts, format="csr")


def _blocks(work: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut the rows into runs of at most ``_BLOCK_PAIRS`` multiplications, or one row."""
    ends = np.cumsum(work)
    blocks, begin = [], 0
    while begin < len(work):
        done = ends[begin - 1] if begin else 0
        end = int(np.searchsorted(ends, done + _BLOCK_PAIRS, side="right"))
        end = max(end, begin + 1)
        blocks.append((begin, end))
        begin = end
    return blocks
