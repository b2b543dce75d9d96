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
from fashion_recsys.errors import NotFittedError, SettingError, check_range

WINDOW_DAYS = 7


class BestSellers:
    """The articles with most rows in the days before ``as_of``; the score is the number of rows."""

    def __init__(
        self, window_days: int = WINDOW_DAYS, *, half_life_days: float | None = None
    ) -> None:
        """Set which rows count, and how much.

        Args:
            window_days: days before ``as_of`` whose sales count.
            half_life_days: a row counts half when it is older by this; by default all count 1.

        Raises:
            SettingError: a number is not positive.
        """
        check_range(1, window_days=window_days)
        if half_life_days is not None and half_life_days <= 0:
            raise SettingError(f"half-life: expected more than 0 days, found {half_life_days}")
        usual = window_days == WINDOW_DAYS
        window = "best sellers" if usual else f"best sellers of {window_days} days"
        fading = "" if half_life_days is None else f", half-life {half_life_days:g}"
        self.name = window + fading
        self._half_life = half_life_days
        self._window = timedelta(days=window_days)
        self._ranking: pl.DataFrame | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count the sales of every article in the window before ``as_of``."""
        window = before(log, as_of).filter(pl.col(DATE) >= as_of - self._window)
        weight = pl.len()
        if self._half_life is not None:
            age = (pl.lit(as_of) - pl.col(DATE)).dt.total_days() - 1
            weight = (0.5 ** (age / self._half_life)).sum()
        sales = window.group_by(ARTICLE).agg(weight.alias(SCORE))
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
