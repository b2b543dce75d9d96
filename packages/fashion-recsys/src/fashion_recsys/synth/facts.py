"""The facts by which a log is judged to be H&M-shaped, and those of the real days.

``REAL`` holds what ``measure`` finds in all real purchases of 16 to 21 September 2020, and in the
two years of 1,359 customers. It is a list of measurements; no row of the real data is part of this
package.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from rich import box
from rich.table import Table

from fashion_recsys.columns import ARTICLE, CHANNEL, CUSTOMER, DATE, PRICE
from fashion_recsys.dataset import Dataset
from fashion_recsys.split import TimeSplit
from fashion_recsys.synth.history import History, measure_history

HISTORY_DAYS = 600
DAYS = 6
"""Days that are measured: the last six."""
_TOP = (12, 100, 300, 1000, 5000)


@dataclass(frozen=True)
class Facts:
    """Measurements on the last six days of a log, and on all of it if it is long."""

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
    same_section: float
    """How much more often than by chance an article of a customer's next visit, another one than
    the last of the visit before, is of its section."""
    same_type: float
    """The same for the product type."""
    history: History | None = None
    """None for a log of less than ``HISTORY_DAYS``."""


def render(facts: Facts) -> Table:
    """Return the facts beside those of the real days."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("last six days")
    table.add_column("generated", justify="right")
    table.add_column("real H&M", justify="right")
    for (name, here), (_, real) in zip(_lines(facts), _lines(REAL), strict=True):
        table.add_row(name, here, real)
    if facts.history is not None and REAL.history is not None:
        lines = zip(_history_lines(facts.history), _history_lines(REAL.history), strict=True)
        for (name, here), (_, real) in lines:
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
    yield "next visit in the section of the last, times chance", f"{facts.same_section:.1f}"
    yield "next visit at the product type of the last, times chance", f"{facts.same_type:.1f}"


def _history_lines(history: History) -> Iterator[tuple[str, str]]:
    yield "rows per customer in two years, mean", f"{history.rows_per_customer:.1f}"
    yield "rows per customer in two years, median", f"{history.rows_per_customer_median:.0f}"
    yield "rows per customer in two years, most", f"{history.rows_per_customer_max:,}"
    yield "days between visits, median", f"{history.days_between_visits:.0f}"
    yield "rows of what the customer bought more than once", f"{history.repeated_pairs:.1%}"


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
    same_section=2.3694,
    same_type=2.5207,
    history=History(
        rows_per_customer=23.268,
        rows_per_customer_median=9.0,
        rows_per_customer_max=368,
        days_between_visits=22.0,
        repeated_pairs=0.2393,
    ),
)


def measure(dataset: Dataset) -> Facts:
    """Measure the last six days of a data set, and its two years if it has them.

    Raises:
        SplitError: the log has a single day.
    """
    first = dataset.last_day - timedelta(days=DAYS - 1)
    rows = dataset.log.filter(pl.col(DATE) >= first).collect()
    per_customer = rows.group_by(CUSTOMER).len()["len"]
    sales = rows.group_by(ARTICLE).len()["len"].sort(descending=True)
    repeated = rows.height - rows.select(DATE, CUSTOMER, ARTICLE).n_unique()
    warm_customers, owned_pairs = _returns(dataset)
    long = (dataset.last_day - dataset.first_day).days + 1 >= HISTORY_DAYS
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
        same_section=_lift(dataset, rows, "section_no"),
        same_type=_lift(dataset, rows, "product_type_no"),
        history=measure_history(dataset, first) if long else None,
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


def _lift(dataset: Dataset, rows: pl.DataFrame, attribute: str) -> float:
    """Return how often a visit goes on with the attribute of the last one, times chance."""
    before = pl.col(ARTICLE, DATE).shift(1).over(CUSTOMER).name.suffix("_before")
    pairs = (
        rows.sort(CUSTOMER, DATE, maintain_order=True)
        .with_columns(before)
        .filter(pl.col(DATE) != pl.col(f"{DATE}_before"))
        .filter(pl.col(ARTICLE) != pl.col(f"{ARTICLE}_before"))
    )
    values = dataset.articles.select(attribute).collect()[attribute].rank("dense").fill_null(0)
    now, then = (values.gather(pairs[name]).to_numpy() for name in (ARTICLE, f"{ARTICLE}_before"))
    shares = [
        np.bincount(side, minlength=len(values) + 1) / max(len(now), 1) for side in (now, then)
    ]
    chance = float(shares[0] @ shares[1])
    return float((now == then).mean()) / chance if chance else 0.0


def _median(values: pl.Series) -> float:
    middle = values.median()
    assert isinstance(middle, int | float)
    return float(middle)
