"""Tuning: what is chosen, what is reported, and the parameters' file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from search_system.errors import CorruptIndexError, OptionError
from search_system.evaluation.metrics import MEASURES, Metrics
from search_system.evaluation.tuning import coordinate_search, objective
from search_system.learning_to_rank.first_stage import Blend
from search_system.learning_to_rank.parameters_file import (
    PARAMETERS_FILE,
    RankingParameters,
)
from search_system.learning_to_rank.stored import checksum
from search_system.schema import IndexSchema, KeywordField, NumberField, TextField
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.understanding.catalogue import Catalogue
from search_system.understanding.understand import Switches

QUERIES = [f"q{i}" for i in range(10)]


def metrics(ndcg: float, condensed: float) -> Metrics:
    values = dict.fromkeys(MEASURES, 0.0)
    return Metrics(**values | {"ndcg_at_10": ndcg, "condensed_ndcg_at_10": condensed})


def test_objective_is_the_mean_of_both() -> None:
    assert objective(metrics(0.2, 0.4)) == pytest.approx(0.3)


def test_a_point_is_chosen_without_the_fold() -> None:
    """A value that is perfect for four queries is chosen by those who see enough of them."""
    good = {"q1", "q2", "q3", "q4"}

    def evaluate(point: Mapping[str, float]) -> dict[str, Metrics]:
        return {q: metrics(float(point["x"] and q in good), 0.0) for q in QUERIES}

    tuning = coordinate_search({"x": 0.0}, {"x": [0.0, 1.0]}, evaluate)
    for fold in tuning.cross_validation.folds:
        # Of eight queries three with a gain of 0.5 beat the bar, two do not.
        assert fold.setting["x"] == float(len(good - {*fold.queries}) > 2)
    assert tuning.best == {"x": 1.0}


def test_gains_that_may_be_chance_are_left_alone() -> None:
    def evaluate(point: Mapping[str, float]) -> dict[str, Metrics]:
        # One query gains much, one loses a little less, the others stay.
        moved = {"q0": 0.5, "q1": -0.4} if point["x"] else {}
        return {q: metrics(0.4 + moved.get(q, 0.0), 0.4 + moved.get(q, 0.0)) for q in QUERIES}

    tuning = coordinate_search({"x": 0.0}, {"x": [1.0]}, evaluate)
    assert tuning.best == {"x": 0.0}
    assert tuning.cross_validation.gain.gain.mean == 0.0


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


SCHEMA = IndexSchema(
    {"title": TextField(weight=2.0), "text": TextField(), "brand": KeywordField(),
     "kind": KeywordField(), "price": NumberField()}
)  # fmt: skip


def test_parameters_survive_their_file(tmp_path: Path) -> None:
    fields = {"title": FieldParameters(2.0, 0.5), "text": FieldParameters(1.0, 0.75)}
    parameters = RankingParameters(
        BM25F(fields, 0.4), 0.45, Blend(0.1, 0.3, dense_depth=50),
        Catalogue("brand", ("kind",), ("price",)), Switches(brands=False), "shop, dev",
    )  # fmt: skip
    path = parameters.save(tmp_path)
    loaded = RankingParameters.load(tmp_path, SCHEMA)
    assert dict(loaded.bm25f.fields) == fields
    assert replace(loaded, bm25f=parameters.bm25f) == parameters
    assert loaded.bm25f.k1 == 0.4
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_without_a_file_the_schema_decides(tmp_path: Path) -> None:
    found = RankingParameters.load(tmp_path, SCHEMA)
    assert found == RankingParameters.default(SCHEMA)
    assert found.bm25f.fields["title"].weight == 2.0
    assert found.catalogue == Catalogue("brand", ("kind",), ("price",))
    assert found.tuned_on is None


def test_unreadable_parameters_are_named(tmp_path: Path) -> None:
    path = RankingParameters.default(SCHEMA).save(tmp_path)
    good = json.loads(path.read_text())
    for change in (
        {"format": 1},
        {"bm25f": {}},
        {"bm25f": {"k1": -1, "fields": {"title": {}}}},
        {"blend": {"new": 1}},
        {"dense_weight": 2},
        {"dense_weight": "much"},
        {"catalogue": {"brand": "maker"}},
        {"switches": None},
        {"switches": {"spelling": "no"}},
        {"blend": {"category": float("nan")}},
        {"blend": {"seeds": 2.5}},
    ):
        for written in (good | change, signed(good | change)):
            path.write_text(json.dumps(written))
            with pytest.raises(CorruptIndexError, match=PARAMETERS_FILE):
                RankingParameters.load(tmp_path, SCHEMA)
    path.write_text(json.dumps(good | {"dense_weight": 0.4}))
    with pytest.raises(CorruptIndexError, match="damaged"):
        RankingParameters.load(tmp_path, SCHEMA)
    path.write_text(json.dumps(signed(good | {"dense_weight": 0.4})))
    assert RankingParameters.load(tmp_path, SCHEMA).dense_weight == 0.4


def signed(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with the checksum that they should have."""
    values = {name: value for name, value in values.items() if name != "checksum"}
    return values | {"checksum": checksum(values)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bm25f": BM25F({"body": FieldParameters()})}, "no text field 'body'"),
        ({"catalogue": Catalogue("maker")}, "no keyword field 'maker'"),
        ({"catalogue": Catalogue(priors=("stock",))}, "no number or date field 'stock'"),
    ],
)
def test_parameters_of_other_fields_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    replace(RankingParameters.default(SCHEMA), **change).save(tmp_path)
    with pytest.raises(OptionError, match=message):
        RankingParameters.load(tmp_path, SCHEMA)


def test_the_brand_is_found_by_its_usual_names() -> None:
    fields = {"text": TextField(), "vendor": KeywordField(), "Brand": KeywordField()}
    assert Catalogue.guess(IndexSchema(fields)) == Catalogue("Brand", ("vendor",))
    assert Catalogue.guess(IndexSchema({"text": TextField()})) == Catalogue()
