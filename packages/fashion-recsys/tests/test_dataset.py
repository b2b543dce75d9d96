"""A data set opens, or says what is wrong with it."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fashion_recsys import Dataset, DatasetError, ingest


@pytest.fixture
def folder(make_raw: Callable[..., Path], tmp_path: Path) -> Path:
    # A name with characters that a file pattern would expand.
    out = tmp_path / "data [1]*"
    ingest(make_raw(), out)
    return out


def test_it_opens_and_knows_its_days(folder: Path) -> None:
    dataset = Dataset.open(folder)
    assert (dataset.first_day, dataset.last_day) == (date(2020, 9, 16), date(2020, 9, 18))
    assert dataset.log.collect().height == 4


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no ingested data set .* 'fashion-recsys ingest DIR"):
        Dataset.open(tmp_path / "nothing")


def test_a_replacement_that_died_half_way_is_undone(folder: Path) -> None:
    folder.rename(folder.with_name(f".{folder.name}.previous"))
    assert Dataset.open(folder).log.collect().height == 4


@pytest.mark.parametrize("text", ["{", "[]", "null", "{}", '{"format_version": 99}', "\x00"])
def test_a_report_that_is_not_ours(folder: Path, text: str) -> None:
    (folder / "report.json").write_text(text)
    with pytest.raises(DatasetError, match="ingest again"):
        Dataset.open(folder)


def test_a_report_that_lacks_a_part(folder: Path) -> None:
    path = folder / "report.json"
    report = json.loads(path.read_text())
    del report["log"]
    path.write_text(json.dumps(report))
    with pytest.raises(DatasetError, match=r"report\.json: is missing or damaged"):
        Dataset.open(folder)


@pytest.mark.parametrize("name", ["articles.parquet", "transactions/000000.parquet"])
def test_a_table_that_is_missing_or_cut(folder: Path, name: str) -> None:
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match="is missing or damaged"):
        Dataset.open(folder)
    path.unlink()
    with pytest.raises(DatasetError, match="is missing or damaged"):
        Dataset.open(folder)


def test_damage_inside_a_table_is_an_error_that_says_so(folder: Path) -> None:
    path = folder / "transactions" / "000000.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\xff" * 60 + data[64:])
    dataset = Dataset.open(folder)
    with pytest.raises(DatasetError, match=r"damaged .* ingest again"), dataset.reading():
        dataset.log.collect()


def test_a_file_is_no_data_set(folder: Path) -> None:
    with pytest.raises(DatasetError, match="no ingested data set here"):
        Dataset.open(folder / "report.json")


def test_a_part_too_many(folder: Path) -> None:
    log = folder / "transactions"
    (log / "000001.parquet").write_bytes((log / "000000.parquet").read_bytes())
    with pytest.raises(DatasetError, match="expected 4 rows, found 8"):
        Dataset.open(folder)
