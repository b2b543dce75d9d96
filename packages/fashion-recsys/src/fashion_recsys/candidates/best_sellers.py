"""Best sellers: one list for everybody, by rows sold in the last days.

The list to beat. On the H&M days, the 1,000 best sellers hold 49% of the next day's purchases.
Fashion moves fast, so the window is short: two years of sales make a weak list, against which any
model looks good. Equal sales are ordered by article number, which is the order of the article ids.
"""

from datetime import date, timedelta
from typing import Self

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, DATE, RANK, SCORE
from fashion_recsys.errors import NotFittedError

WINDOW_DAYS = 7


class BestSellers:
    """The articles with most rows in the days before ``as_of``; the score is the number of rows."""

    def __init__(self, window_days: int = WINDOW_DAYS) -> None:
        """Count the sales of the last ``window_days`` days."""
        usual = window_days == WINDOW_DAYS
        self.name = "best sellers" if usual else f"best sellers of {window_days} days"
        self._window = timedelta(days=window_days)
        self._ranking: pl.DataFrame | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count the sales of every article in the window before ``as_of``."""
        window = before(log, as_of).filter(pl.col(DATE) >= as_of - self._window)
        sales = window.group_by(ARTICLE).agg(pl.len().alias(SCORE))
        ranked = sales.collect(engine="streaming").sort([SCORE, ARTICLE], descending=[True, False])
        self._ranking = ranked.with_row_index(RANK, offset=1)
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return the same ``k`` articles for each customer."""
        if self._ranking is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")
        each = customers.alias(CUSTOMER).sort().to_frame()
        pairs = each.join(self._ranking.head(k), how="cross", maintain_order="left_right")
        return pairs.select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)
