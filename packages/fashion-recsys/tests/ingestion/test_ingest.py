"""From raw files to a data set and back, and what happens when that goes wrong."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fashion_recsys import Dataset, InputError, OutputError, SettingError, ingest
from fashion_recsys.columns import ARTICLES, CUSTOMERS, TRANSACTIONS, RawTable
from fashion_recsys.ingestion import log as log_module


def original_rows(dataset: Dataset) -> list[tuple]:
    """Return (day, customer_id, article_id) of every row, through the maps back."""
    joined = dataset.log.join(
        dataset.customers, on="customer", how="left", maintain_order="left"
    ).join(dataset.articles, on="article", how="left", maintain_order="left")
    return joined.select("t_dat", "customer_id", "article_id").collect().rows()


def raw_rows(rows: list[list[str]]) -> list[tuple]:
    return [(date.fromisoformat(day), customer, article) for day, customer, article, _, _ in rows]


def test_rows_lead_back_to_their_ids(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], tmp_path: Path
) -> None:
    ingest(make_raw(), tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert original_rows(dataset) == raw_rows(raw[TRANSACTIONS])
    assert dataset.log.collect()["price"].to_list() == pytest.approx([0.0169491525] * 4)


def test_numbers_are_the_order_of_the_ids(
    make_raw: Callable[..., Path], rows: Any, tmp_path: Path
) -> None:
    ingest(make_raw(), tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    customers = dataset.customers.collect()
    assert customers["customer"].to_list() == [0, 1, 2]
    assert customers["customer_id"].to_list() == [rows.customer_id(n) for n in (1, 3, 9)]
    assert customers["has_row"].to_list() == [True, True, False]
    articles = dataset.articles.collect()
    assert articles["article_id"].to_list() == [rows.article_id(n) for n in (1, 2, 5)]
    assert articles["detail_desc"][0] == 'Two lines,\nand a "quote".'


def test_the_report(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], rows: Any, tmp_path: Path
) -> None:
    purchases = [*raw[TRANSACTIONS], rows.purchase(18, 1, 77)]
    report = ingest(make_raw({TRANSACTIONS: purchases}), tmp_path / "out")
    assert report.log.rows == 5
    assert (report.log.first_day, report.log.last_day) == (date(2020, 9, 16), date(2020, 9, 18))
    assert report.log.days_without_sales == 1
    assert report.log.duplicates == 1
    customers = report.customers
    assert (customers.total, customers.in_log, customers.not_in_log) == (3, 2, 1)
    assert (customers.without_row, customers.rows_without_row) == (1, 1)
    articles = report.articles
    assert (articles.total, articles.in_log, articles.not_in_log) == (4, 3, 1)
    assert (articles.without_row, articles.rows_without_row) == (1, 1)
    assert {file.table: file.nulls for file in report.files} == {
        "articles": {},
        "customers": {"FN": 2, "age": 2},
        "transactions_train": {},
    }
    saved = json.loads((tmp_path / "out" / "report.json").read_text())
    assert saved.pop("format_version") == 1
    assert saved == json.loads(json.dumps(report.as_dict()))


@pytest.mark.parametrize("part_rows", [1, 7, 1000])
def test_a_shuffled_log_comes_out_in_order(
    make_raw: Callable[..., Path],
    rows: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part_rows: int,
) -> None:
    monkeypatch.setattr(log_module.parts_of_days, "__defaults__", (part_rows,))
    rng = random.Random(0)
    purchases = [
        rows.purchase(rng.randint(1, 9), rng.randint(1, 6), rng.randint(1, 4)) for _ in range(200)
    ]
    report = ingest(make_raw({TRANSACTIONS: purchases}), tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    # Python's sort keeps the file's order within a day, as ours must.
    assert original_rows(dataset) == sorted(raw_rows(purchases), key=lambda row: row[0])
    counts = Counter(raw_rows(purchases))
    assert report.log.duplicates == sum(count - 1 for count in counts.values())


def test_an_id_with_two_rows_is_refused(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], rows: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"every article_id once, found {rows.article_id(2)} 2 t"):
        ingest(make_raw({ARTICLES: [*raw[ARTICLES], raw[ARTICLES][0]]}), tmp_path / "out")


def test_bad_rows_are_reported_and_leave_no_trace_in_the_tables(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], rows: Any, tmp_path: Path
) -> None:
    wrong = [*rows.purchase(19, 1, 1)[:4], "online"]
    source = make_raw({TRANSACTIONS: [*raw[TRANSACTIONS], wrong]})
    report = ingest(source, tmp_path / "out", max_bad_rows=1)
    assert [row.line for row in report.bad_rows] == [6]
    assert Dataset.open(tmp_path / "out").log.collect().height == 4
    with pytest.raises(InputError, match=r"transactions_train\.csv:6: sales_channel_id"):
        ingest(source, tmp_path / "out")
    with pytest.raises(SettingError, match="--max-bad-rows: expected at least 0, found -1"):
        ingest(source, tmp_path / "out", max_bad_rows=-1)


def test_a_refusal_keeps_the_previous_result(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ingest(make_raw(), out)
    before = original_rows(Dataset.open(out))
    with pytest.raises(InputError):
        ingest(make_raw({CUSTOMERS: [*raw[CUSTOMERS], ["x"] * 7]}), out)
    assert original_rows(Dataset.open(out)) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "raw-csv"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from fashion_recsys.ingestion import ingest as module
module.write_ordered = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
module.ingest(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_kill_minus_9_keeps_the_previous_result(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ingest(make_raw(), out)
    before = original_rows(Dataset.open(out))
    source = make_raw({TRANSACTIONS: raw[TRANSACTIONS][:2]})
    killed = subprocess.run([sys.executable, "-c", _KILLED, source, out], check=False)
    assert killed.returncode == -9
    assert any(path.name.startswith(".out.partial") for path in tmp_path.iterdir())
    assert original_rows(Dataset.open(out)) == before
    ingest(source, out)
    assert original_rows(Dataset.open(out)) == before[:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "raw-csv"]


def test_files_of_somebody_else_are_never_replaced(make_raw: Callable[..., Path]) -> None:
    source = make_raw()
    with pytest.raises(OutputError, match="holds files that are not ours to replace"):
        ingest(source, source)
    assert (source / "articles.csv").exists()


def test_a_report_alone_does_not_make_a_folder_ours(
    make_raw: Callable[..., Path], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "report.json").write_text("{}")
    (project / "thesis.doc").touch()
    with pytest.raises(OutputError, match=r"not ours to replace \(thesis.doc\)"):
        ingest(make_raw(), project)
    assert (project / "thesis.doc").exists()


def test_the_schema_is_the_same_for_a_log_of_one_row(
    make_raw: Callable[..., Path], raw: dict[RawTable, list[list[str]]], tmp_path: Path
) -> None:
    ingest(make_raw({TRANSACTIONS: raw[TRANSACTIONS][:1]}), tmp_path / "out")
    schema = Dataset.open(tmp_path / "out").log.collect_schema()
    assert schema == pl.Schema(
        {
            "t_dat": pl.Date(),
            "customer": pl.UInt32(),
            "article": pl.UInt32(),
            "price": pl.Float32(),
            "sales_channel_id": pl.UInt8(),
        }
    )


def test_a_wrong_type_in_row_one_million_is_found_with_its_line(
    make_raw: Callable[..., Path], rows: Any, tmp_path: Path
) -> None:
    source = make_raw()
    names = TRANSACTIONS.schema.names()
    good = dict(zip(names, rows.purchase(16, 1, 1), strict=True))
    number = pl.int_range(1, 1_000_100)
    price = pl.when(number == 1_000_000).then(pl.lit("cheap")).otherwise(pl.lit("0.1"))
    log = pl.select(number.alias("number")).with_columns(
        *(pl.lit(value).alias(name) for name, value in good.items() if name != "price"),
        price.alias("price"),
    )
    log.select(names).write_csv(source / "transactions_train.csv")
    # The header is line 1, so row 1,000,000 is one line further.
    message = r"transactions_train\.csv:1000001: price: expected a number .*, found 'cheap'"
    with pytest.raises(InputError, match=message):
        ingest(source, tmp_path / "out")
    assert ingest(source, tmp_path / "out", max_bad_rows=1).log.rows == 1_000_098
