"""The graph of a run: which stages for which days.

    data ── two-tower-DAY ── pool-DAY ──┬── ranker-TEST ──┬── ledger-TEST
                                        └── ablation-TEST ┘
    data ── two-tower-NEXT ── ranker-NEXT ── recommend

A test period's ranker learns from the pools of the periods before it, so one pool serves a test,
the tests after it, and the ranker of the day after the log. Dates are in the names of the stages:
a longer log adds stages and reuses those of the earlier days only if the files are the same, since
the data are an input of all.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import polars as pl

from fashion_recsys.columns import DATE
from fashion_recsys.config import Evaluate
from fashion_recsys.dataset import Dataset
from fashion_recsys.errors import SplitError, check_range
from fashion_recsys.pipeline.stage import Stage
from fashion_recsys.split import TimeSplit
from fashion_recsys.stages.ablation import ablation_stage
from fashion_recsys.stages.data import data_stage
from fashion_recsys.stages.ledger import ledger_stage
from fashion_recsys.stages.pool import pool_stage
from fashion_recsys.stages.ranker import ranker_stage
from fashion_recsys.stages.recommend import recommend_stage
from fashion_recsys.stages.two_tower import two_tower_stage


class Plan:
    """The periods of a data set, and the stages that they need."""

    def __init__(self, config: Evaluate, dataset: Dataset) -> None:
        """Lay the periods out.

        Raises:
            SettingError: a number is out of range.
            SplitError: the log is too short for the periods asked for, or has no purchase in one.
        """
        check_range(1, test_periods=config.test_periods, train_periods=config.train_periods)
        check_range(1, max_train_customers=config.max_train_customers)
        check_range(0, seed=config.seed)
        self._config = config
        last = TimeSplit.of_last_days(
            dataset.first_day, dataset.last_day, test_days=config.test_days
        )
        self._next_day = dataset.last_day + timedelta(days=1)
        self.splits = tuple(_periods(last, config.test_periods + config.train_periods))
        self.tests = self.splits[: config.test_periods]
        if len(self.splits) <= config.test_periods:
            raise SplitError(
                f"--test-periods {config.test_periods}: the log ({dataset.first_day} to "
                f"{dataset.last_day}) has {len(self.splits)} periods of "
                f"{last.test_days} days, and one before the tests must "
                "teach the ranker; give fewer, or shorter ones with --test-days"
            )
        self._check_purchases(dataset.log)

    def _check_purchases(self, log: pl.LazyFrame) -> None:
        """Refuse a test period without purchases, and periods to learn from that have none."""
        days = log.select(pl.col(DATE).unique()).collect(engine="streaming")[DATE]
        counts = [days.is_between(split.as_of, split.test_end).sum() for split in self.splits]
        for split, count in zip(self.tests, counts, strict=False):
            if not count:
                raise SplitError(
                    f"test period {split.as_of} to {split.test_end}: expected purchases, found "
                    "none; give fewer --test-periods, or longer ones with --test-days"
                )
        for place, split in enumerate(self.tests):
            taught = counts[place + 1 : place + 1 + self._config.train_periods]
            if not any(taught):
                raise SplitError(
                    f"the {len(taught)} periods before {split.as_of}: expected purchases for the "
                    "ranker to learn, found none; give more --train-periods, or longer periods "
                    "with --test-days"
                )

    def evaluation(self) -> list[Stage]:
        """Return the stages that lead to the ledger of every test period, the last one first."""
        config = self._config
        stages = [data_stage(config.data)]
        for place, split in enumerate(self.splits):
            stages.append(two_tower_stage(split.as_of, config.two_tower, config.seed))
            stages.append(
                pool_stage(
                    split,
                    config.budgets,
                    tested=place < len(self.tests),
                    max_customers=config.max_train_customers,
                    seed=config.seed,
                )
            )
        for place, split in enumerate(self.tests):
            periods = self._taught_by(place + 1)
            ablated = config.ablation and place == 0
            stages.append(ranker_stage(split.as_of, periods, config.ranker, config.seed))
            if ablated:
                stages.append(
                    ablation_stage(split, periods, config.ranker, config.rules, config.seed)
                )
            stages.append(
                ledger_stage(self._marked(split), config.rules, config.seed, ablated=ablated)
            )
        return stages

    def recommendation(self) -> list[Stage]:
        """Return the stages that follow to the lists for the day after the log."""
        config, day = self._config, self._next_day
        return [
            two_tower_stage(day, config.two_tower, config.seed),
            ranker_stage(day, self._taught_by(0), config.ranker, config.seed),
            recommend_stage(day, self.tests[0].test_days, config.budgets, config.rules),
        ]

    def _taught_by(self, place: int) -> Sequence[date]:
        """Return the first days of the periods before the period ``place`` (0 is the last)."""
        periods = self.splits[place : place + self._config.train_periods]
        return [split.as_of for split in periods]

    def _marked(self, split: TimeSplit) -> TimeSplit:
        """Return the split with training rows from the day that makes customers warm."""
        since = self._config.warm_since
        return split if since is None else TimeSplit(since, split.as_of, split.test_end)


def _periods(last: TimeSplit, n: int) -> Iterator[TimeSplit]:
    """Yield the last period and up to ``n`` - 1 before it, as far as the log goes back."""
    for place in range(n):
        try:
            yield last.earlier(place)
        except SplitError:
            return
