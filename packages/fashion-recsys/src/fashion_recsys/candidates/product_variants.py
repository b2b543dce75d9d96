"""Product variants: the other colours and cuts of the products that the customer bought.

Articles with one ``product_code`` are one design. They are ordered by how lately the customer
bought of the product, then by the rows that they sold in the last days; an article that nobody
bought in ``available_days`` is out of the shop, one never sold is new. Without the column in the
articles table there are no candidates.
"""

from datetime import date, timedelta
from typing import Self

import numpy as np
import polars as pl

from fashion_recsys.candidates.recent_purchases import Histories, RecentPurchases
from fashion_recsys.candidates.source import before
from fashion_recsys.columns import (
    ARTICLE,
    CANDIDATE_SCHEMA,
    CUSTOMER,
    DATE,
    PRODUCT_CODE,
    RANK,
    SCORE,
)
from fashion_recsys.errors import NotFittedError

_AGE, _SALES = "age_days", "sales"
_RECENT_DAYS = 7


class ProductVariants:
    """Other articles of the customer's products; the score is minus the days since the purchase."""

    name = "product variants"

    def __init__(
        self,
        articles: pl.DataFrame,
        recent: RecentPurchases | None = None,
        *,
        available_days: int = 28,
    ) -> None:
        """Set which articles are variants.

        Args:
            articles: article, product_code.
            recent: purchases to start from, shared with other sources.
            available_days: an article whose last sale is older is out of the shop.
        """
        self._recent = recent or RecentPurchases()
        self._available = timedelta(days=available_days)
        codes = articles[PRODUCT_CODE] if PRODUCT_CODE in articles.columns else None
        schema = pl.DataFrame(schema={ARTICLE: CANDIDATE_SCHEMA[ARTICLE], PRODUCT_CODE: pl.Int32})
        self._codes = schema if codes is None else articles.select(ARTICLE, PRODUCT_CODE)
        self._variants: pl.DataFrame | None = None
        self._histories: Histories | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Find the variants of every product that can be bought."""
        self._histories = self._recent.fit(log, as_of)
        lately = pl.col(DATE) >= as_of - timedelta(days=_RECENT_DAYS)
        sales = before(log, as_of).group_by(ARTICLE)
        table = sales.agg(pl.col(DATE).max(), lately.sum().alias(_SALES))
        known = self._codes.join(table.collect(engine="streaming"), on=ARTICLE, how="left")
        oldest = as_of - self._available
        self._variants = known.filter(
            pl.col(PRODUCT_CODE).is_not_null(), (pl.col(DATE) >= oldest).fill_null(value=True)
        ).select(PRODUCT_CODE, pl.col(ARTICLE), pl.col(_SALES).fill_null(0))
        return self

    def candidates(self, customers: pl.Series, k: int) -> pl.DataFrame:
        """Return ``k`` variants of the products of each customer, of the latest purchase first."""
        if self._variants is None or self._histories is None:
            raise NotFittedError(f"{self.name}: call fit before candidates")
        ordered = customers.alias(CUSTOMER).cast(CANDIDATE_SCHEMA[CUSTOMER]).sort()
        own = self._histories.of(ordered.to_numpy())
        lengths = np.diff(own.begins)
        columns = {
            CUSTOMER: np.repeat(ordered.to_numpy(), lengths),
            ARTICLE: own.articles,
            _AGE: own.ages,
        }
        owned = pl.DataFrame(columns).join(self._codes, on=ARTICLE, how="inner")
        products = owned.group_by(CUSTOMER, PRODUCT_CODE).agg(pl.col(_AGE).min())
        pairs = products.join(self._variants, on=PRODUCT_CODE).join(
            owned, on=[CUSTOMER, ARTICLE], how="anti"
        )
        best = pairs.sort(
            CUSTOMER, _AGE, _SALES, ARTICLE, descending=[False, False, True, False]
        ).with_columns(
            pl.int_range(1, pl.len() + 1).over(CUSTOMER).alias(RANK),
            (-pl.col(_AGE).cast(pl.Float32)).alias(SCORE),
        )
        top = best.filter(pl.col(RANK) <= k)
        return top.select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)
