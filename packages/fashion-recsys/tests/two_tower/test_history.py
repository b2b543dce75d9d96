"""Histories equal what a loop over the log finds, and nothing of the day itself leaks in."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys.two_tower.history import (
    AGE_BOUNDS,
    Histories,
    histories_at,
    histories_of_rows,
    read_histories,
)

AS_OF = date(2020, 9, 10)
CUSTOMERS = 5
PURCHASES = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 3), st.integers(0, 6)), max_size=30
)
MakeLog = Callable[..., pl.LazyFrame]
Rows = list[tuple[int, int, int]]


def distinct(purchases: Rows) -> Rows:
    """Return the purchases before AS_OF, each once, by day and then in the log's order."""
    return list(dict.fromkeys(row for row in sorted(purchases, key=lambda row: row[0])
                              if row[0] < AS_OF.day))  # fmt: skip


def bucket(age: int) -> int:
    return sum(bound <= age for bound in AGE_BOUNDS)


def read(make_log: MakeLog, purchases: Rows) -> Histories:
    return read_histories(make_log(*sorted(purchases, key=lambda row: row[0])), AS_OF, CUSTOMERS)


@settings(deadline=None)  # The first call makes polars load.
@given(PURCHASES, st.integers(1, 5))
def test_histories_at_a_day_equal_a_loop(make_log: MakeLog, purchases: Rows, length: int) -> None:
    source = read(make_log, purchases)
    found = histories_at(source, np.arange(CUSTOMERS), AS_OF, length=length)
    for customer in range(CUSTOMERS):
        own = [row for row in reversed(distinct(purchases)) if row[1] == customer]
        there = found.articles[customer] >= 0
        assert found.articles[customer][there].tolist() == [row[2] for row in own][:length]
        ages = [bucket(AS_OF.day - row[0]) for row in own]
        assert found.ages[customer][there].tolist() == ages[:length]
        assert found.aggregates[customer][0] == pytest.approx(np.log1p(len(own)))
        assert found.aggregates[customer][2] == pytest.approx(float(bool(own)))
        assert found.aggregates[customer][4] == bool(own)


@settings(deadline=None)
@given(PURCHASES, st.integers(1, 5), st.booleans())
def test_histories_of_purchases_equal_a_loop(
    make_log: MakeLog, purchases: Rows, length: int, basket: bool
) -> None:
    source = read(make_log, purchases)
    rows = np.arange(len(source.days))
    found = histories_of_rows(source, rows, length=length, with_basket=np.full(len(rows), basket))
    by_customer = sorted(distinct(purchases), key=lambda row: row[1])
    for row, (day, customer, article) in enumerate(by_customer):
        earlier = [p for p in reversed(by_customer) if p[1] == customer and p[0] < day]
        same = [p for p in reversed(by_customer) if p[:2] == (day, customer) and p[2] != article]
        expected = ([p for p in same if basket] + earlier)[:length]
        there = found.articles[row] >= 0
        assert found.articles[row][there].tolist() == [p[2] for p in expected]
        assert found.ages[row][there].tolist() == [bucket(day - p[0]) for p in expected]
        assert found.aggregates[row][0] == pytest.approx(np.log1p(len(earlier)))


def test_an_empty_log_gives_empty_histories(make_log: MakeLog) -> None:
    source = read(make_log, [])
    found = histories_at(source, np.arange(CUSTOMERS), AS_OF, length=3)
    assert (found.articles == -1).all()
    assert (found.aggregates == 0).all()
