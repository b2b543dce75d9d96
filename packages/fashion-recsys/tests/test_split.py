"""A split knows its days, and no row is on both sides."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_recsys import SettingError, SplitError, TimeSplit

FIRST, LAST = date(2020, 9, 1), date(2020, 9, 21)


def test_a_short_log_is_tested_on_its_last_day() -> None:
    split = TimeSplit.of_last_days(FIRST, LAST)
    assert split == TimeSplit(FIRST, LAST, LAST)
    assert split.train_end == date(2020, 9, 20)


def test_a_long_log_is_tested_on_its_last_week() -> None:
    split = TimeSplit.of_last_days(date(2018, 9, 20), LAST)
    assert split == TimeSplit(date(2018, 9, 20), date(2020, 9, 15), LAST)


def test_days_may_be_chosen() -> None:
    split = TimeSplit.of_last_days(FIRST, LAST, test_days=2, train_days=3)
    assert split == TimeSplit(date(2020, 9, 17), date(2020, 9, 20), LAST)
    for train_days in (20, 1000, 10**12):
        assert TimeSplit.of_last_days(FIRST, LAST, train_days=train_days).train_start == FIRST


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3), st.integers(0, 3))), st.data())
def test_rows_are_divided_by_day(
    make_log: Callable[..., pl.LazyFrame],
    purchases: list[tuple[int, int, int]],
    data: st.DataObject,
) -> None:
    as_of = data.draw(st.integers(2, 30))
    split = TimeSplit(FIRST, date(2020, 9, as_of), date(2020, 9, 30))
    log = make_log(*purchases)
    train = split.train(log).collect()
    assert train.height == sum(day < as_of for day, _, _ in purchases)
    expected = sorted({(customer, article) for day, customer, article in purchases if day >= as_of})
    if expected:
        assert split.test(log).rows() == expected
    else:
        with pytest.raises(SplitError, match=r"no purchase from .*; test other days"):
            split.test(log)


def test_bad_numbers() -> None:
    with pytest.raises(SettingError, match="--test-days: expected at least 1, found 0"):
        TimeSplit.of_last_days(FIRST, LAST, test_days=0)
    with pytest.raises(SettingError, match="--train-days: expected at least 1, found -2"):
        TimeSplit.of_last_days(FIRST, LAST, train_days=-2)
    with pytest.raises(SplitError, match=r"--test-days 21: the log has 21 days .* give fewer"):
        TimeSplit.of_last_days(FIRST, LAST, test_days=21)
    with pytest.raises(SplitError, match="the log has 1 days"):
        TimeSplit.of_last_days(LAST, LAST)
    with pytest.raises(SplitError, match="expected train start < test start <= test end"):
        TimeSplit(LAST, LAST, LAST)


def test_earlier_periods_are_as_long_and_do_not_overlap() -> None:
    split = TimeSplit(date(2020, 9, 1), date(2020, 9, 15), date(2020, 9, 21))
    assert split.earlier(1) == TimeSplit(date(2020, 9, 1), date(2020, 9, 8), date(2020, 9, 14))
    assert split.earlier(1).test_end == split.train_end
    with pytest.raises(SplitError, match="train start < test start"):
        split.earlier(2)
