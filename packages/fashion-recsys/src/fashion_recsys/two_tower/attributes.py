"""Attribute tables as numbers: one row of codes per article or customer.

Nothing here knows a shop's columns. Every column becomes categories, coded so that 0 means unknown
(a null, or an id without a row); texts become hashed words. Of columns that say the same in two
ways (H&M's numbers beside their names) the first is kept: 14 of 23 remain, for half the cost.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import HAS_ROW, TEXT_COLUMNS

MAX_CUSTOMER_VALUES = 256
"""A customer column with more values (a postal code) says too little about each."""

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class CodedTable:
    """Categories of a table's rows.

    Attributes:
        codes: (rows, columns), each column with numbers of its own: 0 is never used, and each
            column's first number stands for its unknown value.
        size: numbers in use, all of them below it.
    """

    codes: Codes
    size: int


def code_categories(table: pl.DataFrame, skip: set[str], max_values: int | None) -> CodedTable:
    """Code the columns of ``table`` that are not in ``skip``.

    Args:
        table: one row per article or customer.
        skip: ids and texts.
        max_values: leave out columns with more values; None for no limit.
    """
    columns: list[Codes] = []
    size = 1
    for name in _distinct_columns(table.drop(skip | {HAS_ROW}, strict=False)):
        codes, values = _code(table[name])
        if max_values is None or values <= max_values:
            columns.append(codes + size)
            size += values + 1
    if not columns:
        return CodedTable(np.zeros((table.height, 0), np.int32), size)
    return CodedTable(np.stack(columns, axis=1), size)


def _code(column: pl.Series) -> tuple[Codes, int]:
    """Return 1, 2, ... for the values in sorted order, 0 for null; and the number of values."""
    ranks = column.rank("dense").fill_null(0).cast(pl.Int32)
    return ranks.to_numpy(), int(ranks.max() or 0)  # type: ignore[arg-type]


def _distinct_columns(table: pl.DataFrame) -> list[str]:
    """Return the columns, without those that are one-to-one with an earlier one."""
    counts = {name: table[name].n_unique() for name in table.columns}
    kept: list[str] = []
    for name, count in counts.items():
        twins = (other for other in kept if counts[other] == count)
        if count > 1 and not any(table.select(t, name).n_unique() == count for t in twins):
            kept.append(name)
    return kept


def hash_words(table: pl.DataFrame, *, buckets: int, longest: int) -> Codes:
    """Return the words of the text columns as (rows, longest) numbers from 1; 0 fills up.

    A word's number comes from its CRC-32, which is the same in every process and on every machine
    (Python's own ``hash`` is not). Words come in the order of the text, each once.
    """
    texts = [name for name in TEXT_COLUMNS if name in table.columns]
    if not texts:
        return np.zeros((table.height, 0), np.int32)
    joined = pl.concat_str(texts, separator=" ", ignore_nulls=True)
    found = table.select(joined.str.to_lowercase().str.extract_all(r"\w+").alias("word"))
    lists = found.with_row_index("row").select(
        "row", pl.col("word").list.unique(maintain_order=True).list.head(longest)
    )
    words = lists.explode("word", empty_as_null=True).drop_nulls()
    vocabulary = words["word"].unique().sort()
    numbers = [1 + zlib.crc32(word.encode()) % buckets for word in vocabulary]
    coded = words["word"].replace_strict(vocabulary, numbers, return_dtype=pl.Int32).to_numpy()
    rows = words["row"].to_numpy()
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    matrix = np.zeros((table.height, longest), np.int32)
    matrix[rows, places] = coded
    return matrix


def standardise(table: pl.DataFrame) -> npt.NDArray[np.float32]:
    """Return the floating-point columns with mean 0 and deviation 1; an unknown value is 0."""
    names = [name for name, dtype in table.schema.items() if dtype.is_float()]
    columns = [
        ((pl.col(n) - pl.col(n).mean()) / pl.col(n).std()).fill_nan(0).fill_null(0).alias(n)
        for n in names
    ]
    if not columns:
        return np.zeros((table.height, 0), np.float32)
    return table.select(columns).cast(pl.Float32).to_numpy()
