"""Bought together: articles in the baskets of customers who bought what this customer bought.

Item-to-item covisitation. Two articles belong together if the same customer bought both; more so on
the same day, in the same week, and lately. The three nested groups of a pair (customer, customer
and week, customer and day) are rows of one sparse matrix X (groups, A), so the weight of a pair is
an entry of X'X, which falls in steps with the distance of the two days:

    C[i, j] = sum over groups g that hold both of level(g) / size(g)^a * decay(i) * decay(j)

with decay = 2^(-age / (2 * half-life)): a pair counts half if its mean age is one half-life more.
``size`` tempers customers who buy everything. With n the diagonal of C, the weight of j for i is

    C[i, j] / (sqrt(n_i + s) * (n_j + s)^b)

The shrinkage s keeps two articles that were sold once from being each other's best match. b = 1/2
makes it a cosine, which asks for the unexpected; next purchases ask for what sells: recall@100 of
articles new to the customer on 20 September is .098 with b = 1/2, .113 with 0.2 and .121 with 0.
The best ``N_NEIGHBOURS`` of a row are kept.

X'X has hundreds of millions of entries for 1.4M customers, so it is made in blocks of rows and each
is cut to the best at once: memory is bounded by the block, and the result is the exact one.
"""

from collections.abc import Iterator
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

N_NEIGHBOURS = 200
LEVELS = ((1, 1.0), (7, 1.0), (65_536, 1.0))
"""(days of a group, its weight): the same day, the same week, the same customer."""
_BLOCK_PAIRS = 2_000_000


class BoughtTogether:
    """Neighbours of the customer's recent articles by co-purchase; the score sums their weights."""

    name = "bought together"

    def __init__(
        self,
        recent: RecentPurchases | None = None,
        *,
        half_life_days: float = 30.0,
        shrinkage: float = 5.0,
        popularity_power: float = 0.0,
        size_power: float = 1.0,
        recency_power: float = 0.5,
    ) -> None:
        """Set the weights.

        Args:
            recent: purchases to learn from, shared with other sources.
            half_life_days: a pair counts half when it is older by this.
            shrinkage: s, added to the weight of an article.
            popularity_power: b, how much a neighbour is held back for selling well.
            size_power: a group of n articles counts n ** -size_power.
            recency_power: a purchase of a customer counts age ** -recency_power.
        """
        self._recent = recent or RecentPurchases()
        self._half_life = half_life_days
        self._shrinkage = shrinkage
        self._popularity_power = popularity_power
        self._size_power = size_power
        self._recency_power = recency_power
        self._histories: Histories | None = None
        self._neighbours = sparse.csr_matrix((0, 0), dtype=np.float32)

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count what was bought together before ``as_of``."""
        self._histories = self._recent.fit(log, as_of)
        groups = self._groups(self._histories)
        squares = np.bincount(groups.indices, np.square(groups.data), groups.shape[1])
        weights = squares + self._shrinkage
        left, right = weights**-0.5, weights**-self._popularity_power
        self._neighbours = _best_products(groups, left.astype(np.float32), right.astype(np.float32))
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
            articles = histories.articles.astype(np.int32)
            parts.append(sparse.csr_matrix((data, articles, rows), shape))
        return sparse.vstack(parts, format="csr")


def _best_products(
    groups: sparse.csr_matrix, left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]
) -> sparse.csr_matrix:
    """Return the best ``N_NEIGHBOURS`` of each row of diag(left) X'X diag(right), no diagonal.

    Args:
        groups: X, (G, A).
        left: (A,).
        right: (A,).
    """
    n_articles = groups.shape[1]
    if not groups.nnz:
        return sparse.csr_matrix((n_articles, n_articles), dtype=np.float32)
    members = groups.T.tocsr()
    # Multiplications of each row: the members of each of its groups.
    sizes = np.concatenate([[0], np.cumsum(np.diff(groups.indptr)[members.indices])])
    ends = sizes[members.indptr[1:]]
    parts = []
    for begin, end in _blocks(ends):
        block = (members[begin:end] @ groups).tocoo()
        block.data *= left[block.row + begin] * right[block.col]
        block.data[block.row + begin == block.col] = 0
        parts.append(best_of_rows(block.tocsr(), N_NEIGHBOURS))
    return sparse.vstack(parts, format="csr")


def _blocks(ends: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut rows into runs of at most ``_BLOCK_PAIRS`` multiplications, or one row.

    Args:
        ends: multiplications up to the end of each row.
    """
    begin = 0
    while begin < len(ends):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _BLOCK_PAIRS, side="right")))
        yield begin, end
        begin = end
