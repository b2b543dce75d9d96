"""The facts by which a log is judged to be H&M-shaped, and those of the real days.

``REAL`` holds what ``measure`` finds in all real purchases of 16 to 21 September 2020. It is a list
of measurements; no row of the real data is part of this package.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl
from rich import box
from rich.table import Table

from fashion_recsys.columns import ARTICLE, CHANNEL, CUSTOMER, DATE, PRICE
from fashion_recsys.dataset import Dataset
from fashion_recsys.split import TimeSplit

DAYS = 6
"""Days that are measured: the last six."""
_TOP = (12, 100, 300, 1000, 5000)


@dataclass(frozen=True)
class Facts:
    """Measurements on the last six days of a log."""

    rows: int
    rows_per_customer: float
    rows_per_customer_median: float
    repeated_rows: float
    """Share of the rows that repeat customer, article and day."""
    top: dict[int, float]
    """Share of the rows that the best-selling n articles hold."""
    online_rows: float
    """Share of the rows on channel 2."""
    price_median: float
    warm_customers: float
    """Share of the last day's customers who also bought in the five days before."""
    owned_pairs: float
    """Share of their purchases of the last day that they had bought in those days."""


def render(facts: Facts) -> Table:
    """Return the facts beside those of the real days."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("last six days")
    table.add_column("generated", justify="right")
    table.add_column("real H&M", justify="right")
    for (name, here), (_, real) in zip(_lines(facts), _lines(REAL), strict=True):
        table.add_row(name, here, real)
    return table


def _lines(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "purchases (rows)", f"{facts.rows:,}"
    yield "rows per customer, mean", f"{facts.rows_per_customer:.2f}"
    yield "rows per customer, median", f"{facts.rows_per_customer_median:.0f}"
    yield "rows that repeat customer, article and day", f"{facts.repeated_rows:.1%}"
    for n, share in facts.top.items():
        yield f"rows that the {n:,} best sellers hold", f"{share:.1%}"
    yield "rows sold online (channel 2)", f"{facts.online_rows:.1%}"
    yield "price, median (in Kaggle's own unit)", f"{facts.price_median:.4f}"
    yield "last day's customers who bought in the 5 days before", f"{facts.warm_customers:.1%}"
    yield "  of what they buy, articles bought in those days", f"{facts.owned_pairs:.1%}"


REAL = Facts(
    rows=207_445,
    rows_per_customer=3.4293,
    rows_per_customer_median=2.0,
    repeated_rows=0.0971,
    top={12: 0.0282, 100: 0.1348, 300: 0.2679, 1000: 0.5025, 5000: 0.8572},
    online_rows=0.6865,
    price_median=0.0339,
    warm_customers=0.1811,
    owned_pairs=0.1892,
)


def measure(dataset: Dataset) -> Facts:
    """Measure the last six days of a data set.

    Raises:
        SplitError: the log has a single day.
    """
    first = dataset.last_day - timedelta(days=DAYS - 1)
    rows = dataset.log.filter(pl.col(DATE) >= first).collect()
    per_customer = rows.group_by(CUSTOMER).len()["len"]
    sales = rows.group_by(ARTICLE).len()["len"].sort(descending=True)
    repeated = rows.height - rows.select(DATE, CUSTOMER, ARTICLE).n_unique()
    warm_customers, owned_pairs = _returns(dataset)
    return Facts(
        rows=rows.height,
        rows_per_customer=rows.height / len(per_customer),
        rows_per_customer_median=_median(per_customer),
        repeated_rows=repeated / rows.height,
        top={n: int(sales.head(n).sum()) / rows.height for n in _TOP},
        online_rows=rows.filter(pl.col(CHANNEL) == 2).height / rows.height,
        price_median=_median(rows[PRICE]),
        warm_customers=warm_customers,
        owned_pairs=owned_pairs,
    )


def _returns(dataset: Dataset) -> tuple[float, float]:
    """Return (share of customers of the last day who are warm, share of their pairs owned)."""
    split = TimeSplit.of_last_days(
        dataset.first_day, dataset.last_day, test_days=1, train_days=DAYS - 1
    )
    train = split.train(dataset.log).select(CUSTOMER, ARTICLE).unique().collect()
    truth = split.test(dataset.log)
    warm = truth.join(train, on=CUSTOMER, how="semi")
    owned = truth.join(train, on=[CUSTOMER, ARTICLE], how="semi")
    share = warm[CUSTOMER].n_unique() / truth[CUSTOMER].n_unique()
    return share, owned.height / max(warm.height, 1)


def _median(values: pl.Series) -> float:
    middle = values.median()
    assert isinstance(middle, int | float)
    return float(middle)
