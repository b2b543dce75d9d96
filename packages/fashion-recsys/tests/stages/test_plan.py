"""Which stages a run has, for which days."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from fashion_recsys import Dataset, SettingError, SplitError
from fashion_recsys.config import Evaluate
from fashion_recsys.pipeline.graph import check_graph
from fashion_recsys.stages.plan import Plan


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Return a data set of 30 days; the plan looks at its days only."""
    return of_days(tmp_path, range(1, 31))


def of_days(folder: Path, days: Iterable[int]) -> Dataset:
    """Return a data set with purchases on these days of September."""
    dates = [date(2020, 9, day) for day in days]
    log = pl.LazyFrame({"t_dat": dates})
    return Dataset(folder, pl.LazyFrame(), pl.LazyFrame(), log, dates[0], dates[-1])


@pytest.fixture
def config(tmp_path: Path) -> Evaluate:
    (tmp_path / "report.json").write_text("{}")
    return Evaluate(data=tmp_path, out=tmp_path / "run", test_periods=1, train_periods=2)


def test_the_ranker_learns_from_the_periods_before_the_test(
    config: Evaluate, dataset: Dataset
) -> None:
    stages = {stage.name: stage for stage in Plan(config, dataset).evaluation()}
    assert stages["ranker-2020-09-24"].inputs == ("pool-2020-09-17", "pool-2020-09-10")
    assert stages["pool-2020-09-24"].params["tested"]
    assert not stages["pool-2020-09-17"].params["tested"]
    assert stages["pool-2020-09-17"].params["test_end"] == "2020-09-23"
    assert "ablation-2020-09-24" in stages["ledger-2020-09-24"].inputs


def test_the_lists_are_for_the_day_after_the_log(config: Evaluate, dataset: Dataset) -> None:
    plan = Plan(config, dataset)
    stages = plan.recommendation()
    assert [stage.name for stage in stages] == [
        "two-tower-2020-10-01",
        "ranker-2020-10-01",
        "recommend",
    ]
    # The last period, whose purchases are known, teaches too.
    assert stages[1].inputs == ("pool-2020-09-24", "pool-2020-09-17")
    check_graph([*plan.evaluation(), *stages])


def test_rolling_tests_share_their_pools(config: Evaluate, dataset: Dataset) -> None:
    plan = Plan(replace(config, test_periods=2, test_days=1), dataset)
    names = [stage.name for stage in plan.evaluation()]
    assert names.count("pool-2020-09-29") == 1
    assert {"ledger-2020-09-30", "ledger-2020-09-29"} <= set(names)
    assert "ablation-2020-09-29" not in names


def test_a_short_log_has_fewer_periods_to_learn_from(config: Evaluate, dataset: Dataset) -> None:
    plan = Plan(replace(config, train_periods=50), dataset)
    assert [split.as_of.day for split in plan.splits] == [24, 17, 10, 3]


def test_warm_since_marks_the_test_only(config: Evaluate, dataset: Dataset) -> None:
    since = replace(config, warm_since=date(2020, 9, 20))
    stages = {stage.name: stage for stage in Plan(since, dataset).evaluation()}
    assert stages["ledger-2020-09-24"].params["train_start"] == "2020-09-20"
    assert stages["pool-2020-09-10"].params["train_start"] == "2020-09-01"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"test_periods": 0}, SettingError, "--test-periods: expected at least 1, found 0"),
        ({"train_periods": 0}, SettingError, "--train-periods: expected at least 1"),
        ({"max_train_customers": 0}, SettingError, "--max-train-customers: expected at least 1"),
        ({"test_periods": 4}, SplitError, "--test-periods 4: the log .* has 4 periods of 7 days"),
        ({"test_days": 16}, SplitError, "has 1 periods of 16 days"),
        ({"warm_since": date(2020, 9, 24)}, SplitError, "train start < test start"),
    ],
)
def test_periods_that_do_not_fit(
    config: Evaluate,
    dataset: Dataset,
    changes: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        Plan(replace(config, **changes), dataset).evaluation()


def test_a_test_period_without_purchases(config: Evaluate, tmp_path: Path) -> None:
    closed = of_days(tmp_path, [*range(1, 17), *range(24, 31)])
    with pytest.raises(SplitError, match="test period 2020-09-17 to 2020-09-23: expected purch"):
        Plan(replace(config, test_periods=2), closed)


def test_periods_to_learn_from_without_purchases(config: Evaluate, tmp_path: Path) -> None:
    closed = of_days(tmp_path, [*range(1, 10), *range(24, 31)])
    with pytest.raises(SplitError, match="the 2 periods before 2020-09-24: expected purchases"):
        Plan(config, closed)
    # One of them may be empty.
    assert len(Plan(replace(config, train_periods=3), closed).splits) == 4
