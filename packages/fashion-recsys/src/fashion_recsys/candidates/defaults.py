"""The sources that a data set supports, and how many candidates each may propose.

One place for the budgets, so that every stage and report speaks of the same pool.
"""

import polars as pl

from fashion_recsys.candidates.age_best_sellers import AgeBestSellers
from fashion_recsys.candidates.article_vectors import has_attributes
from fashion_recsys.candidates.attributes import Attributes
from fashion_recsys.candidates.best_sellers import BestSellers
from fashion_recsys.candidates.bought_together import BoughtTogether
from fashion_recsys.candidates.own_purchases import OwnPurchases
from fashion_recsys.candidates.product_variants import ProductVariants
from fashion_recsys.candidates.recent_purchases import RecentPurchases
from fashion_recsys.candidates.source import CandidateSource
from fashion_recsys.columns import AGE, PRODUCT_CODE


def default_sources(
    articles: pl.DataFrame, customers: pl.DataFrame
) -> tuple[tuple[CandidateSource, int], ...]:
    """Return the sources that these tables support, each with its budget.

    Args:
        articles: article, and any attribute columns.
        customers: customer, and any attribute columns.
    """
    recent = RecentPurchases()
    sources: list[tuple[CandidateSource, int]] = [(OwnPurchases(), 50)]
    if PRODUCT_CODE in articles.columns:
        sources.append((ProductVariants(articles, recent), 20))
    sources.append((BoughtTogether(recent), 100))
    if has_attributes(articles):
        sources.append((Attributes(articles, recent), 50))
    sources.append((BestSellers(), 100))
    if AGE in customers.columns:
        sources.append((AgeBestSellers(customers), 100))
    return tuple(sources)
