"""The pool: every source's candidates in one table that remembers who proposed what.

The ranker decides between the candidates, so the pool does not: it keeps the rank and the score
that each source gave, which are among the ranker's best features. A source has a budget, the length
of its lists, and is fitted and asked one after another; the cost of a shard of customers is one
sort of all their (customer, article) pairs.
"""

from collections.abc import Sequence
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.candidates.source import CandidateSource
from fashion_recsys.columns import (
    ARTICLE,
    CUSTOMER,
    ID_DTYPE,
    RANK,
    SCORE,
    rank_column,
    score_column,
)
from fashion_recsys.errors import SettingError, check_range
from fashion_recsys.progress import Progress, silent

# Sorted a few customers at a time: what fits a cache is sorted three times as fast.
_BATCH_CUSTOMERS = 1_000
_LOW = np.uint64(0xFFFFFFFF)


class CandidatePool:
    """Sources with budgets, fitted together and asked together."""

    def __init__(self, budgets: Sequence[tuple[CandidateSource, int]]) -> None:
        """Set the sources.

        Args:
            budgets: each source and the length of its lists, at least 1.

        Raises:
            SettingError: there is no source, two have one name, or a budget is below 1.
        """
        names = [source.name for source, _ in budgets]
        if not names:
            raise SettingError("a pool needs at least one source, found none")
        if len(set(names)) < len(names):
            raise SettingError(f"sources of a pool need different names, found {', '.join(names)}")
        for _, budget in budgets:
            check_range(1, budget=budget)
        self.budgets = tuple(budgets)

    @property
    def columns(self) -> list[str]:
        """Names of the pool's columns, in their order."""
        names = [source.name for source, _ in self.budgets]
        pairs = [(rank_column(name), score_column(name)) for name in names]
        return [CUSTOMER, ARTICLE, *(column for pair in pairs for column in pair)]

    def fit(self, log: pl.LazyFrame, as_of: date, progress: Progress = silent) -> Self:
        """Fit every source on the rows of ``log`` before ``as_of``."""
        for place, (source, _) in enumerate(self.budgets):
            source.fit(log, as_of)
            progress("fit sources", (place + 1) / len(self.budgets))
        return self

    def candidates(self, customers: pl.Series) -> pl.DataFrame:
        """Return what the sources propose for ``customers``.

        Args:
            customers: distinct customer numbers (u32); give a shard of at most some 100,000, since
                the table is made in memory (about 200 rows of 8 + 8 bytes per source each).

        Returns:
            customer, article, then for each source its rank (u32) and score (f32), null where it
            did not propose the article; each pair once, sorted by customer and article.

        Raises:
            NotFittedError: ``fit`` was not called.
        """
        tables = [source.candidates(customers, budget) for source, budget in self.budgets]
        asked = customers.cast(ID_DTYPE).sort()
        parts = [self._merge([table.clear() for table in tables])]
        begins = [0] * len(tables)
        for first in range(0, len(asked), _BATCH_CUSTOMERS):
            last = asked[min(first + _BATCH_CUSTOMERS, len(asked)) - 1]
            ends = [int(table[CUSTOMER].search_sorted(last, side="right")) for table in tables]
            runs = zip(tables, begins, ends, strict=True)
            parts.append(self._merge([table[begin:end] for table, begin, end in runs]))
            begins = ends
        return pl.concat(parts)

    def _merge(self, tables: list[pl.DataFrame]) -> pl.DataFrame:
        """Return the pool of some customers; a table of candidates per source."""
        keys = np.concatenate([_keys(table) for table in tables])
        pairs, row = np.unique(keys, return_inverse=True)
        columns = {
            CUSTOMER: pl.Series((pairs >> np.uint64(32)).astype(np.uint32), dtype=ID_DTYPE),
            ARTICLE: pl.Series((pairs & _LOW).astype(np.uint32), dtype=ID_DTYPE),
        }
        begin = 0
        for (source, _), table in zip(self.budgets, tables, strict=True):
            rows = row[begin : begin + table.height]
            begin += table.height
            columns[rank_column(source.name)] = _scatter(table[RANK], rows, len(pairs))
            columns[score_column(source.name)] = _scatter(table[SCORE], rows, len(pairs))
        return pl.DataFrame(columns)


def _keys(table: pl.DataFrame) -> npt.NDArray[np.uint64]:
    customers = table[CUSTOMER].to_numpy().astype(np.uint64)
    keys: npt.NDArray[np.uint64] = (customers << np.uint64(32)) | table[ARTICLE].to_numpy()
    return keys


def _scatter(values: pl.Series, rows: npt.NDArray[np.int64], height: int) -> pl.Series:
    """Return a column of ``height`` with the values in their rows and null elsewhere."""
    column = np.zeros(height, values.to_numpy().dtype)
    given = np.zeros(height, np.bool_)
    column[rows], given[rows] = values.to_numpy(), True
    return pl.select(pl.when(pl.Series(given)).then(pl.Series(column))).to_series()
