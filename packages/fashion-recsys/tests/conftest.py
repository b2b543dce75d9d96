"""Data for the tests: tiny raw files with every normal oddity, a generated shop, the real days."""

import csv
import gzip
import io
import os
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings

from fashion_recsys import Dataset, generate, ingest
from fashion_recsys.columns import ARTICLES, CUSTOMERS, LOG_SCHEMA, TRANSACTIONS, RawTable

# A busy machine is no mistake: the time of an example is not judged.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

Raw = dict[RawTable, list[list[str]]]


class Rows:
    """Valid rows of the raw tables, as text."""

    @staticmethod
    def customer_id(number: int) -> str:
        """Return the 64-digit id of customer ``number``."""
        return f"{number:064x}"

    @staticmethod
    def article_id(number: int) -> str:
        """Return the 10-digit id of article ``number``."""
        return f"{number:010d}"

    def article(self, number: int, description: str = "Soft jersey top.") -> list[str]:
        """Return a row of articles."""
        values = {field.name: "7" for field in ARTICLES.fields}
        values |= {"article_id": self.article_id(number), "detail_desc": description}
        return list(values.values())

    def customer(self, number: int) -> list[str]:
        """Return a row of customers."""
        return [self.customer_id(number), "", "1.0", "ACTIVE", "NONE", "", "ab12"]

    def purchase(self, day: int, customer: int, article: int) -> list[str]:
        """Return a row of transactions, in September 2020."""
        ids = [self.customer_id(customer), self.article_id(article)]
        return [f"2020-09-{day:02d}", *ids, "0.0169491525", "2"]


@pytest.fixture(scope="session")
def rows() -> Rows:
    """Return the maker of valid raw rows."""
    return Rows()


@pytest.fixture
def raw(rows: Rows) -> Raw:
    """Three small tables: customer 9 has no row, customer 3 and article 5 no purchase."""
    return {
        ARTICLES: [rows.article(2), rows.article(1, 'Two lines,\nand a "quote".'), rows.article(5)],
        CUSTOMERS: [rows.customer(3), rows.customer(1)],
        TRANSACTIONS: [
            rows.purchase(16, 1, 1),
            rows.purchase(16, 1, 1),
            rows.purchase(16, 9, 2),
            rows.purchase(18, 1, 2),
        ],
    }


def csv_bytes(table: RawTable, rows: list[list[str]]) -> bytes:
    """Return a table as Kaggle would store it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([table.schema.names(), *rows])
    return text.getvalue().encode()


def write_raw(folder: Path, raw: Raw, packing: str = "csv") -> Path:
    """Write the tables as csv, gz, zip (each alone) or one (Kaggle's single zip)."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in raw.items():
        data, name = csv_bytes(table, rows), f"{table.name}.csv"
        if packing == "csv":
            (folder / name).write_bytes(data)
        elif packing == "gz":
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        elif packing == "zip":
            with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
                archive.writestr(name, data)
        else:
            with zipfile.ZipFile(folder / "h-and-m.zip", "a") as archive:
                archive.writestr(f"images/{table.name}.jpg", b"no csv")
                archive.writestr(name, data)
    return folder


@pytest.fixture
def make_raw(tmp_path: Path, raw: Raw) -> Callable[..., Path]:
    """Return a function that writes the small tables, some replaced, and gives the folder."""

    def make(changes: Raw | None = None, packing: str = "csv") -> Path:
        return write_raw(tmp_path / f"raw-{packing}", raw | (changes or {}), packing)

    return make


@pytest.fixture(scope="session")
def make_log() -> Callable[..., pl.LazyFrame]:
    """Return a function that makes a log of (day of September 2020, customer, article)."""

    def make(*purchases: tuple[int, int, int]) -> pl.LazyFrame:
        return pl.LazyFrame(
            [
                (date(2020, 9, day), customer, article, 0.1, 1)
                for day, customer, article in purchases
            ],
            schema=LOG_SCHEMA,
            orient="row",
        )

    return make


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the raw files of a generated shop."""
    out = tmp_path_factory.mktemp("shop") / "raw"
    generate(out, customers=30_000, articles=20_000, days=30, seed=1)
    return out


@pytest.fixture(scope="session")
def shop_dataset(shop: Path) -> Dataset:
    """Return the ingested shop."""
    ingest(shop, shop.parent / "data")
    return Dataset.open(shop.parent / "data")


@pytest.fixture(scope="session")
def hm(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return the ingested real H&M days, which a clone does not have."""
    beside = Path(__file__).resolve().parents[3].parent / "shared" / "data"
    source = Path(os.environ.get("ML_SYSTEMS_DATA", beside)) / "hm"
    if not source.is_dir():
        pytest.skip("the H&M files are not here; set ML_SYSTEMS_DATA to the folder that holds hm/")
    out = tmp_path_factory.mktemp("hm") / "data"
    ingest(source, out)
    return Dataset.open(out)
