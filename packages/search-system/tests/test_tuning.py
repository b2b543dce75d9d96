"""Tuning: what is chosen, what is reported, and the parameters' file."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from search_system.errors import CorruptIndexError, IndexMissingError, OptionError
from search_system.evaluation.metrics import MEASURES, Metrics
from search_system.evaluation.tuning import coordinate_search, objective, tune_grid
from search_system.learning_to_rank.first_stage import Blend
from search_system.learning_to_rank.parameters_file import PARAMETERS_FILE, RankingParameters
from search_system.scoring.parameters import BM25F, FieldParameters

QUERIES = [f"q{i}" for i in range(10)]


def metrics(ndcg: float, condensed: float) -> Metrics:
    values = dict.fromkeys(MEASURES, 0.0)
    return Metrics(**values | {"ndcg_at_10": ndcg, "condensed_ndcg_at_10": condensed})


def test_objective_is_the_mean_of_both() -> None:
    found = {"a": metrics(0.2, 0.4), "b": metrics(1.0, 1.0)}
    assert objective(found, ["a", "b"]) == pytest.approx((0.3 + 1.0) / 2)
    assert objective(found, ["a"]) == pytest.approx(0.3)


def test_grid_reports_ndcg_out_of_fold() -> None:
    # Setting 1 is better by both measures together, worse by nDCG alone.
    table = {0: metrics(0.5, 0.5), 1: metrics(0.4, 0.9), 2: metrics(0.4, 0.9)}
    tuning = tune_grid(table, lambda s: dict.fromkeys(QUERIES, table[s]))
    assert tuning.best == 1
    assert [fold.setting for fold in tuning.cross_validation.folds] == [1] * 5
    assert tuning.cross_validation.gain.gain.mean == pytest.approx(-0.1)
    assert set(tuning.cross_validation.by_query.values()) == {0.4}


def test_grid_does_not_see_the_fold() -> None:
    """A setting that is perfect for one query is chosen by all folds but that query's."""

    def evaluate(setting: str) -> dict[str, Metrics]:
        return {q: metrics(float(q == setting), 0.0) for q in QUERIES}

    tuning = tune_grid(["none", "q3"], evaluate)
    for fold in tuning.cross_validation.folds:
        assert fold.setting == ("none" if "q3" in fold.queries else "q3")
    assert tuning.cross_validation.by_query["q3"] == 0.0
    assert tuning.best == "q3"


def test_grid_without_settings() -> None:
    with pytest.raises(OptionError, match="at least one setting"):
        tune_grid([], lambda _: dict[str, Metrics]())


def test_coordinate_search_climbs_and_asks_once_per_point() -> None:
    asked: list[tuple[float, ...]] = []

    def evaluate(point: Mapping[str, float]) -> dict[str, Metrics]:
        asked.append(tuple(point.values()))
        value = 1 - (point["x"] - 2) ** 2 / 10 - (point["y"] - 1) ** 2 / 10
        return dict.fromkeys(QUERIES, metrics(value, value))

    axes = {"x": [0, 1, 2, 3], "y": [0, 1, 2, 3]}
    tuning = coordinate_search({"x": 0, "y": 0, "z": 5}, axes, evaluate, rounds=9)
    assert tuning.best == {"x": 2, "y": 1, "z": 5}
    assert len(asked) == len(set(asked))
    assert tuning.cross_validation.gain.gain.mean == pytest.approx(0.5)
    with pytest.raises(OptionError, match="no parameter 'w'"):
        coordinate_search({"x": 0}, {"w": [1]}, evaluate)


def test_parameters_survive_their_file(tmp_path: Path) -> None:
    fields = {"title": FieldParameters(2.0, 0.5), "text": FieldParameters(1.0, 0.75)}
    parameters = RankingParameters(BM25F(fields, 0.4), Blend(0.1, 0.3, dense_depth=50))
    path = parameters.save(tmp_path)
    loaded = RankingParameters.load(tmp_path)
    assert (loaded.bm25f.k1, dict(loaded.bm25f.fields), loaded.blend) == (
        0.4, fields, parameters.blend,
    )  # fmt: skip
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_unreadable_parameters_are_named(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="no tuned parameters"):
        RankingParameters.load(tmp_path)
    path = RankingParameters(BM25F(), Blend()).save(tmp_path)
    good = json.loads(path.read_text())
    for change in (
        {"format": 2},
        {"bm25f": {}},
        {"bm25f": {"k1": -1, "fields": {"a": {}}}},
        {"blend": {"new": 1}},
    ):
        path.write_text(json.dumps(good | change))
        with pytest.raises(CorruptIndexError, match=PARAMETERS_FILE):
            RankingParameters.load(tmp_path)
