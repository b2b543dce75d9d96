"""The ranker learns what can be learned and nothing else, and gives the same lists again."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fashion_recsys import InputError, SettingError, SplitError
from fashion_recsys.columns import CANDIDATE_SCHEMA
from fashion_recsys.ranking.ablation import ALL, ablate
from fashion_recsys.ranking.ranker import Ranker, TrainingPeriod, train_ranker
from fashion_recsys.ranking.settings import RankerSettings

SETTINGS = RankerSettings(
    max_trees=20, patience=5, min_data_in_leaf=5, models=2, threads=1, negatives_per_customer=10
)
CANDIDATES = 20


def period(day: int, customers: int = 60, *, leak: bool = False) -> TrainingPeriod:
    """Return lists in which ``signal`` tells what was bought and ``noise`` does not.

    With ``leak``, the only features are those that are constant within a list: the date, the
    customer's rate, the length of the list.
    """
    rng = np.random.default_rng(day)
    rows = customers * CANDIDATES
    signal = rng.random(rows)
    customer = np.repeat(np.arange(customers), CANDIDATES)
    rate = np.repeat(rng.random(customers), CANDIDATES)
    label = rng.random(rows) < 0.3 * (rate if leak else signal**4)
    constant = {"date": np.full(rows, float(day)), "rate": rate, "length": CANDIDATES + 0 * rate}
    features = constant if leak else {"signal": signal, "noise": rng.random(rows)}
    frame = pl.DataFrame(
        {
            "customer": customer.astype(np.uint32),
            "article": np.tile(np.arange(CANDIDATES), customers).astype(np.uint32),
            "label": label.astype(np.uint8),
            **features,
        }
    )
    floats = [name for name in frame.columns if frame[name].dtype == pl.Float64]
    frame = frame.with_columns(pl.col(floats).cast(pl.Float32))
    return TrainingPeriod(date(2020, 9, 1) + timedelta(days=day), frame)


PERIODS = [period(day) for day in range(3)]


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return train_ranker(PERIODS, SETTINGS, seed=1)


def test_ranks_are_complete_and_in_order_of_score(ranker: Ranker) -> None:
    features = period(5).features
    ranked = ranker.rank(features)
    assert ranked.schema == CANDIDATE_SCHEMA
    assert (
        ranked.sort("customer", "article")
        .select("customer", "article")
        .equals(features.select("customer", "article"))
    )
    expected = ranked.sort("customer", "score", "article", descending=[False, True, False])
    assert ranked.equals(expected)
    assert (ranked["rank"].to_numpy().reshape(-1, CANDIDATES) == np.arange(1, 21)).all()


def test_it_learns_the_signal(ranker: Ranker) -> None:
    features = period(5).features
    correlation = np.corrcoef(ranker.score(features), features["signal"].to_numpy())[0, 1]
    assert correlation > 0.8
    assert ranker.importance()["feature"][0] == "signal"
    assert ranker.importance()["gain"].sum() == pytest.approx(1.0)
    assert 1 <= ranker.trees <= SETTINGS.max_trees


def test_what_is_constant_in_a_list_teaches_nothing() -> None:
    leaky = [period(day, leak=True) for day in range(3)]
    ranker = train_ranker(leaky, SETTINGS, seed=1)
    scores = ranker.score(period(5, leak=True).features).reshape(-1, CANDIDATES)
    assert np.ptp(scores, axis=1).max() == 0
    ranked = ranker.rank(period(5, leak=True).features)
    assert (ranked["article"] == ranked["rank"] - 1).all(), "ties are ordered by article number"


def test_both_objectives_learn_the_signal() -> None:
    ranker = train_ranker(PERIODS, replace(SETTINGS, objective="lambdarank"), seed=1)
    assert ranker.importance()["feature"][0] == "signal"
    with pytest.raises(
        SettingError, match=r"--ranker\.objective: expected rank_xendcg or lambdarank"
    ):
        replace(SETTINGS, objective="regression")


def test_the_same_seed_gives_the_same_lists(ranker: Ranker) -> None:
    again = train_ranker(PERIODS[::-1], SETTINGS, seed=1)
    features = period(5).features
    assert again.rank(features).equals(ranker.rank(features))
    other = train_ranker(PERIODS, SETTINGS, seed=2)
    assert not other.rank(features).equals(ranker.rank(features))


def test_lists_do_not_depend_on_the_order_of_the_rows(ranker: Ranker) -> None:
    features = period(5).features
    assert ranker.rank(features.sample(fraction=1.0, shuffle=True, seed=3)).equals(
        ranker.rank(features)
    )


def test_save_and_load(ranker: Ranker, tmp_path: Path) -> None:
    path = tmp_path / "ranker.json"
    ranker.save(path)
    loaded = Ranker.load(path)
    features = period(5).features
    assert loaded.rank(features).equals(ranker.rank(features))
    assert loaded.features == ranker.features


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a saved ranker"),
        ("[]", "expected a saved ranker"),
        ('{"format_version": 1, "features": [], "models": ["no model"]}', "expected a saved"),
        ('{"format_version": 9, "features": [], "models": []}', "found 9; train again"),
    ],
)
def test_a_file_that_is_no_ranker(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ranker.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Ranker.load(path)
    with pytest.raises(InputError, match="expected a saved ranker"):
        Ranker.load(tmp_path / "absent.json")


def test_one_period_takes_the_default_number_of_trees() -> None:
    assert train_ranker(PERIODS[:1], SETTINGS).trees == SETTINGS.trees_without_validation


def test_nothing_to_learn_from() -> None:
    false = PERIODS[0].features.with_columns(pl.lit(0, dtype=pl.UInt8).alias("label"))
    day = PERIODS[0].as_of
    for periods in ([TrainingPeriod(day, false)], [TrainingPeriod(day, false.clear())], []):
        with pytest.raises(SplitError, match="expected candidates that came true, found none"):
            train_ranker(periods, SETTINGS)


def test_a_period_without_a_positive_is_left_out() -> None:
    false = PERIODS[2].features.with_columns(pl.lit(0, dtype=pl.UInt8).alias("label"))
    periods = [PERIODS[0], TrainingPeriod(PERIODS[2].as_of, false)]
    features = period(5).features
    expected = train_ranker(PERIODS[:1], SETTINGS).rank(features)
    assert train_ranker(periods, SETTINGS).rank(features).equals(expected)


def test_a_missing_feature(ranker: Ranker) -> None:
    with pytest.raises(InputError, match="expected the feature signal"):
        ranker.rank(period(5).features.drop("signal"))


def test_an_empty_pool(ranker: Ranker) -> None:
    assert ranker.rank(period(5).features.clear()).schema == CANDIDATE_SCHEMA


def test_ablation_finds_the_group_that_matters() -> None:
    test = period(5)
    truth = test.features.filter(pl.col("label") == 1).select("customer", "article")
    groups = {"good": ["signal"], "bad": ["noise"]}
    complete, good, bad = ablate(PERIODS, test, truth, groups, SETTINGS)
    assert (complete.without, good.without, bad.without) == (ALL, "good", "bad")
    assert complete.difference == complete.standard_error == 0
    assert good.difference < -3 * good.standard_error
    assert abs(bad.difference) < 3 * bad.standard_error + 0.02
    assert good.map_at_12 == pytest.approx(complete.map_at_12 + good.difference)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("num_leaves", 1), ("learning_rate", 0.0), ("bagging_fraction", 1.5), ("lambda_l2", -1.0)],
)
def test_settings_that_make_no_sense(setting: str, value: float) -> None:
    with pytest.raises(SettingError, match=f"--ranker.{setting.replace('_', '-')}: expected"):
        RankerSettings(**{setting: value})
