"""Attributes: articles described as those that the customer bought, sold before or not.

The only source that can propose an article on its first day. It reads the nearest articles of every
article once per ``fit``, and then scores customers as "bought together" does. Only articles that
can be bought are neighbours: those sold in the last ``available_days``, and those never sold, which
are taken for new; what sold long ago and no more is out of the shop. A log that is a sample of a
shop's sales makes old articles look new, so never sold ones count with ``new_weight``.

The weight of a neighbour is cosine ** ``sharpness`` times 1 + ln(1 + rows sold in the last days).
"""

from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from fashion_recsys.candidates.article_vectors import Vectors, article_vectors
from fashion_recsys.candidates.neighbours import neighbours_of_recent
from fashion_recsys.candidates.ranked import best_of_dense
from fashion_recsys.candidates.recent_purchases import Histories, RecentPurchases
from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, DATE
from fashion_recsys.errors import NotFittedError

N_NEIGHBOURS = 100
_BLOCK_ARTICLES = 128
_RECENT_DAYS = 7


class Attributes:
    """The articles whose description is nearest to the customer's recent articles."""

    name = "attributes"

    def __init__(
        self,
        articles: pl.DataFrame,
        recent: RecentPurchases | None = None,
        *,
        available_days: int = 28,
        new_weight: float = 0.5,
        sharpness: float = 8.0,
        recency_power: float = 0.5,
        seed: int = 0,
    ) -> None:
        """Set the weights.

        Args:
            articles: article and attributes; without attributes there are no candidates.
            recent: purchases to start from, shared with other sources.
            available_days: an article whose last sale is older is out of the shop.
            new_weight: factor of an article that was never sold.
            sharpness: power of the cosine.
            recency_power: a purchase of a customer counts age ** -recency_power.
            seed: of the random projection.
        """
        self._articles = articles
        self._recent = recent or RecentPurchases()
        self._available_days = available_days
        self._new_weight = new_weight
        self._sharpness = sharpness
        self._recency_power = recency_power
        self._seed = seed
        self._vectors: Vectors | None = None
        self._histories: Histories | None = None
        self._neighbours = sparse.csr_matrix((0, 0), dtype=np.float32)

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Find the nearest available articles of every article that somebody bought."""
        if self._vectors is None:
            self._vectors = article_vectors(self._articles, seed=self._seed)
        self._histories = self._recent.fit(log, as_of)
        sold = np.unique(self._histories.articles)
        weights = self._weights(log, as_of)
        self._neighbours = _nearest(self._vectors, sold, weights, self._sharpness)
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return the ``k`` articles nearest to the recent articles of each customer."""
        if self._histories is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")
        power = self._recency_power
        return neighbours_of_recent(
            customers, self._histories, self._neighbours, k, recency_power=power
        )

    def _weights(self, log: pl.LazyFrame, as_of: date) -> npt.NDArray[np.float32]:
        """Return (A,), 0 for what is out of the shop."""
        lately = pl.col(DATE) >= as_of - timedelta(days=_RECENT_DAYS)
        sales = (
            before(log, as_of).group_by(ARTICLE).agg(pl.col(DATE).max(), lately.sum().alias("n"))
        )
        table = sales.collect(engine="streaming")
        weights = np.full(self._articles.height, self._new_weight, np.float32)
        available = table[DATE] >= as_of - timedelta(days=self._available_days)
        popularity = 1 + np.log1p(table["n"].to_numpy())
        weights[table[ARTICLE].to_numpy()] = np.where(available.to_numpy(), popularity, 0)
        return weights


def _nearest(
    vectors: Vectors,
    sold: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float32],
    sharpness: float,
) -> sparse.csr_matrix:
    """Return (A, A): for each sold article its best ``N_NEIGHBOURS`` by weighted cosine."""
    shape = (len(vectors), len(vectors))
    available = np.flatnonzero(weights > 0)
    if not len(sold) or not len(available):
        return sparse.csr_matrix(shape, dtype=np.float32)
    # The order by cosine ** sharpness * weight, without a power of every entry.
    prior = weights[available] ** np.float32(1 / sharpness)
    targets = (vectors[available] * prior[:, None]).T
    place = np.cumsum(weights > 0) - 1
    parts = []
    for begin in range(0, len(sold), _BLOCK_ARTICLES):
        block = sold[begin : begin + _BLOCK_ARTICLES].astype(np.int64)
        scores = vectors[block] @ targets  # (block, available)
        here = np.flatnonzero(weights[block] > 0)
        scores[here, place[block[here]]] = 0  # not its own neighbour
        parts.append(best_of_dense(scores, N_NEIGHBOURS))
    best = sparse.vstack(parts, format="csr")
    best.data **= sharpness
    # From (sold, available) to (A, A).
    lengths = np.zeros(len(vectors), np.int64)
    lengths[sold] = np.diff(best.indptr)
    begins = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_matrix((best.data, available[best.indices], begins), shape)
