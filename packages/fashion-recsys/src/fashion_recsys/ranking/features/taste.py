"""How much of what the customer bought is like the article: shares by attribute.

The share of an attribute is the part of the customer's rows whose articles have the same value of
it: 0.5 for a black top if half of what the customer bought is black. Attributes that the shop's
articles lack are left out.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, PRODUCT_CODE, PRODUCT_TYPE
from fashion_recsys.ranking.features.history import DAYS_AGO, QUANTITY, History
from fashion_recsys.ranking.features.lookup import Ids, PairTable

ATTRIBUTES = {
    PRODUCT_CODE: "product",
    PRODUCT_TYPE: "type",
    "department_no": "department",
    "section_no": "section",
    "index_code": "index",
    "garment_group_no": "garment_group",
    "colour_group_code": "colour",
    "graphical_appearance_no": "appearance",
}
"""Columns of the articles table, and what the features call them."""


class Taste:
    """The rows of every customer per value of every attribute."""

    def __init__(self, history: History, articles: pl.DataFrame) -> None:
        """Count; attributes that ``articles`` lacks are left out."""
        self._codes: dict[str, npt.NDArray[np.uint32]] = {}
        self._rows: dict[str, PairTable] = {}
        for column, name in ATTRIBUTES.items():
            if column in articles.columns:
                self._codes[name] = _codes(articles, column)
                self._rows[name] = _count(history, self._codes[name], name)

    def gather(self, customers: Ids, articles: Ids) -> pl.DataFrame:
        """Return for each attribute the rows and the days since, of the pairs."""
        found = []
        for name, codes in self._codes.items():
            known = np.minimum(articles, len(codes) - 1)
            found.append(self._rows[name].gather(customers, codes[known]))
        return pl.concat(found, how="horizontal") if found else pl.DataFrame()


def _codes(articles: pl.DataFrame, column: str) -> npt.NDArray[np.uint32]:
    """Return a number from 0 for each distinct value; nulls share the number after the last one.

    The array has one element more than there are articles, for an article that is not in the table.
    """
    ranks = articles.sort(ARTICLE)[column].rank("dense")
    values = ranks.to_numpy().astype(np.float64)
    unknown = np.nan_to_num(values, nan=0.0).max(initial=0.0) + 1
    return np.append(np.nan_to_num(values, nan=unknown), unknown).astype(np.uint32) - 1


def _count(history: History, codes: npt.NDArray[np.uint32], name: str) -> PairTable:
    purchases = history.purchases
    known = np.minimum(purchases[ARTICLE].to_numpy(), len(codes) - 1)
    counted = (
        purchases.select(CUSTOMER, DAYS_AGO, QUANTITY, pl.Series("value", codes[known]))
        .filter(pl.col("value") < codes[-1])
        .group_by(CUSTOMER, "value")
        .agg(
            pl.col(QUANTITY).sum().alias(f"{name}_rows"),
            pl.col(DAYS_AGO).min().alias(f"{name}_days_since"),
        )
    )
    return PairTable(counted, CUSTOMER, "value")
