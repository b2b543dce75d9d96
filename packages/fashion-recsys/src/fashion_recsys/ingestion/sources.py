"""Find Kaggle's files and open them as byte streams, whatever they are packed in.

The content decides, not the ending: Kaggle's own tools hand out ``articles.csv`` files that are zip
archives. A file is plain CSV, gzip, or a zip with one CSV; or one zip holds all three, as in
Kaggle's "Download all". Only the CSV members of a zip are read, so that the 105,000 images beside
them in Kaggle's archive cost nothing.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from fashion_recsys.columns import ARTICLES, CUSTOMERS, TRANSACTIONS, RawTable
from fashion_recsys.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_ENDINGS = (".csv", ".csv.gz", ".csv.zip", ".zip")
_KAGGLE_ZIP = "*.zip"


@dataclass(frozen=True)
class RawFile:
    """Where the rows of one table are: a file, and its member if the file is a zip."""

    table: RawTable
    path: Path
    member: str | None = None

    def __str__(self) -> str:
        """Give the name that errors and the report use."""
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    def identity(self) -> list[object]:
        """Return name, checksum and size of the member of a zip, which its directory holds.

        Raises:
            InputError: the zip is damaged or cannot be read.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(str(self.member))
        except (OSError, zipfile.BadZipFile) as error:
            raise InputError(f"{self}: cannot be read: {error}; download it again") from error
        return [info.filename, info.CRC, info.file_size]

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, Callable[[], float]]]:
        """Yield the decompressed bytes and a function that tells the fraction read so far.

        Raises:
            InputError: the file cannot be read, or its compressed data is cut off or damaged.
        """
        try:
            with self.path.open("rb") as raw:
                size = max(self.path.stat().st_size, 1)
                yield self._unpack(raw), lambda: raw.tell() / size
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self}: the compressed data is cut off or damaged ({error}); download it again"
            ) from error
        except OSError as error:
            raise InputError(f"{self}: cannot be read: {error.strerror or error}") from error

    def _unpack(self, raw: BinaryIO) -> BinaryIO:
        if self.member is not None:
            archive = zipfile.ZipFile(raw)
            if archive.getinfo(self.member).flag_bits & 1:
                raise InputError(f"{self}: is encrypted; unpack it and give the folder")
            return cast("BinaryIO", archive.open(self.member))
        if _magic(self.path) == _GZIP_MAGIC:
            return cast("BinaryIO", io.BufferedReader(gzip.GzipFile(fileobj=raw)))
        return raw


def find_files(source: Path) -> tuple[RawFile, RawFile, RawFile]:
    """Find the articles, customers and transactions in a folder or in Kaggle's zip.

    Args:
        source: a folder with Kaggle's files (csv, gz or zip, each alone, or Kaggle's one zip), or
            that zip itself.

    Raises:
        InputError: a file is missing, found twice or not a zip, with what was found instead.
    """
    if not source.exists():
        raise InputError(
            f"{source}: no such folder; expected one with Kaggle's articles.csv, customers.csv and "
            "transactions_train.csv (or .csv.gz, or .zip)"
        )
    if source.is_file() and source.suffix != ".zip" and _magic(source) != _ZIP_MAGIC:
        raise InputError(
            f"{source}: expected a folder with Kaggle's three files, or Kaggle's one zip; this is "
            "another file"
        )
    articles, customers, transactions = (
        _find(source, table) for table in (ARTICLES, CUSTOMERS, TRANSACTIONS)
    )
    return articles, customers, transactions


def _find(source: Path, table: RawTable) -> RawFile:
    if source.is_file():
        return _in_zip(source, table)
    own = [source / (table.name + ending) for ending in _ENDINGS]
    found = [path for path in own if path.is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise InputError(f"{source}: found both {names}; keep one of them")
    if found:
        is_zip = _magic(found[0]) == _ZIP_MAGIC or found[0].suffix == ".zip"
        return _in_zip(found[0], table) if is_zip else RawFile(table, found[0])
    for archive in sorted(source.glob(_KAGGLE_ZIP)):
        if _has_member(archive, table):
            return _in_zip(archive, table)
    raise InputError(
        f"{source}: no {table.name}.csv, {table.name}.csv.gz or {table.name}.csv.zip, and no zip "
        f"that holds it; the folder holds {_listing(path.name for path in source.iterdir())}"
    )


def _has_member(archive: Path, table: RawTable) -> bool:
    return any(_is_member(name, table) for name in _members(archive))


def _in_zip(archive: Path, table: RawTable) -> RawFile:
    members = _members(archive)
    found = [name for name in members if _is_member(name, table)]
    if len(found) != 1:
        count = "no" if not found else "more than one"
        raise InputError(
            f"{archive}: expected a zip with one {table.name}.csv, found {count}; "
            f"it holds {_listing(found or members)}"
        )
    return RawFile(table, archive, found[0])


def _members(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(
            f"{archive}: expected a zip archive: {error}; download it again"
        ) from error


def _is_member(name: str, table: RawTable) -> bool:
    folder, _, base = name.rpartition("/")
    return base == f"{table.name}.csv" and "__MACOSX" not in folder


def _magic(path: Path) -> bytes:
    try:
        with path.open("rb") as raw:
            head = raw.read(4)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return _GZIP_MAGIC if head.startswith(_GZIP_MAGIC) else head


def _listing(names: Iterator[str] | list[str]) -> str:
    names = sorted(names)
    shown = ", ".join(names[:5]) or "nothing"
    return f"{shown} and {len(names) - 5:,} more" if len(names) > 5 else shown
