"""Best sellers by age: the list of the customer's age group.

A shop's best sellers mix what teenagers and their parents wear. The list of a group is made of the
rows that it bought in the last days, plus ``prior_rows`` rows spread as everybody's are: a small
group, or a log that knows the age of few, stays near the list of everybody, which is also what a
customer of unknown age gets.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Self

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import AGE, ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, DATE, RANK, SCORE
from fashion_recsys.errors import NotFittedError

WINDOW_DAYS = 7
AGE_EDGES = (20, 25, 30, 35, 40, 50, 60)
PRIOR_ROWS = 10_000
_GROUP, _TOTAL = "age_group", "total"
_EVERYBODY = -1


class AgeBestSellers:
    """Rows sold in the last days to customers of one age group; groups begin at the edges."""

    name = "best sellers by age"

    def __init__(
        self,
        customers: pl.DataFrame,
        *,
        window_days: int = WINDOW_DAYS,
        edges: Sequence[int] = AGE_EDGES,
        prior_rows: int = PRIOR_ROWS,
    ) -> None:
        """Set the groups.

        Args:
            customers: customer, age; without the column everybody gets one list.
            window_days: days whose sales count.
            edges: years at which a new group begins.
            prior_rows: rows of everybody that are added to those of a group.
        """
        age = pl.col(AGE) if AGE in customers.columns else pl.lit(None, pl.Float32)
        place = pl.sum_horizontal((age >= edge).cast(pl.Int32) for edge in edges)
        group = pl.when(age.is_null()).then(_EVERYBODY).otherwise(place)
        self._groups = customers.select(CUSTOMER, group.cast(pl.Int32).alias(_GROUP))
        self._window = timedelta(days=window_days)
        self._prior_rows = prior_rows
        self._rankings: pl.DataFrame | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count the sales of every article to every group in the window before ``as_of``."""
        window = before(log, as_of).filter(pl.col(DATE) >= as_of - self._window)
        rows = window.join(self._groups.lazy(), on=CUSTOMER, how="left")
        sales = rows.group_by(pl.col(_GROUP).fill_null(_EVERYBODY), ARTICLE).agg(
            pl.len().alias(SCORE)
        )
        self._rankings = self._rank(sales.collect(engine="streaming"))
        return self

    def _rank(self, sales: pl.DataFrame) -> pl.DataFrame:
        """Return the list of every group that bought, and of everybody."""
        total = sales.group_by(ARTICLE).agg(pl.col(SCORE).sum().alias(_TOTAL))
        groups = sales.select(_GROUP).unique()
        pairs = groups.join(total, how="cross").join(sales, on=[_GROUP, ARTICLE], how="left")
        prior = self._prior_rows * pl.col(_TOTAL) / max(1, total[_TOTAL].sum())
        own = pairs.select(_GROUP, ARTICLE, pl.col(SCORE).fill_null(0) + prior)
        general = total.select(
            pl.lit(_EVERYBODY, pl.Int32).alias(_GROUP), ARTICLE, pl.col(_TOTAL).alias(SCORE)
        )
        lists = pl.concat(
            [own.filter(pl.col(_GROUP) != _EVERYBODY), general.cast({SCORE: pl.Float64})]
        )
        ordered = lists.sort(_GROUP, SCORE, ARTICLE, descending=[False, True, False])
        rank = pl.int_range(1, pl.len() + 1).over(_GROUP).alias(RANK)
        return ordered.with_columns(rank)

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return the ``k`` best sellers of each customer's age group."""
        if self._rankings is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")
        top = self._rankings.filter(pl.col(RANK) <= k)
        each = customers.alias(CUSTOMER).sort().to_frame()
        each = each.join(self._groups, on=CUSTOMER, how="left", maintain_order="left")
        fitted = pl.col(_GROUP).is_in(top[_GROUP].unique().implode())
        group = pl.when(fitted).then(_GROUP).otherwise(_EVERYBODY).alias(_GROUP)
        pairs = each.with_columns(group).join(top, on=_GROUP, maintain_order="left_right")
        return pairs.select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)
