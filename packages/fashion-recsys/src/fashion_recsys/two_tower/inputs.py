"""Everything the towers read, as arrays, from the log before ``as_of``."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, ARTICLE_ID, CUSTOMER, CUSTOMER_ID, TEXT_COLUMNS
from fashion_recsys.two_tower.attributes import (
    MAX_CUSTOMER_VALUES,
    CodedTable,
    Codes,
    code_categories,
    hash_words,
    standardise,
)
from fashion_recsys.two_tower.history import Floats, Histories, Ints, day_number, read_histories
from fashion_recsys.two_tower.settings import TwoTowerSettings


@dataclass(frozen=True)
class ArticleInputs:
    """What the article tower reads, one row per article.

    Attributes:
        codes: attribute codes (n, A).
        words: hashed words (n, W).
        price: (n, 2) standardised log of the mean price, and whether there was a sale.
        log_popularity: (n,) log of the share of recent sales.
    """

    codes: CodedTable
    words: Codes
    price: Floats
    log_popularity: Floats


@dataclass(frozen=True)
class CustomerInputs:
    """What the customer tower reads beside the purchases, one row per customer."""

    codes: CodedTable
    numbers: Floats


@dataclass(frozen=True)
class Inputs:
    """All inputs of both towers on one day."""

    as_of: date
    articles: ArticleInputs
    customers: CustomerInputs
    histories: Histories


def read_inputs(
    log: pl.LazyFrame,
    as_of: date,
    articles: pl.DataFrame,
    customers: pl.DataFrame,
    settings: TwoTowerSettings,
) -> Inputs:
    """Turn the tables into arrays; rows of ``log`` from ``as_of`` on are not read."""
    histories = read_histories(log, as_of, customers.height)
    texts = {ARTICLE, ARTICLE_ID, *TEXT_COLUMNS}
    words = hash_words(articles, buckets=settings.word_buckets, longest=settings.words)
    codes = code_categories(customers, {CUSTOMER, CUSTOMER_ID}, MAX_CUSTOMER_VALUES)
    return Inputs(
        as_of,
        ArticleInputs(
            code_categories(articles, texts, None),
            words,
            _prices(histories, articles.height),
            _log_popularity(histories, as_of, articles.height, settings),
        ),
        CustomerInputs(codes, standardise(customers)),
        histories,
    )


def _prices(histories: Histories, articles: int) -> Floats:
    paid = np.diff(histories.totals[:, 0])
    sums = np.bincount(histories.articles, paid, minlength=articles)
    counts = np.bincount(histories.articles, minlength=articles)
    known = (counts > 0) & (sums > 0)
    logs = np.log(np.where(known, sums, 1) / np.maximum(counts, 1))
    if known.any():
        logs = (logs - logs[known].mean()) / max(float(logs[known].std()), 1e-6)
    return np.stack([np.where(known, logs, 0), known], axis=1).astype(np.float32)


def _log_popularity(
    histories: Histories, as_of: date, articles: int, settings: TwoTowerSettings
) -> Floats:
    ages = day_number(as_of) - 1 - histories.days
    weights = np.exp2(-ages / settings.half_life_days)
    return log_share(
        np.bincount(histories.articles, weights, minlength=articles),
        settings.popularity_smoothing,
    )


def log_share(sales: npt.NDArray[np.float64] | Ints, smoothing: float) -> Floats:
    """Return the log of each article's share of all sales, with ``smoothing`` sales added."""
    smooth = sales + smoothing
    return np.asarray(np.log(smooth / smooth.sum()), np.float32)
