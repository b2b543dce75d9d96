"""The interface of every candidate source."""

from datetime import date
from typing import Protocol, Self

import polars as pl

from fashion_recsys.columns import DATE


class CandidateSource(Protocol):
    """Proposes articles for customers, from the purchases before a day.

    Every source answers in the same table, so that sources can be compared, fused and handed to a
    ranker without knowing each other.
    """

    @property
    def name(self) -> str:
        """Name in tables and reports."""

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Learn from the rows of ``log`` before ``as_of``; later rows are ignored.

        Args:
            log: t_dat, customer, article, price, sales_channel_id.
            as_of: the day on which the candidates are wanted.
        """

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return at most ``k`` articles for each customer, best first.

        Args:
            customers: distinct customer numbers (u32); unknown ones are allowed.
            k: longest list wanted, at least 1.

        Returns:
            customer (u32), article (u32), rank (u32, from 1), score (f32, higher is better); each
            pair once, sorted by customer and rank.

        Raises:
            NotFittedError: ``fit`` was not called.
        """


def before(log: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Return the rows that a source may learn from."""
    return log.filter(pl.col(DATE) < as_of)
