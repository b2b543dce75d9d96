"""The two-tower source over saved vectors, without the model that made them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fashion_recsys.ann.index import AnnSettings
from fashion_recsys.candidates.two_tower import TwoTowerSource
from fashion_recsys.columns import CANDIDATE_SCHEMA
from fashion_recsys.errors import DatasetError, NotFittedError, SplitError
from fashion_recsys.two_tower.vectors import ARTICLES, CUSTOMERS, META, write_meta

MakeLog = Callable[..., pl.LazyFrame]
AS_OF = date(2020, 9, 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    np.save(tmp_path / ARTICLES, rng.standard_normal((50, 8)).astype(np.float32))
    np.save(tmp_path / CUSTOMERS, rng.standard_normal((7, 8)).astype(np.float32))
    write_meta(tmp_path, {"as_of": str(AS_OF), "articles": 50, "customers": 7, "dim": 8})
    return tmp_path


@pytest.mark.parametrize("k", [1, 5, 50, 80])
def test_candidates_equal_brute_force(folder: Path, make_log: MakeLog, k: int) -> None:
    scores = np.load(folder / CUSTOMERS) @ np.load(folder / ARTICLES).T
    source = TwoTowerSource.load(folder).fit(make_log(), AS_OF)
    found = source.candidates(pl.Series([5, 2, 99, 0], dtype=pl.UInt32), k)
    assert found.schema == CANDIDATE_SCHEMA
    assert found["customer"].unique().to_list() == [0, 2, 5]
    for (customer,), own in found.group_by("customer", maintain_order=True):
        assert own["article"].to_list() == np.argsort(-scores[customer])[:k].tolist()
        assert own["rank"].to_list() == list(range(1, min(k, 50) + 1))
        assert own["score"].to_numpy() == pytest.approx(scores[customer, own["article"]], abs=1e-5)


def test_an_approximate_index_is_sorted_and_cut_to_what_it_finds(
    folder: Path, make_log: MakeLog
) -> None:
    settings = AnnSettings(ivf_lists=4, ivf_probes=1)
    source = TwoTowerSource.load(folder, kind="ivf", settings=settings).fit(make_log(), AS_OF)
    found = source.candidates(pl.Series([0, 1], dtype=pl.UInt32), 50)
    assert found.equals(found.sort("customer", "rank"))
    assert not found.select("customer", "article").is_duplicated().any()


def test_pairs_are_scored_and_unknown_ones_are_null(folder: Path) -> None:
    scores = np.load(folder / CUSTOMERS) @ np.load(folder / ARTICLES).T
    pairs = pl.DataFrame(
        {"customer": [6, 0, 7, 1, None], "article": [49, 3, 1, 50, 2]},
        schema={"customer": pl.UInt32, "article": pl.UInt32},
    )
    found = TwoTowerSource.load(folder).score_pairs(pairs)
    assert found.dtype == pl.Float32
    assert found.to_list() == [
        pytest.approx(scores[6, 49], abs=1e-5), pytest.approx(scores[0, 3], abs=1e-5),
        None, None, None,
    ]  # fmt: skip
    assert TwoTowerSource.load(folder).score_pairs(pairs.clear()).len() == 0


def test_no_customers(folder: Path, make_log: MakeLog) -> None:
    source = TwoTowerSource.load(folder).fit(make_log(), AS_OF)
    assert source.candidates(pl.Series([], dtype=pl.UInt32), 3).is_empty()


def test_it_must_be_fitted_for_its_own_day(folder: Path, make_log: MakeLog) -> None:
    source = TwoTowerSource.load(folder)
    with pytest.raises(NotFittedError, match="call fit before candidates"):
        source.candidates(pl.Series([0], dtype=pl.UInt32), 3)
    with pytest.raises(SplitError, match="made for 2020-09-10, asked for 2020-09-11"):
        source.fit(make_log(), date(2020, 9, 11))


def test_missing_and_damaged_vectors_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no two-tower vectors here"):
        TwoTowerSource.load(tmp_path / "none")
    (folder / ARTICLES).write_bytes(b"no array")
    with pytest.raises(DatasetError, match=r"articles.npy: is missing or damaged"):
        TwoTowerSource.load(folder)
    np.save(folder / ARTICLES, np.zeros((3, 8), np.float32))
    with pytest.raises(DatasetError, match=r"expected float32 \(50, 8\)"):
        TwoTowerSource.load(folder)
    (folder / META).write_text('{"format_version": 0}')
    with pytest.raises(DatasetError, match="expected format version 1, found 0"):
        TwoTowerSource.load(folder)
    (folder / META).write_text("{")
    with pytest.raises(DatasetError, match=r"vectors.json: is missing or damaged"):
        TwoTowerSource.load(folder)
