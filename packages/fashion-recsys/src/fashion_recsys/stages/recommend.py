"""Stage ``recommend``: twelve articles for every customer, for the days after the log.

Customers pass in shards, and each finished shard stays in the scratch, so that an interruption of a
long batch costs one shard. A shard needs only its own customers: on many machines, each takes some
of the shards.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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
from fashion_recsys.stages.lists import (
    final_lists,
    popular_on,
    rank_columns_of,
    rules_on,
    with_history,
)
from fashion_recsys.stages.ranker import MODEL
from fashion_recsys.stages.shards import shards

LISTS = "recommendations.parquet"
_COST = ".json"


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
        inputs=(names.DATA, *names.vectors_for(as_of, budgets.two_tower), names.ranker(as_of)),
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
    return {"customers": len(customers), **_total(parts)}


class _Batch:
    """Makes the lists of shards with what was fitted once."""

    def __init__(self, context: StageContext, dataset: Dataset, as_of: date) -> None:
        from fashion_recsys.ranking.ranker import Ranker
        from fashion_recsys.stages.fitted import Fitted

        self._scratch = context.scratch
        budgets = Budgets(**context.params["budgets"])
        vectors = context.input(names.two_tower(as_of)) if budgets.two_tower else None
        self._fitted = Fitted.on(dataset, as_of, vectors, budgets, context.progress)
        self._ranker = Ranker.load(context.input(names.ranker(as_of)) / MODEL)
        self._popular = popular_on(dataset, as_of, context.params["days"])
        settings = RuleSettings(**context.params["rules"])
        self._rules = rules_on(dataset, as_of, settings, self._popular)
        everyone = dataset.customers.select(CUSTOMER).collect()[CUSTOMER]
        self._known = with_history(dataset.log, as_of, everyone)
        self._cost: dict[str, float] = {}

    def bring_up(self, number: int, customers: pl.Series) -> Path:
        """Return the file with the lists of a shard, made now or by an interrupted run.

        Its costs lie beside it, so that those of the whole are known after an interruption.
        """
        path = self._scratch / f"{number:06d}.parquet"
        if not path.exists():
            self._cost = {}
            partial = path.with_suffix(".partial")
            self._lists(customers).write_parquet(partial)
            path.with_suffix(_COST).write_text(json.dumps(self._cost), encoding="utf-8")
            partial.rename(path)
        return path

    def _lists(self, customers: pl.Series) -> pl.DataFrame:
        begin = int(self._known.search_sorted(customers[0], side="left"))
        end = int(self._known.search_sorted(customers[-1], side="right"))
        known = self._known[begin:end]
        with self._timed("candidates"):
            candidates = self._fitted.candidates(known)
        self._cost["ranked_rows"] = candidates.height
        with self._timed("features"):
            described = self._fitted.describe(candidates)
        with self._timed("ranking"):
            ranked = self._ranker.rank(described)
        with self._timed("rules"):
            final = final_lists(ranked, customers, self._rules, self._popular)
        reasons = candidates.select(CUSTOMER, ARTICLE, *rank_columns_of(candidates))
        return final.join(reasons, on=[CUSTOMER, ARTICLE], how="left", maintain_order="left")

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begin = process_time()
        yield
        self._cost[f"{step}_cpu_seconds"] = process_time() - begin


def _total(parts: Sequence[Path]) -> dict[str, float]:
    """Return rows and CPU seconds of all cores by step: what a row costs, and where."""
    total: dict[str, float] = {}
    for part in parts:
        for name, cost in json.loads(part.with_suffix(_COST).read_text(encoding="utf-8")).items():
            total[name] = total.get(name, 0) + cost
    return total
