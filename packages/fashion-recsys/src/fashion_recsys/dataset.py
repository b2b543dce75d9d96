"""An ingested data set on disk: its files, and how to open them.

Writer (``ingest``) and reader meet here. The log stays lazy: polars reads the days and columns that
a query needs, so opening 31.8M rows costs nothing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, LOG_SCHEMA
from fashion_recsys.errors import DatasetError
from fashion_recsys.files import recover

FORMAT_VERSION = 1


@dataclass(frozen=True)
class DatasetFiles:
    """Names of the files in a data set's folder."""

    REPORT = "report.json"
    ALL = ("articles.parquet", "customers.parquet", "transactions", REPORT)

    folder: Path

    @property
    def articles(self) -> Path:
        """One row per article: number, id, attributes."""
        return self.folder / "articles.parquet"

    @property
    def customers(self) -> Path:
        """One row per customer: number, id, attributes."""
        return self.folder / "customers.parquet"

    @property
    def log(self) -> Path:
        """Folder of the purchases, in parts in order of time."""
        return self.folder / "transactions"

    def write_report(self, report: dict[str, Any]) -> None:
        """Save the report with the version of the format."""
        text = json.dumps({"format_version": FORMAT_VERSION, **report}, indent=2)
        (self.folder / self.REPORT).write_text(text + "\n", encoding="utf-8")

    def read_report(self) -> dict[str, Any]:
        """Return the saved report.

        Raises:
            DatasetError: there is none, or it is damaged or of another version.
        """
        path = self.folder / self.REPORT
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DatasetError(
                f"{self.folder}: no ingested data set here (no {self.REPORT}); write one with "
                f"'fashion-recsys ingest DIR --out {self.folder}'"
            ) from error
        except (OSError, ValueError) as error:
            raise _damaged(path, error) from error
        version = report.get("format_version") if isinstance(report, dict) else None
        if version != FORMAT_VERSION:
            raise DatasetError(
                f"{path}: expected format version {FORMAT_VERSION}, found {version}; ingest again"
            )
        return dict(report)


@dataclass(frozen=True)
class Dataset:
    """An open data set.

    Attributes:
        articles: article (u32), article_id, Kaggle's attributes, has_row; sorted by article.
        customers: customer (u32), customer_id, Kaggle's attributes, has_row; sorted by customer.
        log: t_dat, customer, article, price, sales_channel_id; sorted by t_dat, rows of one day in
            the order of the raw file.
    """

    folder: Path
    articles: pl.LazyFrame
    customers: pl.LazyFrame
    log: pl.LazyFrame
    first_day: date
    last_day: date

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """Open the data set that ``ingest`` wrote to ``folder``.

        Raises:
            DatasetError: there is none, or a file of it is missing or damaged.
        """
        recover(folder)
        files = DatasetFiles(folder)
        report = files.read_report()
        try:
            return cls(
                folder,
                articles=_scan(files.articles, [ARTICLE], report["articles"]["total"]),
                customers=_scan(files.customers, [CUSTOMER], report["customers"]["total"]),
                log=_scan(files.log, LOG_SCHEMA.names(), report["log"]["rows"]),
                first_day=date.fromisoformat(report["log"]["first_day"]),
                last_day=date.fromisoformat(report["log"]["last_day"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(folder / DatasetFiles.REPORT, error) from error

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn a failure to read the lazy tables in the block into the error that says so.

        ``open`` looks at the files' sizes and headers only, so that it costs nothing; damage inside
        a file shows when its rows are read.

        Raises:
            DatasetError: a file is damaged.
        """
        try:
            yield
        except pl.exceptions.ComputeError as error:
            raise _damaged(self.folder, error) from error


def _scan(path: Path, columns: list[str], rows: int) -> pl.LazyFrame:
    try:
        # Named one by one: the folder's name may hold characters that a pattern would expand.
        parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        frame = pl.scan_parquet(parts, glob=False)
        found = frame.select(*columns).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(path, error) from error
    if found != rows:
        raise _damaged(path, f"expected {rows:,} rows, found {found:,}")
    return frame


def _damaged(path: Path, cause: object) -> DatasetError:
    return DatasetError(f"{path}: is missing or damaged ({cause}); ingest again")
