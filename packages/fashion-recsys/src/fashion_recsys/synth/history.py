"""The facts of two years of a log, measured without holding it in memory.

A pass per group of customers reads only the rows of the group, a few million at a time, since gaps
between visits and repeated articles are facts of one customer's rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, DATE
from fashion_recsys.dataset import Dataset

_GROUP_ROWS = 4_000_000
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Measurements on all rows of the customers who bought before the last six days."""

    rows_per_customer: float
    rows_per_customer_median: float
    rows_per_customer_max: int
    days_between_visits: float
    """Median days between a visit and the next one of the same customer."""
    repeated_pairs: float
    """Share of the rows whose customer bought their article more than once."""


def measure_history(dataset: Dataset, before: date) -> History:
    """Measure the customers who bought before a day; there must be one."""
    rows: list[Counts] = []
    gaps = np.zeros((dataset.last_day - dataset.first_day).days + 1, dtype=np.int64)
    repeated = 0
    for group in _groups(dataset, before):
        rows.append(group.group_by(CUSTOMER).len()["len"].to_numpy().astype(np.int64))
        pairs = group.group_by(CUSTOMER, ARTICLE).len()["len"]
        repeated += int(pairs.filter(pairs > 1).sum())
        visits = group.select(CUSTOMER, DATE).unique().sort(CUSTOMER, DATE)
        gap = visits.select(pl.col(DATE).diff().dt.total_days().over(CUSTOMER)).drop_nulls()
        gaps += np.bincount(gap[DATE].to_numpy(), minlength=len(gaps))
    per_customer = np.concatenate(rows)
    return History(
        rows_per_customer=float(per_customer.mean()),
        rows_per_customer_median=float(np.median(per_customer)),
        rows_per_customer_max=int(per_customer.max()),
        days_between_visits=_median(gaps),
        repeated_pairs=repeated / int(per_customer.sum()),
    )


def _groups(dataset: Dataset, before: date) -> Iterator[pl.DataFrame]:
    """Yield the rows of the customers who bought before a day, some customers at a time."""
    log = dataset.log.select(DATE, CUSTOMER, ARTICLE)
    rows = log.select(pl.len()).collect().item()
    customers = dataset.customers.select(pl.len()).collect().item()
    size = max(1, customers * _GROUP_ROWS // max(rows, 1))
    for first in range(0, customers, size):
        group = log.filter(pl.col(CUSTOMER).is_between(first, first + size - 1)).collect()
        known = group.filter(pl.col(DATE) < before).select(CUSTOMER).unique()
        yield group.join(known, on=CUSTOMER, how="semi")


def _median(counts: Counts) -> float:
    """Return the median of numbers given how often each of 0, 1, 2, ... occurs."""
    total = int(counts.sum())
    if total == 0:
        return 0.0
    below = np.cumsum(counts)
    middle = [
        np.searchsorted(below, place, side="right") for place in ((total - 1) // 2, total // 2)
    ]
    return float(np.mean(middle))
