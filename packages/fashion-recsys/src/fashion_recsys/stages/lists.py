"""From candidates to the lists that customers see, on one day.

Customers with a purchase before the day get what the ranker puts first. The others get what sells
now: all their candidates come from lists that are the same for everyone, and a ranker that learned
to order those from a few periods was worse than counting (see ``PopularNow``).
"""

from datetime import date

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CUSTOMER, PRODUCT_TYPE
from fashion_recsys.dataset import Dataset
from fashion_recsys.ranking.popularity import PopularNow
from fashion_recsys.ranking.rules import Rules, owned_pairs
from fashion_recsys.ranking.settings import RuleSettings


def rules_on(dataset: Dataset, as_of: date, settings: RuleSettings, fill: PopularNow) -> Rules:
    """Return the rules; ``fill`` fills up short lists, and is the list of who has no history."""
    kinds = None
    if PRODUCT_TYPE in dataset.articles.collect_schema():
        kinds = dataset.articles.select(ARTICLE, PRODUCT_TYPE).collect()
    return Rules(settings, fill, owned=owned_pairs(dataset.log, as_of), kinds=kinds)


def popular_on(dataset: Dataset, as_of: date, days: int) -> PopularNow:
    """Return what sells now; ``days`` is the length of the period to predict."""
    return PopularNow(half_life_days=days).fit(dataset.log, as_of)


def with_history(log: pl.LazyFrame, as_of: date, customers: pl.Series) -> pl.Series:
    """Return those of the ``customers`` who bought before ``as_of``, sorted."""
    buyers = before(log, as_of).select(CUSTOMER).unique().collect(engine="streaming")
    asked = customers.alias(CUSTOMER).to_frame()
    return asked.join(buyers, on=CUSTOMER, how="semi")[CUSTOMER].sort()


def rank_columns_of(features: pl.DataFrame) -> list[str]:
    """Return the columns of a table of features that hold a source's rank."""
    return [name for name in features.columns if name.startswith("rank_")]
