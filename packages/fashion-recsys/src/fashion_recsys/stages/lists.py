"""From candidates to the lists that customers see, on one day.

Customers with a purchase before the day get what the ranker puts first. The others get what sells
now: all their candidates come from lists that are the same for everyone, and a ranker that learned
to order those from a few periods was worse than counting (see ``PopularNow``).
"""

from datetime import date

import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CUSTOMER, ID_DTYPE, PRODUCT_TYPE, RANK_PREFIX
from fashion_recsys.dataset import Dataset
from fashion_recsys.ranking.popularity import PopularNow
from fashion_recsys.ranking.rules import Rules, available_articles, owned_pairs
from fashion_recsys.ranking.settings import RuleSettings

_POPULAR = 100
"""Candidates of a customer without history; the rules may leave most of them out."""


def rules_on(dataset: Dataset, as_of: date, settings: RuleSettings, fill: PopularNow) -> Rules:
    """Return the rules; ``fill`` fills up short lists, and is the list of who has no history."""
    articles = dataset.articles.select(pl.len()).collect().item()
    owned = pl.DataFrame(schema={CUSTOMER: ID_DTYPE, ARTICLE: ID_DTYPE})
    if settings.owned != "keep":
        owned = owned_pairs(dataset.log, as_of)
    available = None
    if settings.available_days:
        available = available_articles(dataset.log, as_of, settings.available_days, articles)
    kinds = None
    if PRODUCT_TYPE in dataset.articles.collect_schema():
        kinds = dataset.articles.select(ARTICLE, PRODUCT_TYPE).collect()
    return Rules(settings, fill, owned=owned, kinds=kinds, available=available)


def popular_on(dataset: Dataset, as_of: date, days: int) -> PopularNow:
    """Return what sells now; ``days`` is the length of the period to predict."""
    return PopularNow(half_life_days=days).fit(dataset.log, as_of)


def final_lists(
    ranked: pl.DataFrame, customers: pl.Series, rules: Rules, popular: PopularNow
) -> pl.DataFrame:
    """Return the list of each of ``customers``.

    Args:
        ranked: customer, article, rank, score of those who have a history.
        customers: distinct, sorted.
        rules: from candidates to a list; the same for all customers.
        popular: proposes to customers who have nothing in ``ranked``.
    """
    others = customers.filter(~customers.is_in(ranked[CUSTOMER].unique().implode()))
    return rules.apply(pl.concat([ranked, popular.candidates(others, _POPULAR)]), customers)


def with_history(log: pl.LazyFrame, as_of: date, customers: pl.Series) -> pl.Series:
    """Return those of the ``customers`` who bought before ``as_of``, sorted."""
    buyers = before(log, as_of).select(CUSTOMER).unique().collect(engine="streaming")
    asked = customers.alias(CUSTOMER).to_frame()
    return asked.join(buyers, on=CUSTOMER, how="semi")[CUSTOMER].sort()


def rank_columns_of(features: pl.DataFrame) -> list[str]:
    """Return the columns of a table of features that hold a source's rank."""
    return [name for name in features.columns if name.startswith(RANK_PREFIX)]
