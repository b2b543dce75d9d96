"""Every kind of index: the contract, beside brute force, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from fashion_recsys.ann.index import KINDS, AnnIndex, AnnSettings, Kind
from fashion_recsys.ann.report import clustered_vectors
from fashion_recsys.errors import DatasetError, SettingError

VECTORS = clustered_vectors(2_000, 16, seed=0, clusters=20)
QUERIES = clustered_vectors(30, 16, seed=1, clusters=20)
WIDE = AnnSettings(ivf_lists=16, ivf_probes=16, hnsw_ef_search=500)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_search_finds_what_brute_force_finds(kind: Kind) -> None:
    expected = QUERIES @ VECTORS.T
    scores, rows = AnnIndex(kind, WIDE).build(VECTORS).search(QUERIES, 10)
    top = np.argsort(-expected, axis=1)[:, :10]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows, top, strict=True)]) > 0.98
    np.testing.assert_allclose(scores, np.take_along_axis(expected, rows, axis=1), rtol=1e-4)
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_answers_the_same(kind: Kind, tmp_path: Path) -> None:
    index = AnnIndex(kind, WIDE).build(VECTORS)
    index.save(tmp_path / "index")
    assert (tmp_path / "index").stat().st_size == index.memory_bytes >= VECTORS.nbytes
    loaded = AnnIndex.load(tmp_path / "index", kind, WIDE)
    for found, expected in zip(loaded.search(QUERIES, 5), index.search(QUERIES, 5), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_vectors_give_the_same_index(kind: Kind) -> None:
    narrow = AnnSettings(ivf_probes=2, hnsw_ef_search=10)
    first, second = (AnnIndex(kind, narrow).build(VECTORS).search(QUERIES, 5) for _ in range(2))
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 3])
def test_fewer_vectors_than_asked_for(kind: Kind, n: int) -> None:
    _, rows = AnnIndex(kind, WIDE).build(VECTORS[:n]).search(VECTORS[:1], 5)
    assert sorted(rows[0]) == [-1] * (5 - n) + list(range(n))


def test_other_search_settings_share_the_index() -> None:
    index = AnnIndex("ivf", AnnSettings(ivf_lists=16, ivf_probes=1)).build(VECTORS)
    wide = index.with_settings(WIDE)
    assert (index.search(QUERIES, 300)[1] == -1).any()
    assert not (wide.search(QUERIES, 300)[1] == -1).any()


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="expected one of exact, ivf, hnsw, found 'flat'"):
        AnnIndex("flat")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="the index is empty"):
        AnnIndex().search(QUERIES, 3)
    with pytest.raises(SettingError, match="the index is empty"):
        AnnIndex().save(tmp_path / "index")
    with pytest.raises(SettingError, match="expected vectors"):
        AnnIndex().build(VECTORS[:0])
    with pytest.raises(SettingError, match=r"expected queries \(Q, 16\)"):
        AnnIndex().build(VECTORS).search(QUERIES[:, :8], 3)
    with pytest.raises(SettingError, match="--k: expected at least 1"):
        AnnIndex().build(VECTORS).search(QUERIES, 0)
    with pytest.raises(SettingError, match="--ivf-probes"):
        AnnSettings(ivf_probes=0)


def test_files_that_are_no_such_index_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "index"
    with pytest.raises(DatasetError, match="is missing or damaged"):
        AnnIndex.load(path, "exact")
    path.write_bytes(b"no index at all")
    with pytest.raises(DatasetError, match="is missing or damaged"):
        AnnIndex.load(path, "exact")
    AnnIndex("exact").build(VECTORS).save(path)
    with pytest.raises(DatasetError, match="expected IndexHNSWFlat for 'hnsw', found IndexFlatIP"):
        AnnIndex.load(path, "hnsw")
