"""What is known of an article before the day, whoever the customer.

Sales are shares of all sales in the same window, so that a period that sees one day of the log and
one that sees years of it look alike to the model. Rates are smoothed towards the shop's mean, by
as many pseudo-observations as ``PRIOR_PAIRS``: an article sold twice tells little about itself.
"""

from itertools import pairwise

import polars as pl

from fashion_recsys.columns import AGE, ARTICLE, CUSTOMER, PRICE
from fashion_recsys.ranking.features.history import DAYS_AGO, QUANTITY, History

WINDOWS = (1, 3, 7, 28)
PRICE_DAYS = 28
PRIOR_PAIRS = 20.0


def article_features(history: History, customers: pl.DataFrame) -> pl.DataFrame:
    """Return one row per article that was sold.

    Args:
        history: the past.
        customers: customer and, if the shop knows it, age.

    Returns:
        article; share of the sales and rank for windows of ``WINDOWS`` days; ratios of neighbouring
        windows (trend); mean price, and the last days' price relative to it; share online; days
        since the first sale; re-buy rate (purchases on a later day per pair) and rows per purchase;
        mean and deviation of the buyers' age.
    """
    purchases = history.purchases
    features = _sales(purchases).join(_prices(purchases), on=ARTICLE, how="full", coalesce=True)
    features = features.join(_rebuys(purchases), on=ARTICLE, how="left")
    if AGE in customers.columns:
        features = features.join(_buyers(purchases, customers), on=ARTICLE, how="left")
    return features


def _sales(purchases: pl.DataFrame) -> pl.DataFrame:
    def sold(days: int) -> pl.Expr:
        return pl.col(QUANTITY).filter(pl.col(DAYS_AGO) <= days).sum().cast(pl.Float64)

    counts = purchases.group_by(ARTICLE).agg(
        *[sold(days).alias(_share(days)) for days in WINDOWS],
        pl.col(DAYS_AGO).max().alias("article_age"),
        pl.col(DAYS_AGO).min().alias("article_days_since_last"),
    )
    shares = counts.with_columns(
        *[(pl.col(name) / pl.col(name).sum()).fill_nan(0.0) for name in map(_share, WINDOWS)]
    )
    return shares.with_columns(
        *[
            pl.col(_share(days)).rank("min", descending=True).alias(f"article_rank_{days}d")
            for days in WINDOWS
        ],
        *[
            (pl.col(_share(short)) / pl.col(_share(long))).fill_nan(None).alias(_trend(short, long))
            for short, long in pairwise(WINDOWS)
        ],
    )


def _prices(purchases: pl.DataFrame) -> pl.DataFrame:
    weight = pl.col(QUANTITY).cast(pl.Float32)

    def mean(name: str, days: int) -> pl.Expr:
        recent = pl.col(DAYS_AGO) <= days
        total = (pl.col(name) * weight).filter(recent).sum()
        average: pl.Expr = total / weight.filter(recent).sum()
        return average.fill_nan(None)

    means = purchases.group_by(ARTICLE).agg(
        mean(PRICE, PRICE_DAYS).alias("article_price"),
        mean(PRICE, 1).alias("last_price"),
        pl.col(PRICE).max().alias("highest"),
        mean("online", PRICE_DAYS).alias("article_online"),
    )
    return means.with_columns(
        (pl.col("last_price") / pl.col("article_price")).alias("article_price_trend"),
        (pl.col("article_price") / pl.col("highest")).fill_nan(None).alias("article_discount"),
    ).drop("last_price", "highest")


def _rebuys(purchases: pl.DataFrame) -> pl.DataFrame:
    pairs = purchases.group_by(ARTICLE).agg(
        pl.len().alias("purchases"),
        pl.col(CUSTOMER).n_unique().alias("buyers"),
        pl.col(QUANTITY).sum().alias("rows"),
    )
    total = pairs.select(pl.all().sum())
    return pairs.select(
        ARTICLE,
        _smoothed("purchases", "buyers", total).alias("article_rebuy"),
        _smoothed("rows", "purchases", total).alias("article_multiplicity"),
    )


def _smoothed(numerator: str, denominator: str, total: pl.DataFrame) -> pl.Expr:
    mean = float(total[numerator].item()) / max(total[denominator].item(), 1)
    rate: pl.Expr = (pl.col(numerator) + PRIOR_PAIRS * mean) / (pl.col(denominator) + PRIOR_PAIRS)
    return rate


def _buyers(purchases: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    aged = purchases.join(customers.select(CUSTOMER, AGE).drop_nulls(), on=CUSTOMER)
    return aged.group_by(ARTICLE).agg(
        pl.col(AGE).mean().alias("article_age_mean"), pl.col(AGE).std().alias("article_age_std")
    )


def _share(days: int) -> str:
    return f"article_share_{days}d"


def _trend(short: int, long: int) -> str:
    return f"article_trend_{short}d_{long}d"
