"""The sources that a data set supports, each with its budget."""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from fashion_recsys.candidates.age_best_sellers import AgeBestSellers
from fashion_recsys.candidates.article_vectors import has_attributes
from fashion_recsys.candidates.attributes import Attributes
from fashion_recsys.candidates.best_sellers import BestSellers
from fashion_recsys.candidates.bought_together import BoughtTogether
from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.candidates.own_purchases import OwnPurchases
from fashion_recsys.candidates.product_variants import ProductVariants
from fashion_recsys.candidates.recent_purchases import RecentPurchases
from fashion_recsys.candidates.source import CandidateSource
from fashion_recsys.candidates.taste import TasteBestSellers, taste_columns
from fashion_recsys.columns import AGE, PRODUCT_CODE

FUSION_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"own purchases": 3.0, "attributes": 0.3, "best sellers": 0.3}
)
"""Weights of ``fuse`` for these sources, for a list without a ranker.

Chosen on 19 and 20 September: recall@12/100/300 of the customers with history .222/.339/.421 and
.152/.257/.353, against .058/.297/.421 and .047/.235/.352 with equal votes.
"""


def default_sources(
    articles: pl.DataFrame, customers: pl.DataFrame, budgets: Budgets | None = None
) -> tuple[tuple[CandidateSource, int], ...]:
    """Return the sources that these tables support, each with its budget.

    Args:
        articles: article, and any attribute columns.
        customers: customer, and any attribute columns.
        budgets: length of the lists; a source that has 0 is left out.
    """
    budgets = budgets or Budgets()
    sources = [(source, budgets.of(source.name)) for source in _supported(articles, customers)]
    return tuple((source, budget) for source, budget in sources if budget)


def _supported(articles: pl.DataFrame, customers: pl.DataFrame) -> list[CandidateSource]:
    recent = RecentPurchases()
    sources: list[CandidateSource] = [OwnPurchases(), BoughtTogether(recent)]
    if PRODUCT_CODE in articles.columns:
        sources.append(ProductVariants(articles, recent))
    if has_attributes(articles):
        sources.append(Attributes(articles, recent))
    if taste_columns(articles):
        sources.append(TasteBestSellers(articles, recent))
    if AGE in customers.columns and not customers[AGE].is_null().all():
        sources.append(AgeBestSellers(customers))
    return [*sources, BestSellers()]
