"""Column names and the schema of Kaggle's three files: the only place that spells them.

Raw tables keep Kaggle's names. Ingested tables add integer ids beside them: ``customer`` and
``article`` are row numbers of the customers and articles tables, given in the order of the original
ids, so that the tables are also the maps back and a tie broken by number is a tie broken by id.
"""

from dataclasses import dataclass

import polars as pl

# Raw names.
DATE = "t_dat"
CUSTOMER_ID = "customer_id"
ARTICLE_ID = "article_id"
PRICE = "price"
CHANNEL = "sales_channel_id"

# Attributes that sources and features know by name; another shop's tables may lack them.
PRODUCT_CODE = "product_code"
AGE = "age"
PRODUCT_TYPE = "product_type_no"
TEXT_COLUMNS = ("prod_name", "detail_desc")
"""Attributes of articles that are texts, not categories."""

# Names that ingest adds.
CUSTOMER = "customer"
ARTICLE = "article"
HAS_ROW = "has_row"
"""False for an id that stands in the transactions but not in its own table."""

# Names of a candidate list.
RANK = "rank"
SCORE = "score"

# Names of a pool of candidates and of what is predicted.
LABEL = "label"
"""1 if the customer bought the article in the period to predict, else 0."""


RANK_PREFIX = "rank_"


def rank_column(source: str) -> str:
    """Return the pool's column of the rank that ``source`` gave; null where it gave none."""
    return f"{RANK_PREFIX}{source.replace(' ', '_').replace('-', '_')}"


def score_column(source: str) -> str:
    """Return the pool's column of the score that ``source`` gave; null where it gave none."""
    return f"score_{source.replace(' ', '_').replace('-', '_')}"


ID_DTYPE = pl.UInt32
CANDIDATE_SCHEMA = pl.Schema(
    {CUSTOMER: ID_DTYPE, ARTICLE: ID_DTYPE, RANK: pl.UInt32, SCORE: pl.Float32}
)
LOG_SCHEMA = pl.Schema(
    {
        DATE: pl.Date,
        CUSTOMER: ID_DTYPE,
        ARTICLE: ID_DTYPE,
        PRICE: pl.Float32,
        CHANNEL: pl.UInt8,
    }
)


@dataclass(frozen=True)
class Field:
    """One column of a raw file and what a valid value looks like."""

    name: str
    dtype: pl.DataType
    required: bool = True
    """An empty value makes the row bad."""
    pattern: str | None = None
    """Regular expression of a valid value, for text."""
    expected: str = "text"
    """What an error says that it expected."""
    date_format: str = "%Y-%m-%d"
    """How a date is written."""
    signed: bool = False
    """A number may be negative."""


@dataclass(frozen=True)
class RawTable:
    """One of Kaggle's files: its name without the ending, and its columns."""

    name: str
    fields: tuple[Field, ...]

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the parsed columns."""
        return pl.Schema({field.name: field.dtype for field in self.fields})


def _text(name: str, *, required: bool = True) -> Field:
    return Field(name, pl.String(), required)


def _whole(name: str) -> Field:
    return Field(name, pl.Int32(), expected="a whole number")


def _number(name: str, *, required: bool = True) -> Field:
    return Field(name, pl.Float32(), required, expected="a number that is not negative")


_CUSTOMER_ID_FIELD = Field(
    CUSTOMER_ID, pl.String(), pattern="^[0-9a-f]{64}$", expected="64 hexadecimal digits"
)
_ARTICLE_ID_FIELD = Field(
    ARTICLE_ID,
    pl.String(),
    pattern="^[0-9]{10}$",
    expected="10 digits (a program that read the ids as numbers dropped the leading zero?)",
)

ARTICLES = RawTable(
    "articles",
    (
        _ARTICLE_ID_FIELD,
        _whole(PRODUCT_CODE),
        _text("prod_name"),
        _whole("product_type_no"),
        _text("product_type_name"),
        _text("product_group_name"),
        _whole("graphical_appearance_no"),
        _text("graphical_appearance_name"),
        _whole("colour_group_code"),
        _text("colour_group_name"),
        _whole("perceived_colour_value_id"),
        _text("perceived_colour_value_name"),
        _whole("perceived_colour_master_id"),
        _text("perceived_colour_master_name"),
        _whole("department_no"),
        _text("department_name"),
        _text("index_code"),
        _text("index_name"),
        _whole("index_group_no"),
        _text("index_group_name"),
        _whole("section_no"),
        _text("section_name"),
        _whole("garment_group_no"),
        _text("garment_group_name"),
        _text("detail_desc", required=False),
    ),
)

CUSTOMERS = RawTable(
    "customers",
    (
        _CUSTOMER_ID_FIELD,
        _number("FN", required=False),
        _number("Active", required=False),
        _text("club_member_status", required=False),
        _text("fashion_news_frequency", required=False),
        _number("age", required=False),
        _text("postal_code"),
    ),
)

TRANSACTIONS = RawTable(
    "transactions_train",
    (
        Field(DATE, pl.Date(), expected="a date such as 2020-09-16"),
        _CUSTOMER_ID_FIELD,
        _ARTICLE_ID_FIELD,
        _number(PRICE),
        Field(CHANNEL, pl.UInt8(), expected="a channel number such as 1 or 2"),
    ),
)
