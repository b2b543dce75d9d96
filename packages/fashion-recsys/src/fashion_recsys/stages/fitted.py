"""All that a day's candidates and features need, fitted on the purchases before it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl

from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.candidates.defaults import default_sources
from fashion_recsys.candidates.pool import CandidatePool
from fashion_recsys.candidates.two_tower import TwoTowerSource
from fashion_recsys.dataset import Dataset
from fashion_recsys.progress import Progress
from fashion_recsys.ranking.features.builder import FeatureBuilder
from fashion_recsys.stages import names


@dataclass(frozen=True)
class Fitted:
    """Sources and features of one day."""

    pool: CandidatePool
    features: FeatureBuilder
    two_tower: TwoTowerSource

    @classmethod
    def on(
        cls,
        dataset: Dataset,
        as_of: date,
        vectors: Path,
        budgets: Budgets,
        progress: Progress,
    ) -> Self:
        """Fit everything on the rows before ``as_of``; ``vectors`` is the two-tower's output."""
        articles, customers = dataset.articles.collect(), dataset.customers.collect()
        two_tower = TwoTowerSource.load(names.vectors_of(vectors), threads=2)
        sources = list(default_sources(articles, customers, budgets))
        if budgets.two_tower:
            sources.append((two_tower, budgets.two_tower))
        pool = CandidatePool(sources).fit(dataset.log, as_of, progress)
        features = FeatureBuilder(articles, customers).fit(dataset.log, as_of)
        return cls(pool, features, two_tower)

    def candidates(self, customers: pl.Series) -> pl.DataFrame:
        """Return the pool of ``customers`` with every source's rank and score."""
        return self.pool.candidates(customers)

    def describe(self, candidates: pl.DataFrame) -> pl.DataFrame:
        """Return the candidates with their features, in the same order."""
        return self.features.transform(candidates, self.two_tower)
