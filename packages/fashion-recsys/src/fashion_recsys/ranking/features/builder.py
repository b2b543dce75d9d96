"""All features of a pool of candidates, as of a day."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol, Self

import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, LABEL
from fashion_recsys.errors import NotFittedError
from fashion_recsys.ranking.features.article import article_features
from fashion_recsys.ranking.features.customer import customer_features
from fashion_recsys.ranking.features.history import History
from fashion_recsys.ranking.features.lookup import DenseTable, PairTable
from fashion_recsys.ranking.features.repurchase import repurchase_features
from fashion_recsys.ranking.features.taste import Taste

KEYS = (CUSTOMER, ARTICLE, LABEL)
"""Columns of a table of features that are no features."""
TWO_TOWER = "two_tower_score"


class PairScorer(Protocol):
    """Scores pairs; the two-tower model does."""

    def score_pairs(self, pairs: pl.DataFrame) -> pl.Series:
        """Return one score per row of (customer, article), null where either is unknown."""


class FeatureBuilder:
    """Computes the features of candidates from the purchases before a day."""

    def __init__(self, articles: pl.DataFrame, customers: pl.DataFrame) -> None:
        """Take the tables of articles and customers; attributes may be missing.

        Args:
            articles: article (row numbers), attributes.
            customers: customer (row numbers), attributes.
        """
        self._articles = articles
        self._customers = customers
        self._groups: dict[str, tuple[str, ...]] = {}
        self._taste: Taste | None = None

    def fit(self, log: pl.LazyFrame, as_of: date) -> Self:
        """Aggregate the rows of ``log`` before ``as_of``; later rows are ignored."""
        history = History.read(log, as_of)
        customers, articles = self._customers, self._articles
        self._customer = DenseTable(
            customer_features(history, customers), CUSTOMER, customers.height
        )
        self._article = DenseTable(article_features(history, customers), ARTICLE, articles.height)
        self._repurchase = PairTable(repurchase_features(history), CUSTOMER, ARTICLE)
        self._taste = Taste(history, articles)
        return self

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The feature columns of the last ``transform`` by group, for ablations."""
        return self._groups

    def transform(self, pool: pl.DataFrame, two_tower: PairScorer | None = None) -> pl.DataFrame:
        """Return the pool with feature columns (f32, null where unknown), in the same order.

        Args:
            pool: customer, article, then a rank and a score column per source.
            two_tower: scores every pair, whoever proposed it.

        Raises:
            NotFittedError: ``fit`` was not called.
        """
        if self._taste is None:
            raise NotFittedError("features: call fit before transform")
        customers, articles = pool[CUSTOMER].to_numpy(), pool[ARTICLE].to_numpy()
        customer, article = self._customer.gather(customers), self._article.gather(articles)
        repurchase = self._repurchase.gather(customers, articles)
        taste = self._taste.gather(customers, articles)
        parts = {
            "sources": _sources(pool),
            "customer": customer,
            "article": article,
            "repurchase": repurchase,
            "taste": _taste(taste, repurchase, customer),
            "fit": _fit(customer, article, repurchase),
        }
        if two_tower is not None:
            score = two_tower.score_pairs(pool.select(CUSTOMER, ARTICLE))
            parts["two-tower"] = pl.DataFrame({TWO_TOWER: score.cast(pl.Float32)})
        self._groups = {name: tuple(part.columns) for name, part in parts.items()}
        return pl.concat([pool.select(CUSTOMER, ARTICLE), *parts.values()], how="horizontal")


def _sources(pool: pl.DataFrame) -> pl.DataFrame:
    given = pool.drop(CUSTOMER, ARTICLE).cast(pl.Float32)
    ranks = [name for name in given.columns if name.startswith("rank_")]
    if not ranks:
        return given
    return given.with_columns(
        pl.sum_horizontal(pl.col(ranks).is_not_null()).cast(pl.Float32).alias("sources"),
        pl.min_horizontal(ranks).alias("best_rank"),
    )


def _taste(taste: pl.DataFrame, repurchase: pl.DataFrame, customer: pl.DataFrame) -> pl.DataFrame:
    rows = [name for name in taste.columns if name.endswith("_rows")]
    shares = [
        (pl.col(name) / customer["customer_rows"]).fill_null(0.0).alias(f"{name[:-5]}_share")
        for name in rows
    ]
    result = taste.with_columns(*shares)
    if "product_rows" in rows:
        others = pl.col("product_rows").fill_null(0.0) - repurchase["own_rows"].fill_null(0.0)
        result = result.with_columns(others.clip(0.0).alias("product_others"))
    return result.drop([name for name in rows if name != "product_rows"])


def _fit(customer: pl.DataFrame, article: pl.DataFrame, repurchase: pl.DataFrame) -> pl.DataFrame:
    """Return what compares the customer with the article."""
    fit = {
        "price_ratio": article["article_price"] / customer["customer_price"],
        "own_price_ratio": article["article_price"] / repurchase["own_last_price"],
        "online_gap": article["article_online"] - customer["customer_online"],
    }
    if "customer_age" in customer.columns:
        fit["age_gap"] = customer["customer_age"] - article["article_age_mean"]
    return pl.DataFrame(fit)
