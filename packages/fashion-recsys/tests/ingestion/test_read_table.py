"""Every bad value is found with its line; every good one arrives unchanged."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashion_recsys import InputError
from fashion_recsys.columns import ARTICLES, TRANSACTIONS, RawTable
from fashion_recsys.ingestion.read_table import BadRows, read_table
from fashion_recsys.ingestion.sources import RawFile
from fashion_recsys.progress import silent

ROW = ["2020-09-16", "a" * 64, "0108775015", "0.05", "2"]


def read(
    path: Path, text: str | bytes, table: RawTable = TRANSACTIONS, allowed: int = 0
) -> tuple[pl.DataFrame, BadRows]:
    """Read a file whose rows are ``text``, below a right header."""
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(",".join(table.schema.names()).encode() + b"\n" + data)
    bad = BadRows(allowed)
    return pl.concat(list(read_table(RawFile(table, path), bad, silent))), bad


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def line(**changes: str) -> str:
    return ",".join((dict(zip(TRANSACTIONS.schema, ROW, strict=True)) | changes).values())


def test_a_good_row(path: Path) -> None:
    frame, bad = read(path, line())
    assert frame.schema == TRANSACTIONS.schema
    assert frame.rows() == [(date(2020, 9, 16), "a" * 64, "0108775015", pytest.approx(0.05), 2)]
    assert bad.rows == []


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("t_dat", "16.09.2020", "a date such as 2020-09-16, found '16.09.2020'"),
        ("t_dat", "2020-02-30", "a date such as"),
        ("t_dat", "", "a date such as 2020-09-16, found nothing"),
        ("customer_id", "A" * 64, "64 hexadecimal digits"),
        ("customer_id", "a" * 63, "64 hexadecimal digits"),
        ("customer_id", '""', "64 hexadecimal digits"),
        ("article_id", "108775015", r"10 digits .*leading zero\?\), found '108775015'"),
        ("price", "cheap", "a number that is not negative, found 'cheap'"),
        ("price", "-1", "a number that is not negative, found '-1'"),
        ("price", "nan", "a number that is not negative"),
        ("price", "inf", "a number that is not negative"),
        ("price", "", "a number that is not negative, found nothing"),
        ("sales_channel_id", "2.0", "a channel number"),
        ("sales_channel_id", "256", "a channel number"),
    ],
)
def test_a_bad_value_is_refused_with_its_line(
    path: Path, column: str, value: str, expected: str
) -> None:
    with pytest.raises(InputError, match=rf"t\.csv:3: {column}: expected {expected}"):
        read(path, "\n".join([line(), line(**{column: value}), line()]))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("2020-09-16," + "a" * 64, r"t\.csv:3: article_id: expected 10 digits.*found nothing"),
        (line() + ",9", r"t\.csv:3: expected 5 values, found 6"),
        ('2020-09-16,"open', r"t\.csv:3: expected 5 values, found 2"),
    ],
)
def test_a_row_of_the_wrong_length(path: Path, second: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(path, f"{line()}\n{second}\n")


def test_bad_rows_are_set_aside_up_to_a_number(path: Path) -> None:
    text = "\n".join([line(price="x"), line(), line() + ",9", line(price="y"), line()])
    frame, bad = read(path, text, allowed=3)
    assert frame.height == 2
    assert sorted((row.line, row.reason.split(":")[0]) for row in bad.rows) == [
        (2, "price"),
        (4, "expected 5 values, found 6"),
        (5, "price"),
    ]
    with pytest.raises(InputError, match=r"\(3 bad rows so far\); correct the file"):
        read(path, text, allowed=2)


def test_the_line_is_right_below_values_of_several_lines(path: Path, rows: Any) -> None:
    good = rows.article(1, 'two\nlines, "quoted"')
    wrong = rows.article(2)
    wrong[1] = "no number"
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([good, good, wrong])
    with pytest.raises(InputError, match=r"t\.csv:6: product_code: expected a whole number"):
        read(path, text.getvalue(), ARTICLES)


def test_text_that_is_not_utf8(path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv:3: expected UTF-8 text, found the byte 0xe9"):
        read(path, line().encode() + b"\n2020-09-16,caf\xe9,1,1,1\n")


@pytest.mark.parametrize("text", [f"{line()}\r\n{line()}\r\n", f"{line()}\n\n{line()}\n\n\n"])
def test_other_line_ends_and_blank_lines(path: Path, text: str) -> None:
    frame, _ = read(path, text)
    assert frame.height == 2


def test_a_file_without_rows(path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv: no valid row below the header"):
        read(path, "")


def test_columns_in_another_order_and_more_of_them(path: Path) -> None:
    names = [*reversed(TRANSACTIONS.schema.names()), "extra"]
    values = [*reversed(ROW), "ignored"]
    path.write_text(f"{','.join(names)}\n{','.join(values)}\n")
    frames = list(read_table(RawFile(TRANSACTIONS, path), BadRows(), silent))
    expected, _ = read(path, line())
    assert frames[0].equals(expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet='xé,"\n ;', min_size=1, max_size=8), min_size=1, max_size=10))
def test_any_description_survives(path: Path, rows: Any, descriptions: list[str]) -> None:
    text = io.StringIO(newline="")
    records = [rows.article(place, words) for place, words in enumerate(descriptions)]
    csv.writer(text, lineterminator="\n").writerows(records)
    frame, _ = read(path, text.getvalue(), ARTICLES)
    assert frame["detail_desc"].to_list() == descriptions
