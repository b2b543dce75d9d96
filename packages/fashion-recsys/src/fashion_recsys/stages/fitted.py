"""All that a day's candidates and features need, fitted on the purchases before it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl

from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.candidates.defaults import default_sources
from fashion_recsys.candidates.pool import CandidatePool
from fashion_recsys.candidates.source import before
from fashion_recsys.candidates.two_tower import TwoTowerSource
from fashion_recsys.columns import ARTICLE, HAS_ROW
from fashion_recsys.dataset import Dataset
from fashion_recsys.progress import Progress
from fashion_recsys.ranking.features.builder import FeatureBuilder
from fashion_recsys.stages import names


@dataclass(frozen=True)
class Fitted:
    """Sources and features of one day."""

    pool: CandidatePool
    features: FeatureBuilder
    two_tower: TwoTowerSource | None
    known: pl.DataFrame | None
    """Articles that may be proposed; None for all."""

    @classmethod
    def on(
        cls,
        dataset: Dataset,
        as_of: date,
        vectors: Path | None,
        budgets: Budgets,
        progress: Progress,
    ) -> Self:
        """Fit everything on the rows before ``as_of``.

        Args:
            dataset: what to read.
            as_of: the day.
            vectors: the output of the two-tower's stage; None where its budget is 0.
            budgets: longest list of each source.
            progress: told how far it is.
        """
        articles, customers = dataset.articles.collect(), dataset.customers.collect()
        two_tower = None
        sources = list(default_sources(articles, customers, budgets))
        if vectors is not None:
            two_tower = TwoTowerSource.load(names.vectors_of(vectors), threads=2)
            sources.append((two_tower, budgets.two_tower))
        pool = CandidatePool(sources).fit(dataset.log, as_of, progress)
        features = FeatureBuilder(articles, customers).fit(dataset.log, as_of)
        return cls(pool, features, two_tower, _known_articles(articles, dataset.log, as_of))

    def candidates(self, customers: pl.Series) -> pl.DataFrame:
        """Return the pool of ``customers`` with every source's rank and score."""
        return self.of_known(self.pool.candidates(customers))

    def of_known(self, candidates: pl.DataFrame) -> pl.DataFrame:
        """Return the candidates that the shop knew of on the day, in the same order."""
        if self.known is None:
            return candidates
        return candidates.join(self.known, on=ARTICLE, how="semi", maintain_order="left")

    def describe(self, candidates: pl.DataFrame) -> pl.DataFrame:
        """Return the candidates with their features, in the same order."""
        return self.features.transform(candidates, self.two_tower)


def _known_articles(articles: pl.DataFrame, log: pl.LazyFrame, as_of: date) -> pl.DataFrame | None:
    """Return the articles of the catalogue and those sold before ``as_of``; None if that is all.

    An article that is known from the log alone did not exist before its first sale: to propose it
    as one never sold would tell the future.
    """
    if HAS_ROW not in articles.columns or articles[HAS_ROW].all():
        return None
    sold = before(log, as_of).select(ARTICLE).unique().collect(engine="streaming")
    return pl.concat([articles.filter(HAS_ROW).select(ARTICLE), sold]).unique()
