"""Stage ``recommend``: twelve articles for every customer, for the days after the log.

Customers pass in shards, and each finished shard stays in the scratch, so that an interruption of a
long batch costs one shard. A shard needs only its own customers: on many machines, each takes some
of the shards.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import polars as pl

from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.columns import ARTICLE, CUSTOMER
from fashion_recsys.dataset import Dataset
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.ranking.settings import RuleSettings
from fashion_recsys.stages import data, names
from fashion_recsys.stages.lists import popular_on, rank_columns_of, rules_on, with_history
from fashion_recsys.stages.ranker import MODEL
from fashion_recsys.stages.shards import shards

LISTS = "recommendations.parquet"
_STEPS = ("candidates", "features", "ranking", "rules")


def recommend_stage(as_of: date, days: int, budgets: Budgets, rules: RuleSettings) -> Stage:
    """Return the stage for the ``days`` after the log, which begin on ``as_of``."""
    return Stage(
        names.RECOMMEND,
        recommend,
        params={
            "as_of": as_of.isoformat(),
            "days": days,
            "budgets": asdict(budgets),
            "rules": asdict(rules),
        },
        inputs=(names.DATA, names.two_tower(as_of), names.ranker(as_of)),
        doc=f"twelve articles for every customer on {as_of}",
    )


def recommend(context: StageContext) -> Mapping[str, Any]:
    """Write customer, article, rank, score, and the ranks of the sources, of every customer."""
    as_of = date.fromisoformat(context.params["as_of"])
    dataset = data.dataset_of(context.input(names.DATA))
    with dataset.reading():
        customers = dataset.customers.select(CUSTOMER).collect()[CUSTOMER]
        batch = _Batch(context, dataset, as_of)
        parts = []
        for number, shard in enumerate(shards(customers)):
            parts.append(batch.bring_up(number, shard))
            context.progress("recommend", shard[-1] / max(customers[-1], 1))
    lists = pl.scan_parquet(parts, glob=False)
    lists.sink_parquet(context.out / LISTS)
    return {"customers": len(customers), "ranked_rows": batch.rows, **batch.cpu_seconds}


class _Batch:
    """Makes the lists of shards with what was fitted once."""

    def __init__(self, context: StageContext, dataset: Dataset, as_of: date) -> None:
        from fashion_recsys.ranking.ranker import Ranker
        from fashion_recsys.stages.fitted import Fitted

        vectors = context.input(names.two_tower(as_of))
        self._scratch = context.scratch
        budgets = Budgets(**context.params["budgets"])
        self._fitted = Fitted.on(dataset, as_of, vectors, budgets, context.progress)
        self._ranker = Ranker.load(context.input(names.ranker(as_of)) / MODEL)
        popular = popular_on(dataset, as_of, context.params["days"])
        settings = RuleSettings(**context.params["rules"])
        self._rules = rules_on(dataset, as_of, settings, popular)
        everyone = dataset.customers.select(CUSTOMER).collect()[CUSTOMER]
        self._known = with_history(dataset.log, as_of, everyone).to_frame()
        self.rows = 0
        """Candidates that were ranked."""
        self.cpu_seconds = {f"{step}_cpu_seconds": 0.0 for step in _STEPS}
        """What they took, of all cores, to see what a row costs where."""

    def bring_up(self, number: int, customers: pl.Series) -> Path:
        """Return the file with the lists of a shard, made now or by an interrupted run."""
        path = self._scratch / f"{number:06d}.parquet"
        if not path.exists():
            partial = path.with_suffix(".partial")
            self._lists(customers).write_parquet(partial)
            partial.rename(path)
        return path

    def _lists(self, customers: pl.Series) -> pl.DataFrame:
        known = customers.to_frame().join(self._known, on=CUSTOMER, how="semi")[CUSTOMER]
        with self._timed("candidates"):
            candidates = self._fitted.candidates(known)
        self.rows += candidates.height
        with self._timed("features"):
            described = self._fitted.describe(candidates)
        with self._timed("ranking"):
            ranked = self._ranker.rank(described)
        with self._timed("rules"):
            final = self._rules.apply(ranked, customers)
        reasons = candidates.select(CUSTOMER, ARTICLE, *rank_columns_of(candidates))
        return final.join(reasons, on=[CUSTOMER, ARTICLE], how="left", maintain_order="left")

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begin = process_time()
        yield
        self.cpu_seconds[f"{step}_cpu_seconds"] += process_time() - begin


def read_lists(output: Path) -> pl.LazyFrame:
    """Return customer, article, rank, score, and each source's rank, of every list."""
    return pl.scan_parquet(output / LISTS, glob=False)
