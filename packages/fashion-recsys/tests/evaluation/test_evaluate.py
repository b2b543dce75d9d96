"""Evaluation of rankings over groups of customers, in batches."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from fashion_recsys import Dataset, Evaluation, Score, SettingError, SplitError, TimeSplit, evaluate
from fashion_recsys.evaluation import evaluate as module
from fashion_recsys.evaluation.table import render


def dataset(log: pl.LazyFrame) -> Dataset:
    empty = pl.LazyFrame()
    return Dataset(Path(), empty, empty, log, date(2020, 9, 1), date(2020, 9, 5))


@pytest.fixture
def small(make_log: Callable[..., pl.LazyFrame]) -> Dataset:
    # Customer 1 bought before and buys article 11 again; customer 2 is new.
    return dataset(make_log((1, 1, 10), (2, 1, 11), (3, 3, 10), (5, 1, 11), (5, 1, 12), (5, 2, 10)))


Scores = dict[tuple[str, str], Score]

SPLIT = TimeSplit(date(2020, 9, 1), date(2020, 9, 5), date(2020, 9, 5))


def scores(evaluation: Evaluation) -> Scores:
    return {(score.ranking, score.group): score for score in evaluation.scores}


def test_scores_by_hand(small: Dataset) -> None:
    found = scores(evaluate(small, SPLIT, ks=(1, 2)))
    best = found["best sellers", "all"]
    assert (best.customers, best.pairs) == (2, 3)
    # The list is 10, 11: customer 1 finds 11 at rank 2, customer 2 finds 10 at rank 1.
    assert best.recall == {1: 1 / 3, 2: 2 / 3}
    assert best.map_at_12 == pytest.approx((1 / 2 * (1 / 2) + 1) / 2)
    own = found["own purchases", "all"]
    # Customer 1's list is 11, 10; customer 2 has none and counts with 0.
    assert own.recall == {1: 1 / 3, 2: 1 / 3}
    assert own.map_at_12 == pytest.approx((1 / 2 * 1 + 0) / 2)
    both = found["own purchases + best sellers", "all"]
    assert both.recall == {1: 2 / 3, 2: 2 / 3}
    assert both.map_at_12 == pytest.approx((1 / 2 * 1 + 1) / 2)
    warm = found["own purchases", "warm"]
    assert (warm.customers, warm.pairs, warm.map_at_12) == (1, 2, 1 / 2)


def test_no_warm_customer_means_no_warm_row(make_log: Callable[..., pl.LazyFrame]) -> None:
    found = evaluate(dataset(make_log((1, 1, 10), (5, 2, 10))), SPLIT)
    assert {score.group for score in found.scores} == {"all"}


def test_batches_change_nothing(shop_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    split = TimeSplit.of_last_days(shop_dataset.first_day, shop_dataset.last_day)
    whole = evaluate(shop_dataset, split, ks=(12, 50))
    monkeypatch.setattr(module, "BATCH_ROWS", 50 * 100)
    assert evaluate(shop_dataset, split, ks=(12, 50)) == whole


def test_nothing_to_train_on(make_log: Callable[..., pl.LazyFrame]) -> None:
    log = make_log((1, 1, 10), (5, 2, 10))
    split = TimeSplit(date(2020, 9, 3), date(2020, 9, 5), date(2020, 9, 5))
    with pytest.raises(SplitError, match="no purchase from 2020-09-03 to 2020-09-04 to train on"):
        evaluate(dataset(log), split)


@pytest.mark.parametrize("ks", [(), (0,), (12, -1)])
def test_bad_list_lengths(small: Dataset, ks: Sequence[int]) -> None:
    with pytest.raises(SettingError, match="--k: expected at least 1"):
        evaluate(small, SPLIT, ks=ks)
    with pytest.raises(SettingError, match="--k: expected at most 1,000,000, found"):
        evaluate(small, SPLIT, ks=(12, 10**30))


def test_the_table_fits_eighty_columns(small: Dataset) -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(render(evaluate(small, SPLIT)))
    text = capture.get()
    assert "train 2020-09-01 to 2020-09-04 (3 rows), test 2020-09-05 to 2020-09-05" in text
    line = next(line for line in text.splitlines() if line.startswith("own purchases +"))
    assert line.split()[-1] == "0.75000"
