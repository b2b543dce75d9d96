"""What the customer did with this very article before: the features that predict buying it again.

Of the purchases of a customer with history on H&M's days, 19% are articles bought before, mostly a
few days before: another size of an online order, or two of the same in a store.
"""

import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, PRICE
from fashion_recsys.ranking.features.history import BASKET, DAYS_AGO, QUANTITY, History


def repurchase_features(history: History) -> pl.DataFrame:
    """Return one row per (customer, article) pair that was bought.

    Returns:
        customer, article; rows and days on which it was bought; days since the last and the first;
        of the last purchase: quantity, price, online, place in the day's rows, rows of the basket
        and this article's share of them; visits since.
    """
    visits = history.visits.with_columns(
        pl.int_range(pl.len()).over(CUSTOMER).alias("own_visits_since")
    ).select(CUSTOMER, DAYS_AGO, "own_visits_since")
    pairs = history.purchases.group_by(CUSTOMER, ARTICLE, maintain_order=True).agg(
        pl.col(QUANTITY).sum().alias("own_rows"),
        pl.len().alias("own_days"),
        pl.col(DAYS_AGO).first(),
        pl.col(DAYS_AGO).last().alias("own_days_since_first"),
        pl.col(QUANTITY).first().alias("own_last_quantity"),
        pl.col(PRICE).first().alias("own_last_price"),
        pl.col("online").first().alias("own_last_online"),
        pl.col("place").first().alias("own_last_place"),
        pl.col(BASKET).first().alias("own_last_basket"),
    )
    return (
        pairs.join(visits, on=[CUSTOMER, DAYS_AGO], how="left", maintain_order="left")
        .with_columns(
            (pl.col("own_last_quantity") / pl.col("own_last_basket")).alias("own_last_share")
        )
        .rename({DAYS_AGO: "own_days_since"})
    )
