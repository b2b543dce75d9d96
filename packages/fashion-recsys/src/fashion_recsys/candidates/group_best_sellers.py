"""Best sellers of the customer's sections: what sells now in the corners where the customer shops.

The score of an article is the number of rows that it sold in the last days, times the share of its
group (a section, a department, ...) in the customer's recent purchases. A customer who bought two
articles has no useful neighbours, but has shown where in the shop to look.
"""

from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from fashion_recsys.candidates.neighbours import recency, without
from fashion_recsys.candidates.ranked import best_of_rows, in_batches
from fashion_recsys.candidates.recent_purchases import Histories, RecentPurchases
from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, DATE
from fashion_recsys.errors import NotFittedError, SettingError

BEST_PER_GROUP = 300


class GroupBestSellers:
    """Best sellers of the groups of articles that the customer bought from."""

    def __init__(
        self,
        articles: pl.DataFrame,
        column: str,
        recent: RecentPurchases | None = None,
        *,
        window_days: int = 7,
        recency_power: float = 0.5,
    ) -> None:
        """Set the weights.

        Args:
            articles: article and ``column``.
            column: which groups, such as section_name.
            recent: purchases to start from, shared with other sources.
            window_days: days whose sales count.
            recency_power: a purchase of a customer counts age ** -recency_power.

        Raises:
            SettingError: there is no such column.
        """
        if column not in articles.columns:
            raise SettingError(f"best sellers by {column}: articles have no such column")
        self.name = f"best sellers by {column.removesuffix('_name')}"
        groups = articles[column].rank("dense").fill_null(0).to_numpy().astype(np.int64)
        self._groups = groups
        self._recent = recent or RecentPurchases()
        self._window = timedelta(days=window_days)
        self._recency_power = recency_power
        self._histories: Histories | None = None
        self._best = sparse.csr_matrix((0, 0), dtype=np.float32)

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count the sales in the days before ``as_of``."""
        self._histories = self._recent.fit(log, as_of)
        window = before(log, as_of).filter(pl.col(DATE) >= as_of - self._window)
        table = window.group_by(ARTICLE).agg(pl.len().alias("n")).collect(engine="streaming")
        sold, n = table[ARTICLE].to_numpy().astype(np.int64), table["n"].to_numpy()
        known = self._groups[sold] > 0
        entries = (n[known].astype(np.float32), (self._groups[sold[known]], sold[known]))
        shape = (int(self._groups.max(initial=0)) + 1, len(self._groups))
        self._best = best_of_rows(sparse.csr_matrix(entries, shape=shape), BEST_PER_GROUP)
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return ``k`` best sellers from the groups of each customer."""
        histories = self._histories
        if histories is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")

        def score(batch: npt.NDArray[np.uint32]) -> sparse.csr_matrix:
            own = histories.of(batch)
            weights = recency(own.ages, self._recency_power)
            groups = self._groups[own.articles]
            n_groups, n_articles = self._best.shape
            profile = sparse.csr_matrix((weights, groups, own.begins), (len(batch), n_groups))
            entries = (weights, own.articles.astype(np.int32), own.begins)
            owned = sparse.csr_matrix(entries, (len(batch), n_articles))
            return without(profile @ self._best, owned)

        return in_batches(customers, score, k)
