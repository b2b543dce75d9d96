"""Best sellers by age: the list of the customer's age group.

A shop's best sellers mix what teenagers and their parents wear. A customer whose age is not known,
or of a group that bought nothing, gets the list of everybody.
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
_GROUP = "age_group"
_EVERYBODY = -1


class AgeBestSellers:
    """Rows sold in the last days to customers of one age group; groups begin at ``AGE_EDGES``."""

    name = "best sellers by age"

    def __init__(
        self,
        customers: pl.DataFrame,
        window_days: int = WINDOW_DAYS,
        edges: Sequence[int] = AGE_EDGES,
    ) -> None:
        """Set the groups.

        Args:
            customers: customer, age; without the column everybody gets one list.
            window_days: days whose sales count.
            edges: years at which a new group begins.
        """
        age = pl.col(AGE) if AGE in customers.columns else pl.lit(None, pl.Float32)
        known = pl.sum_horizontal(age >= edge for edge in edges).cast(pl.Int32)
        group = pl.when(age.is_null()).then(_EVERYBODY).otherwise(known)
        self._groups = customers.select(CUSTOMER, group.cast(pl.Int32).alias(_GROUP))
        self._window = timedelta(days=window_days)
        self._rankings: pl.DataFrame | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Count the sales of every article to every group in the window before ``as_of``."""
        window = before(log, as_of).filter(pl.col(DATE) >= as_of - self._window)
        rows = window.join(self._groups.lazy(), on=CUSTOMER, how="left")
        sales = rows.group_by(_GROUP, ARTICLE).agg(pl.len().alias(SCORE))
        table = sales.collect(engine="streaming")
        everybody = table.group_by(ARTICLE).agg(pl.col(SCORE).sum())
        own = table.filter(pl.col(_GROUP) >= 0)
        general = everybody.select(pl.lit(_EVERYBODY, pl.Int32).alias(_GROUP), ARTICLE, SCORE)
        ordered = pl.concat([own, general]).sort(
            _GROUP, SCORE, ARTICLE, descending=[False, True, False]
        )
        rank = pl.int_range(1, pl.len() + 1).over(_GROUP).alias(RANK)
        self._rankings = ordered.with_columns(rank)
        return self

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
