"""From ranked candidates to the lists that customers see: the rules of the shop, on one day."""

from datetime import date

import polars as pl

from fashion_recsys.candidates.best_sellers import BestSellers
from fashion_recsys.columns import ARTICLE, PRODUCT_TYPE
from fashion_recsys.dataset import Dataset
from fashion_recsys.ranking.rules import Rules, owned_pairs
from fashion_recsys.ranking.settings import RuleSettings


def rules_on(dataset: Dataset, as_of: date, settings: RuleSettings) -> Rules:
    """Return the rules, with the best sellers before ``as_of`` to fill up short lists."""
    kinds = None
    if PRODUCT_TYPE in dataset.articles.collect_schema():
        kinds = dataset.articles.select(ARTICLE, PRODUCT_TYPE).collect()
    fill = BestSellers().fit(dataset.log, as_of)
    return Rules(settings, fill, owned=owned_pairs(dataset.log, as_of), kinds=kinds)


def rank_columns_of(features: pl.DataFrame) -> list[str]:
    """Return the columns of a table of features that hold a source's rank."""
    return [name for name in features.columns if name.startswith("rank_")]
