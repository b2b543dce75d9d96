"""A small TOML that says which columns of another shop's log are ours.

    files = ["log.csv.gz"]               # csv, csv.gz or parquet, relative to the TOML
    date_format = "%d/%m/%Y %H:%M"       # of dates written as text; ISO dates by default
    leave_out_articles = ["^POST$"]      # regular expressions of ids that are no products
    product_code = "^([0-9]{5})"         # optional: its group is what colour variants share

    [columns]                            # ours = theirs
    date = "InvoiceDate"
    customer = "Customer ID"
    article = "StockCode"
    price = "Price"
    quantity = "Quantity"                # optional: rows of 0 or less are returns
    channel = "Channel"                  # optional: a number up to 255

    [articles]                           # optional: texts of the article that stand in the log
    prod_name = "Description"

A key that is not known is an error, since a mistyped optional key would otherwise change nothing.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from fashion_recsys.columns import ARTICLE_ID, ARTICLES
from fashion_recsys.errors import InputError

TEXTS = tuple(
    column.name
    for column in ARTICLES.fields
    if column.dtype == pl.String and column.name != ARTICLE_ID
)
"""The article's attributes that ``[articles]`` may map."""
_REQUIRED = ("date", "customer", "article", "price")
_OPTIONAL = ("quantity", "channel")
_KEYS = ("files", "date_format", "leave_out_articles", "product_code", "columns", "articles")


@dataclass(frozen=True)
class ShopSpec:
    """Where another shop's log is and how it is read.

    Attributes:
        path: the TOML.
        files: the log, in one or more files of the same columns.
        columns: their column for date, customer, article, price and, if mapped, quantity, channel.
        attributes: their column for each mapped attribute of the article.
        date_format: of dates written as text, as in ``strptime``.
        leave_out_articles: regular expressions of article ids that are no products.
        product_code: regular expression whose first group the variants of a product share.
    """

    path: Path
    files: tuple[Path, ...]
    columns: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    date_format: str = "%Y-%m-%d"
    leave_out_articles: tuple[str, ...] = ()
    product_code: str | None = None

    @classmethod
    def read(cls, path: Path) -> "ShopSpec":
        """Read and check a TOML.

        Raises:
            InputError: it is missing, no TOML, or a key or value of it is wrong.
        """
        return _Reader(path, _parse(path)).spec()


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected a TOML that maps a log") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not TOML: {error}") from error


class _Reader:
    """Takes values out of a parsed TOML, or says which one is wrong."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self._path = path
        self._values = values

    def spec(self) -> ShopSpec:
        self._check_keys("", self._values, _KEYS)
        columns = self._names("columns", (*_REQUIRED, *_OPTIONAL))
        for name in _REQUIRED:
            if name not in columns:
                raise self._error(f"[columns] lacks {name}", f"expected {name} = 'THEIR COLUMN'")
        attributes = self._names("articles", TEXTS)
        theirs = [*columns.values(), *attributes.values()]
        twice = next((name for name in theirs if theirs.count(name) > 1), None)
        if twice is not None:
            raise self._error(f"maps the column {twice!r} twice", "expected every column once")
        product_code = self._text("product_code", None)
        if product_code is not None:
            self._check_pattern("product_code", product_code, groups=1)
        return ShopSpec(
            path=self._path,
            files=self._files(),
            columns=columns,
            attributes=attributes,
            date_format=self._text("date_format", "%Y-%m-%d") or "",
            leave_out_articles=self._patterns("leave_out_articles"),
            product_code=product_code,
        )

    def _files(self) -> tuple[Path, ...]:
        names = self._list("files")
        if not names:
            raise self._error("names no file", "expected files = ['log.csv']")
        files = tuple(self._path.parent / name for name in names)
        for file in files:
            if not file.is_file():
                raise InputError(f"{file}: no such file; {self._path} names it")
        return files

    def _names(self, table: str, known: tuple[str, ...]) -> dict[str, str]:
        values = self._values.get(table, {})
        if not isinstance(values, dict):
            raise self._error(f"{table} is {values!r}", f"expected a table [{table}]")
        self._check_keys(f"[{table}] ", values, known)
        for name, value in values.items():
            if not isinstance(value, str):
                raise self._error(f"[{table}] {name} is {value!r}", "expected a column's name")
        return values

    def _check_keys(self, where: str, values: dict[str, Any], known: tuple[str, ...]) -> None:
        unknown = next((name for name in values if name not in known), None)
        if unknown is not None:
            raise self._error(f"{where}{unknown} is no key", f"expected {', '.join(known)}")

    def _text(self, name: str, default: str | None) -> str | None:
        value = self._values.get(name, default)
        if value is not None and not isinstance(value, str):
            raise self._error(f"{name} is {value!r}", "expected a text")
        return value

    def _list(self, name: str) -> list[str]:
        values = self._values.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._error(f"{name} is {values!r}", "expected a list of texts")
        return values

    def _patterns(self, name: str) -> tuple[str, ...]:
        patterns = self._list(name)
        for pattern in patterns:
            self._check_pattern(name, pattern, groups=0)
        return tuple(patterns)

    def _check_pattern(self, name: str, pattern: str, *, groups: int) -> None:
        try:
            # polars has the regular expressions of Rust, which differ from Python's.
            found = pl.select(pl.lit("").str.extract_groups(pattern)).to_series().dtype
        except pl.exceptions.ComputeError as error:
            reason = str(error).rstrip().rpartition("error: ")[2]
            raise self._error(f"{name} has {pattern!r}", f"not a pattern: {reason}") from error
        if isinstance(found, pl.Struct) and len(found.fields) < groups:
            raise self._error(f"{name} is {pattern!r}", "expected a group in parentheses")

    def _error(self, came: str, expected: str) -> InputError:
        return InputError(f"{self._path}: {came}; {expected}")
