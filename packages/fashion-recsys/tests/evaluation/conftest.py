"""Ledgers from purchases and lists that are written out."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from fashion_recsys import TimeSplit
from fashion_recsys.columns import ARTICLE, CUSTOMER, LOG_SCHEMA, RANK, rank_column
from fashion_recsys.evaluation.builder import LedgerBuilder
from fashion_recsys.evaluation.period import Period

Lists = dict[int, list[int]]
"""Customer -> articles, best first."""
Purchase = tuple[int, int, int]
"""Day of September 2020, customer, article."""


@pytest.fixture(scope="session")
def ledger_split() -> TimeSplit:
    """Return the split of the small ledgers: days 3 and 4 make a customer warm, day 5 is tested."""
    return TimeSplit(date(2020, 9, 3), date(2020, 9, 5), date(2020, 9, 5))


@pytest.fixture(scope="session")
def list_table() -> Callable[[Lists], pl.DataFrame]:
    """Return the maker of a table of customer, article, rank, its rows in no order."""
    return _table


@pytest.fixture(scope="session")
def build_ledger(ledger_split: TimeSplit) -> Callable[..., LedgerBuilder]:
    """Return a function that collects sources, their whole lists as the pool, and final lists."""

    def build(
        purchases: list[Purchase],
        sources: dict[str, Lists],
        finals: dict[str, Lists],
        n_articles: int = 10,
    ) -> LedgerBuilder:
        days = [(date(2020, 9, day), who, what, 0.1, 1) for day, who, what in purchases]
        log = pl.LazyFrame(days, schema=LOG_SCHEMA, orient="row")
        builder = LedgerBuilder(Period.of(log, ledger_split, n_articles), tuple(sources))
        for name, lists in sources.items():
            builder.add_source(name, _table(lists))
        if sources:
            builder.add_pool(_pool(sources))
        for name, lists in finals.items():
            builder.add_list(name, _table(lists))
        return builder

    return build


def _table(lists: Lists) -> pl.DataFrame:
    rows = [
        (customer, article, place + 1)
        for customer, articles in lists.items()
        for place, article in enumerate(articles)
    ]
    schema = {CUSTOMER: pl.UInt32, ARTICLE: pl.UInt32, RANK: pl.UInt32}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.sample(fraction=1.0, shuffle=True, seed=1)


def _pool(sources: dict[str, Lists]) -> pl.DataFrame:
    pool = pl.DataFrame(schema={CUSTOMER: pl.UInt32, ARTICLE: pl.UInt32})
    for name, lists in sources.items():
        ranked = _table(lists).rename({RANK: rank_column(name)})
        pool = pool.join(ranked, on=[CUSTOMER, ARTICLE], how="full", coalesce=True)
    return pool.sort(CUSTOMER, ARTICLE)
