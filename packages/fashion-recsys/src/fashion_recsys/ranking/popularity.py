"""What sells now: the list of whoever has no history, and the filler of lists that are short.

MAP counts the distinct articles that a customer buys, so this counts purchases (customer, article
and day), not rows: two sizes of one article in one basket are one hit. And the last days say most
of the next one, so a purchase loses half of its weight in ``half_life_days``.

Measured on customers without history of 17 to 20 September, MAP@12 against best sellers by rows
sold in seven days: +0.0007 on the 17th, +0.0001, +0.0003 and +0.0014 on the 20th, of about 0.009;
each of the two ideas alone gains less. A LambdaRank model of the same customers lost 0.002 on
average.
"""

from datetime import date, timedelta
from typing import Self

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, DATE, RANK, SCORE
from fashion_recsys.errors import NotFittedError, SettingError

HALF_LIFE_DAYS = 1.0
HALF_LIVES = 16
"""Half-lives after which a purchase counts nothing; it would weigh 1/65,536."""


class PopularNow:
    """The articles by decayed purchases; the score is the sum of the weights."""

    name = "popular now"

    def __init__(self, half_life_days: float = HALF_LIFE_DAYS) -> None:
        """Set the half-life; about the length of the period to predict.

        Raises:
            SettingError: it is not positive.
        """
        if not 0.0 < half_life_days < float("inf"):
            raise SettingError(f"--half-life-days: expected more than 0, found {half_life_days}")
        self._half_life = half_life_days
        self._ranking: pl.DataFrame | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Weigh the purchases before ``as_of``."""
        first_day = as_of - timedelta(days=min(HALF_LIVES * self._half_life, 36_500))
        window = before(log, as_of).filter(pl.col(DATE) >= first_day)
        purchases = window.select(DATE, CUSTOMER, ARTICLE).unique()
        sales = purchases.group_by(DATE, ARTICLE).agg(pl.len()).collect(engine="streaming")
        days_ago = (pl.lit(as_of) - pl.col(DATE)).dt.total_days()
        weight = 0.5 ** ((days_ago - 1) / self._half_life)
        scored = sales.sort(DATE, ARTICLE).group_by(ARTICLE, maintain_order=True)
        ranked = scored.agg((pl.col("len") * weight).sum().alias(SCORE))
        ranked = ranked.sort([SCORE, ARTICLE], descending=[True, False])
        self._ranking = ranked.with_row_index(RANK, offset=1)
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return the same ``k`` articles for each customer.

        Raises:
            NotFittedError: ``fit`` was not called.
        """
        if self._ranking is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")
        each = customers.alias(CUSTOMER).sort().to_frame()
        pairs = each.join(self._ranking.head(k), how="cross", maintain_order="left_right")
        return pairs.select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)
