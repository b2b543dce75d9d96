"""Blocks end where records end, whatever is quoted in them."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars import String

from fashion_recsys import InputError
from fashion_recsys.columns import Field, RawTable
from fashion_recsys.ingestion.csv_blocks import CsvBlocks, end_of_records
from fashion_recsys.ingestion.sources import RawFile

RAW = RawFile(RawTable("t", (Field("a", String()), Field("b", String()))), Path("t.csv"))
VALUES = st.text(alphabet='a,"\n é', max_size=6)
RECORDS = st.lists(st.lists(VALUES, min_size=2, max_size=2), min_size=1, max_size=20)


def to_csv(records: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue().encode()


def from_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(RECORDS, st.integers(1, 40))
def test_blocks_are_whole_records_and_know_their_line(
    records: list[list[str]], block_bytes: int
) -> None:
    data = to_csv(records)
    longest = max(len(to_csv([record])) for record in records)
    stream = io.BytesIO(b"a,b\n" + data)
    blocks = list(CsvBlocks(RAW, stream, max(block_bytes, longest)))
    assert b"".join(block for block, _ in blocks) == data
    assert [row for block, _ in blocks for row in from_csv(block)] == records
    line = 2
    for block, first_line in blocks:
        assert first_line == line
        line += block.count(b"\n")


@given(RECORDS, st.integers(0, 60))
def test_end_of_records_is_the_last_record_end_of_a_cut_text(
    records: list[list[str]], cut: int
) -> None:
    data = to_csv(records)[:cut]
    ends = [0]
    for record in records:
        ends.append(ends[-1] + len(to_csv([record])))
    assert end_of_records(data) == max(end for end in ends if end <= len(data))


def test_a_quote_that_never_closes() -> None:
    data = b"a,b\n1,2\n" + b'3,"4\n' + b"5,6\n" * 100
    with pytest.raises(InputError, match=r"t\.csv:3: a quote opens here and does not close"):
        list(CsvBlocks(RAW, io.BytesIO(data), 50))


@pytest.mark.parametrize("header", [b"a,b\n", b"\xef\xbb\xbfa,b\n", b"a,b\r\n", b'"a","b"\n'])
def test_headers_of_other_programs(header: bytes) -> None:
    blocks = CsvBlocks(RAW, io.BytesIO(header + b"1,2\n"))
    assert blocks.header == ["a", "b"]
    assert list(blocks) == [(b"1,2\n", 2)]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "begins with the header a,b,.*found nothing"),
        (b"\x89PNG\x00\xff\n", "found .*PNG"),
        (b"x;y\n", "found 'x;y'"),
        (b"a,c\n", "t.csv:1: the header lacks the column b; it has a, c"),
        (b"a,b,a\n", "t.csv:1: the header has the column a twice"),
    ],
)
def test_wrong_headers(header: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        CsvBlocks(RAW, io.BytesIO(header))
