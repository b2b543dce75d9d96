"""The purchases before a day, aggregated once for all feature groups.

A row of the log becomes part of a purchase: all rows of one customer, article and day. Quantities
matter here, since 10% of H&M's rows repeat the same article within a day (another size, or two of
them). Days are counted back from ``as_of``: the day before it is 1.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CHANNEL, CUSTOMER, DATE, PRICE

DAYS_AGO = "days_ago"
QUANTITY = "quantity"
BASKET = "basket"
ONLINE_CHANNEL = 2
"""H&M's number of the online shop; 1 is a store."""


@dataclass(frozen=True)
class History:
    """The past as two tables."""

    purchases: pl.DataFrame
    """customer, article, days_ago, quantity (rows), price (mean), online (share), place (of the
    first row among the customer's rows of the day, from 0), basket (rows of the customer that day);
    one row per customer, article and day, sorted by them, so the latest day comes first."""
    visits: pl.DataFrame
    """customer, days_ago, basket (rows), articles (distinct); sorted."""

    @classmethod
    def read(cls, log: pl.LazyFrame, as_of: date) -> "History":
        """Collect the rows of ``log`` before ``as_of``."""
        rows = (
            before(log, as_of)
            .select(
                CUSTOMER,
                ARTICLE,
                (pl.lit(as_of) - pl.col(DATE)).dt.total_days().cast(pl.Int32).alias(DAYS_AGO),
                pl.col(PRICE).cast(pl.Float32),
                (pl.col(CHANNEL) == ONLINE_CHANNEL).cast(pl.Float32).alias("online"),
            )
            .collect(engine="streaming")
            .with_columns(pl.int_range(pl.len()).over(CUSTOMER, DAYS_AGO).alias("place"))
        )
        visits = (
            rows.group_by(CUSTOMER, DAYS_AGO)
            .agg(
                pl.len().alias(BASKET),
                pl.col(ARTICLE).n_unique().alias("articles"),
            )
            .sort(CUSTOMER, DAYS_AGO)
        )
        purchases = (
            rows.group_by(CUSTOMER, ARTICLE, DAYS_AGO)
            .agg(
                pl.len().alias(QUANTITY),
                pl.col(PRICE).mean(),
                pl.col("online").mean(),
                pl.col("place").min(),
            )
            .join(visits.drop("articles"), on=[CUSTOMER, DAYS_AGO], how="left")
            .sort(CUSTOMER, ARTICLE, DAYS_AGO)
        )
        return cls(purchases, visits)
