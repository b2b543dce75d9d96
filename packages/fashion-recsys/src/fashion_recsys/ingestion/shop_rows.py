"""The rows of another shop's log with our names, from CSV or Parquet, checked like Kaggle's.

Both become text first and then take the same way through ``read_table``: one set of checks, one
kind of message. For Parquet that costs a cast of each value to text and back, which a log of
millions of rows does not feel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fashion_recsys.columns import (
    ARTICLE_ID,
    CHANNEL,
    CUSTOMER_ID,
    DATE,
    PRICE,
    Field,
    RawTable,
)
from fashion_recsys.errors import InputError
from fashion_recsys.ingestion.read_table import BadRows, read_table, valid_rows
from fashion_recsys.ingestion.shop_spec import ShopSpec
from fashion_recsys.ingestion.sources import RawFile
from fashion_recsys.progress import Progress

QUANTITY = "quantity"
PARQUET_ROWS = 500_000
"""Rows of a Parquet file that are read at a time."""
_OURS = {
    "date": DATE,
    "customer": CUSTOMER_ID,
    "article": ARTICLE_ID,
    "price": PRICE,
    "quantity": QUANTITY,
    "channel": CHANNEL,
}


def read_rows(
    spec: ShopSpec, file: Path, bad: BadRows, progress: Progress
) -> Iterator[pl.DataFrame]:
    """Yield the valid rows of a file: date, ids as text, price, what else is mapped.

    Raises:
        InputError: a column is missing, no rows, too many bad rows, unreadable or damaged file.
    """
    raw = RawFile(_table(spec), file)
    read = _read_parquet if file.suffix == ".parquet" else read_table
    ours = {theirs: _OURS[name] for name, theirs in spec.columns.items()}
    ours |= {theirs: name for name, theirs in spec.attributes.items()}
    for block in read(raw, bad, progress):
        yield block.rename(ours)


def _table(spec: ShopSpec) -> RawTable:
    columns = spec.columns
    fields = [
        Field(
            columns["date"],
            pl.Date(),
            expected=f"a date in the format {spec.date_format}",
            date_format=spec.date_format,
        ),
        Field(columns["customer"], pl.String(), required=False),
        Field(columns["article"], pl.String()),
        Field(columns["price"], pl.Float32(), expected="a number", signed=True),
    ]
    if "quantity" in columns:
        fields.append(Field(columns["quantity"], pl.Float32(), expected="a number", signed=True))
    if "channel" in columns:
        fields.append(Field(columns["channel"], pl.UInt8(), expected="a whole number up to 255"))
    fields += (Field(theirs, pl.String(), required=False) for theirs in spec.attributes.values())
    return RawTable("log", tuple(fields))


@dataclass(frozen=True)
class _ParquetRows:
    """Some rows of a Parquet file as text."""

    raw: RawFile
    text: pl.DataFrame
    first_row: int
    """From 1."""

    def line(self, row: int) -> int:
        """Return the row in the file, from 1."""
        return self.first_row + row


def _read_parquet(raw: RawFile, bad: BadRows, progress: Progress) -> Iterator[pl.DataFrame]:
    rows = 0
    try:
        frame = pl.scan_parquet(raw.path, glob=False)
        schema = frame.collect_schema()
        texts = frame.select(_as_text(raw, schema, column) for column in raw.table.fields)
        n = frame.select(pl.len()).collect().item()
        for first in range(0, n, PARQUET_ROWS):
            text = texts.slice(first, PARQUET_ROWS).collect()
            block = valid_rows(_ParquetRows(raw, text, first + 1), bad)
            rows += block.height
            progress(f"read {raw.table.name}", min(1.0, (first + PARQUET_ROWS) / n))
            yield block
    except pl.exceptions.ComputeError as error:
        raise InputError(f"{raw}: is not Parquet or is damaged: {error}") from error
    if not rows:
        raise InputError(f"{raw}: no valid row; expected at least one")


def _as_text(raw: RawFile, schema: pl.Schema, column: Field) -> pl.Expr:
    """Return a column as CSV would hold it."""
    if column.name not in schema:
        raise InputError(
            f"{raw}: lacks the column {column.name}; it has {', '.join(schema.names())}"
        )
    values, dtype = pl.col(column.name), schema[column.name]
    if dtype.is_temporal():
        return values.dt.strftime(column.date_format)
    if dtype.is_float() and column.dtype == pl.String():
        # pandas turns whole numbers into floats where a value is missing; NaN is such a value.
        values = values.cast(pl.Int64, strict=False)
    return values.cast(pl.String).replace("", None)
