"""What is known of a customer before the day, whatever the article."""

import polars as pl

from fashion_recsys.columns import AGE, CUSTOMER, PRICE
from fashion_recsys.ranking.features.history import BASKET, DAYS_AGO, QUANTITY, History


def customer_features(history: History, customers: pl.DataFrame) -> pl.DataFrame:
    """Return one row per customer who bought something or has an age.

    Args:
        history: the past.
        customers: customer and, if the shop knows it, age.

    Returns:
        customer; days since the last and the first visit; visits, rows and distinct articles; mean
        days between visits; mean and last basket (rows); mean price; share of rows online; rows per
        distinct article of a visit; share of the articles bought on two or more days; age.
    """
    visits = history.visits.group_by(CUSTOMER).agg(
        pl.col(DAYS_AGO).min().alias("customer_days_since_last"),
        pl.col(DAYS_AGO).max().alias("customer_days_since_first"),
        pl.len().alias("customer_visits"),
        pl.col(BASKET).sum().alias("customer_rows"),
        pl.col(BASKET).mean().alias("customer_basket"),
        pl.col(BASKET).first().alias("customer_last_basket"),
        (pl.col(BASKET).sum() / pl.col("articles").sum()).alias("customer_multiplicity"),
    )
    weighted = pl.col(QUANTITY).cast(pl.Float32)
    pairs = history.purchases.group_by(CUSTOMER).agg(
        ((pl.col(PRICE) * weighted).sum() / weighted.sum()).alias("customer_price"),
        ((pl.col("online") * weighted).sum() / weighted.sum()).alias("customer_online"),
        pl.col("article").n_unique().alias("customer_articles"),
        pl.len().alias("purchases"),
    )
    gap = pl.col("customer_days_since_first") - pl.col("customer_days_since_last")
    repeats = 1.0 - pl.col("customer_articles") / pl.col("purchases")
    features = visits.join(pairs, on=CUSTOMER, how="left").with_columns(
        (gap / (pl.col("customer_visits") - 1)).fill_nan(None).alias("customer_gap"),
        repeats.alias("customer_rebuy"),
    )
    features = features.drop("purchases")
    if AGE in customers.columns:
        ages = customers.select(CUSTOMER, pl.col(AGE).alias("customer_age"))
        features = ages.join(features, on=CUSTOMER, how="full", coalesce=True)
    return features
