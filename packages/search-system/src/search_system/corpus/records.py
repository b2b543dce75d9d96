"""Stream the rows of a JSONL, CSV or TSV file, plain or gzip-compressed.

One row is in memory at a time. Whatever is wrong with a file (its encoding, its compression, a row)
becomes a `CollectionError` that names the file and the row.
"""

import csv
import gzip
import json
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from search_system.errors import CollectionError

Row = tuple[int, dict[str, Any]]
"""A line number, counted from 1, and the row's values by field name."""

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv")


def read_records(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, whose name tells its format: one of `SUFFIXES`, or that and .gz.

    Raises:
        CollectionError: the file cannot be opened or decoded, or a row is malformed.
    """
    kind = record_format(path)
    with open_text(path) as file:
        if kind in {".csv", ".tsv"}:
            yield from _read_csv(file, path, "\t" if kind == ".tsv" else ",")
        else:
            yield from _read_jsonl(file, path)


def record_format(path: Path) -> str:
    """Return the suffix that tells a file's format; raise `CollectionError` for any other."""
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    if (suffix := plain.suffix.lower()) in SUFFIXES:
        return suffix
    raise CollectionError(
        f"{path}: expected a file named *{', *'.join(SUFFIXES)} (or with .gz), or a folder that "
        "holds corpus.jsonl"
    )


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a plain or gzip-compressed UTF-8 file; reading errors become a `CollectionError`."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        # A byte order mark, which spreadsheets write, is no part of the first field's name.
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise CollectionError(
            f"{path}: expected UTF-8 text, found byte 0x{error.object[error.start]:02x}; "
            "convert the file to UTF-8 first"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CollectionError(f"{path}: damaged or cut gzip file ({error})") from error
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read ({error.strerror or error})") from error


def _read_jsonl(file: IO[str], path: Path) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=_finite, parse_constant=_finite)
        except (ValueError, RecursionError) as error:
            raise CollectionError(
                f"{path}:{number}: expected one JSON object per line ({error})"
            ) from error
        if not isinstance(row, dict):
            raise CollectionError(
                f"{path}:{number}: expected a JSON object, found {type(row).__name__}"
            )
        yield number, row


def _finite(number: str) -> float | None:
    """Read a number; NaN and infinities, which JSON does not know but Python writes, are null."""
    value = float(number)
    return value if math.isfinite(value) else None


def _read_csv(file: IO[str], path: Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) != len(header):
            raise CollectionError(f"{path}:1: the header names a column twice: {header}")
        for values in reader:
            if not values:
                continue
            if len(values) != len(header):
                raise CollectionError(
                    f"{path}:{reader.line_num}: expected {len(header)} columns as in the header, "
                    f"found {len(values)}"
                )
            yield reader.line_num, dict(zip(header, values, strict=True))
    except csv.Error as error:
        raise CollectionError(f"{path}:{reader.line_num}: malformed CSV ({error})") from error
