"""A split of the log by time, as an object that knows its dates.

A recommender is asked on ``as_of`` what customers will buy from that day on, so it may learn from
earlier rows only. Splitting at random instead would let it read the answers: a customer's basket
would lie on both sides.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, DATE
from fashion_recsys.errors import SplitError, check_range

SHORT_LOG_DAYS = 28
"""A log of fewer days is tested on its last day, a longer one on its last seven."""


@dataclass(frozen=True)
class TimeSplit:
    """Training rows from ``train_start`` to the day before ``as_of``; test rows from ``as_of``."""

    train_start: date
    as_of: date
    """First day of the test; nothing of this day or later may be learned from."""
    test_end: date
    """Last day of the test, inclusive."""

    @property
    def test_days(self) -> int:
        """Days of the test period."""
        return (self.test_end - self.as_of).days + 1

    @property
    def train_end(self) -> date:
        """The last day of the training rows, inclusive."""
        return self.as_of - timedelta(days=1)

    def __post_init__(self) -> None:
        """Refuse a split without a training or a test day."""
        if not self.train_start < self.as_of <= self.test_end:
            raise SplitError(
                f"expected train start < test start <= test end, found {self.train_start}, "
                f"{self.as_of}, {self.test_end}"
            )

    @classmethod
    def of_last_days(
        cls,
        first_day: date,
        last_day: date,
        *,
        test_days: int | None = None,
        train_days: int | None = None,
    ) -> "TimeSplit":
        """Test on the last days of a log and train on those before.

        Args:
            first_day: first day of the log.
            last_day: last day of the log.
            test_days: days to test on; by default 7, or 1 if the log is shorter than 28 days.
            train_days: days to train on, right before the test; by default all.

        Raises:
            SettingError: a number is not positive.
            SplitError: the log is too short.
        """
        days = (last_day - first_day).days + 1
        if test_days is None:
            test_days = 1 if days < SHORT_LOG_DAYS else 7
        check_range(1, test_days=test_days, train_days=train_days)
        if test_days >= days:
            raise SplitError(
                f"--test-days {test_days}: the log has {days:,} days ({first_day} to {last_day}), "
                "so no day is left to train on; give fewer"
            )
        as_of = last_day - timedelta(days=test_days - 1)
        train_start = first_day
        if train_days is not None and train_days < days - test_days:
            train_start = as_of - timedelta(days=train_days)
        return cls(train_start, as_of, last_day)

    def earlier(self, periods: int) -> "TimeSplit":
        """Return the split whose test is as long and ends ``periods`` test lengths earlier.

        Training rows begin on the same day.

        Raises:
            SplitError: no day would be left to train on.
        """
        shift = periods * (self.test_end - self.as_of + timedelta(days=1))
        return TimeSplit(self.train_start, self.as_of - shift, self.test_end - shift)

    def train(self, log: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows to learn from."""
        return log.filter(pl.col(DATE).is_between(self.train_start, self.as_of, closed="left"))

    def test(self, log: pl.LazyFrame) -> pl.DataFrame:
        """Return the distinct (customer, article) pairs to predict, in sorted order.

        Raises:
            SplitError: nobody bought anything in the test period.
        """
        rows = log.filter(pl.col(DATE).is_between(self.as_of, self.test_end))
        pairs = rows.select(CUSTOMER, ARTICLE).unique().sort(CUSTOMER, ARTICLE)
        truth = pairs.collect(engine="streaming")
        if truth.is_empty():
            raise SplitError(f"no purchase from {self.as_of} to {self.test_end}; test other days")
        return truth
