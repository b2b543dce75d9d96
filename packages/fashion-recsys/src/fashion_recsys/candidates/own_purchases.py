"""Own purchases: what the customer bought before, latest day first.

People buy again what they just bought: another size, another one for a friend. On the H&M days, 19%
of the next day's purchases by customers of the last five days are articles that they own, and this
list alone has nineteen times the MAP@12 of the best sellers for them. A customer without history
gets no candidates: fill the list from another source.
"""

from datetime import date
from typing import Self

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, DATE, ID_DTYPE, RANK, SCORE
from fashion_recsys.errors import NotFittedError

_POSITION = "__position"


class OwnPurchases:
    """The customer's articles by day of the last purchase; within a day, in the log's order.

    The score is minus the number of days from the purchase to ``as_of``.
    """

    name = "own purchases"

    def __init__(self) -> None:
        self._owned: pl.DataFrame | None = None
        self._as_of: date | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Find the last purchase of every (customer, article) pair before ``as_of``."""
        pairs = before(log, as_of).with_row_index(_POSITION).group_by(CUSTOMER, ARTICLE)
        last = pairs.agg(pl.col(DATE).max(), pl.col(_POSITION).max())
        # Sorted once, so that a shard of customers is a slice whatever their number.
        self._owned = last.collect(engine="streaming").sort(
            CUSTOMER, DATE, _POSITION, descending=[False, True, False]
        )
        self._as_of = as_of
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return the last ``k`` articles that each customer bought."""
        if self._owned is None:
            raise NotFittedError("own purchases: call fit before candidates")
        asked = customers.alias(CUSTOMER).cast(ID_DTYPE).sort().to_frame()
        if asked.is_empty():
            return pl.DataFrame(schema=CANDIDATE_SCHEMA)
        begin = self._owned[CUSTOMER].search_sorted(asked[CUSTOMER][0], side="left")
        end = self._owned[CUSTOMER].search_sorted(asked[CUSTOMER][-1], side="right")
        wanted = self._owned[int(begin) : int(end)].join(
            asked, on=CUSTOMER, how="semi", maintain_order="left"
        )
        ranked = wanted.with_columns(
            pl.int_range(1, pl.len() + 1).over(CUSTOMER).alias(RANK),
            (pl.col(DATE) - pl.lit(self._as_of)).dt.total_days().alias(SCORE),
        )
        top = ranked.filter(pl.col(RANK) <= k)
        return top.select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)
