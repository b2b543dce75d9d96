"""Check every value of a raw table at the border, block by block.

polars parses a block as text; casting the text to the schema's types and looking at what became
null gives the bad rows without a Python loop (CPU time for 2M transactions: 0.4 s to parse, 0.5 s
to check). Python's own ``csv`` reader, far slower, reads only the blocks that need it: to find a
line number where quoted values span lines, and around rows of the wrong length, at which polars
gives up.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from fashion_recsys.columns import Field
from fashion_recsys.errors import InputError
from fashion_recsys.ingestion.csv_blocks import CsvBlocks
from fashion_recsys.ingestion.sources import RawFile
from fashion_recsys.progress import Progress


@dataclass(frozen=True)
class BadRow:
    """A row that was set aside, where it stands and why."""

    file: str
    line: int
    """Counted from 1, the header being line 1; in a Parquet file the row, from 1."""
    reason: str

    def __str__(self) -> str:
        """Give ``file:line: reason``, which editors and terminals can follow."""
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass
class BadRows:
    """The rows set aside so far, over all files, and how many are allowed."""

    allowed: int = 0
    rows: list[BadRow] = field(default_factory=list)

    def add(self, row: BadRow) -> None:
        """Set one row aside.

        Raises:
            InputError: this is one more than allowed.
        """
        self.rows.append(row)
        if len(self.rows) > self.allowed:
            count = f" ({len(self.rows):,} bad rows so far)" if self.allowed else ""
            raise InputError(
                f"{row}{count}; correct the file, or set such rows aside with --max-bad-rows"
            )


class TextRows(Protocol):
    """Rows of a raw file as text, and where they stand in it."""

    @property
    def raw(self) -> RawFile:
        """Give the file."""

    @property
    def text(self) -> pl.DataFrame:
        """Give the columns of the table, all text; null where there is no value."""

    def line(self, row: int) -> int:
        """Return the line, or for a file without lines the row from 1, of row ``row`` from 0."""


def read_table(raw: RawFile, bad: BadRows, progress: Progress) -> Iterator[pl.DataFrame]:
    """Yield the valid rows of a raw file in the schema of its table.

    Args:
        raw: the file.
        bad: receives the rows that do not fit the schema, and refuses too many of them.
        progress: told the share of the file's bytes that is read.

    Raises:
        InputError: wrong header, no rows, too many bad rows, unreadable or damaged file.
    """
    rows = 0
    with raw.open() as (stream, fraction_read):
        blocks = CsvBlocks(raw, stream)
        for data, first_line in blocks:
            frame = valid_rows(_Block(raw, blocks.header, data, first_line, bad), bad)
            rows += frame.height
            progress(f"read {raw.table.name}", fraction_read())
            yield frame
    if not rows:
        raise InputError(f"{raw}: no valid row below the header; expected at least one")


class _Block:
    """The records of a block as text, and the line on which each of them begins."""

    def __init__(
        self, raw: RawFile, header: list[str], data: bytes, first_line: int, bad: BadRows
    ) -> None:
        self.raw = raw
        self._header = header
        self._data = data
        self._first_line = first_line
        self._lines: list[int] | None = None
        """None while row number and line number go together."""
        try:
            self.text = self._read(data)
        except pl.exceptions.PolarsError:
            self.text = self._read_around(bad)

    def line(self, row: int) -> int:
        """Return the line on which row ``row`` (from 0) of ``text`` begins."""
        if self._lines is None:
            if b'"' not in self._data:
                return self._first_line + row
            self._lines = [line for line, _ in self._records()]
        return self._lines[row]

    def _read(self, data: bytes) -> pl.DataFrame:
        names = self.raw.table.schema.names()
        whole = io.BytesIO(_csv_line(self._header) + data)
        # polars notices a value too many only if it is asked for the last column.
        columns = [name for name in self._header if name in names or name == self._header[-1]]
        return pl.read_csv(whole, columns=columns, infer_schema=False).select(names)

    def _read_around(self, bad: BadRows) -> pl.DataFrame:
        """Read the block without the rows that have too many or too few values."""
        kept, lines = [], []
        for line, values in self._records():
            if len(values) == len(self._header):
                kept.append(_csv_line(values))
                lines.append(line)
            elif values:
                reason = f"expected {len(self._header)} values, found {len(values)}"
                bad.add(BadRow(str(self.raw), line, reason))
        self._lines = lines
        return self._read(b"".join(kept))

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (first line, values) of every record."""
        reader = csv.reader(io.StringIO(self._decoded(), newline=""), strict=False)
        begin = self._first_line
        try:
            for values in reader:
                yield begin, values
                begin = self._first_line + reader.line_num
        except csv.Error as error:
            raise InputError(f"{self.raw}:{begin}: is not CSV: {error}") from error

    def _decoded(self) -> str:
        try:
            return self._data.decode()
        except UnicodeDecodeError as error:
            line = self._first_line + self._data.count(b"\n", 0, error.start)
            came = self._data[error.start]
            raise InputError(
                f"{self.raw}:{line}: expected UTF-8 text, found the byte {came:#x}; "
                "save the file as UTF-8"
            ) from error


def _csv_line(values: list[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()


_WRONG = "__wrong"


def valid_rows(block: TextRows, bad: BadRows) -> pl.DataFrame:
    """Return the rows of a block that fit the schema of its table; set the others aside."""
    fields = block.raw.table.fields
    wrong = pl.any_horizontal(_is_bad(column) for column in fields).alias(_WRONG)
    # Lazy, so that a cast that is both checked and kept is computed once.
    checked = block.text.lazy().select(*(_cast(column) for column in fields), wrong).collect()
    if checked[_WRONG].any():
        _set_aside(block, checked[_WRONG].arg_true(), bad)
        checked = checked.filter(~pl.col(_WRONG))
    return checked.drop(_WRONG)


def _set_aside(block: TextRows, rows: pl.Series, bad: BadRows) -> None:
    """Give the reason and the line of each bad row; a blank line is no row and no fault."""
    fields = block.raw.table.fields
    text = block.text[rows]
    flags = text.select(_is_bad(column).alias(column.name) for column in fields)
    for row, values, wrong in zip(
        rows, text.iter_rows(named=True), flags.iter_rows(named=True), strict=True
    ):
        if any(value is not None for value in values.values()):
            column = next(column for column in fields if wrong[column.name])
            reason = _reason(column, values[column.name])
            bad.add(BadRow(str(block.raw), block.line(row), reason))


def _cast(column: Field) -> pl.Expr:
    text = pl.col(column.name)
    if column.dtype == pl.Date:
        return text.str.to_date(column.date_format, strict=False)
    return text.cast(column.dtype, strict=False)


def _is_bad(column: Field) -> pl.Expr:
    text = pl.col(column.name)
    if column.pattern is not None:
        valid = text.str.contains(column.pattern)
    elif column.dtype.is_float():
        valid = _cast(column).is_finite()
        if not column.signed:
            valid &= _cast(column) >= 0
    else:
        valid = _cast(column).is_not_null()
    return pl.when(text.is_null()).then(column.required).otherwise(valid.is_null() | ~valid)


def _reason(column: Field, value: str | None) -> str:
    came = "nothing" if value is None else repr(value if len(value) <= 80 else value[:80] + "...")
    return f"{column.name}: expected {column.expected}, found {came}"
