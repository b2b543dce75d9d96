"""Stage ``pool-DATE``: candidates, features and labels of the customers who bought in a period.

Whoever bought nothing in the period teaches and tests nothing, and is left out. A period that only
teaches leaves out those who had bought nothing before, too: the ranker is not for them.
Ranker and ledger read these files; a period that is tested today teaches tomorrow's ranker, and is
made once for both. For a test, the lists of every source alone are measured too, as far as they
come true.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.columns import ARTICLE, CUSTOMER, LABEL, RANK
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.ranking.sampling import label_pool
from fashion_recsys.split import TimeSplit
from fashion_recsys.stages import data, names
from fashion_recsys.stages.days import split_of, split_params
from fashion_recsys.stages.lists import with_history
from fashion_recsys.stages.shards import shards

if TYPE_CHECKING:
    from fashion_recsys.stages.fitted import Fitted

SOURCE = "source"
LIST_LENGTH = 1000
"""Length of the lists on which a source alone is measured."""
_MEASURE_CUSTOMERS = 2_000
"""Customers at a time: 2,000 lists of 1,000 take 32 MB."""
_FOUND = "found.parquet"
_KNOWN = "known.parquet"
_GROUPS = "groups.json"


def pool_stage(
    split: TimeSplit, budgets: Budgets, *, tested: bool, max_customers: int, seed: int
) -> Stage:
    """Return the stage for the period that ``split`` tests on.

    Args:
        split: the period; candidates and features know only what was before it.
        budgets: longest list of each source.
        tested: make the pool of all customers, and measure the sources alone.
        max_customers: most customers, drawn at random, of a period that only teaches.
        seed: of the draw.
    """
    return Stage(
        names.pool(split.as_of),
        make_pool,
        params={
            **split_params(split),
            "budgets": asdict(budgets),
            "tested": tested,
            "max_customers": None if tested else max_customers,
            "seed": seed,
        },
        inputs=(names.DATA, names.two_tower(split.as_of)),
        doc=f"candidates and features for the customers of {split.as_of} to {split.test_end}",
    )


def make_pool(context: StageContext) -> Mapping[str, Any]:
    """Write one file per shard of customers: customer, article, label, features."""
    from fashion_recsys.stages.fitted import Fitted

    split = split_of(context.params)
    dataset = data.dataset_of(context.input(names.DATA))
    with dataset.reading():
        vectors = context.input(names.two_tower(split.as_of))
        budgets = Budgets(**context.params["budgets"])
        fitted = Fitted.on(dataset, split.as_of, vectors, budgets, context.progress)
        truth = split.test(dataset.log)
        customers = truth[CUSTOMER].unique().sort()
        known = with_history(dataset.log, split.as_of, customers)
        known.to_frame().write_parquet(context.out / _KNOWN)
        if not context.params["tested"]:
            customers = known
        most = context.params["max_customers"]
        if most is not None and len(customers) > most:
            customers = customers.sample(most, seed=context.params["seed"]).sort()
        rows = positives = 0
        for number, shard in enumerate(shards(customers)):
            table = label_pool(fitted.describe(fitted.candidates(shard)), truth)
            table.write_parquet(context.out / f"{number:06d}.parquet", compression="lz4")
            rows, positives = rows + table.height, positives + int(table[LABEL].sum())
            context.progress("candidates and features", shard[-1] / max(customers[-1], 1))
        (context.out / _GROUPS).write_text(json.dumps(fitted.features.groups), encoding="utf-8")
        if context.params["tested"]:
            _measure_sources(fitted, truth, customers, context)
    return {"customers": len(customers), "rows": rows, "positives": positives}


def _measure_sources(
    fitted: "Fitted", truth: pl.DataFrame, customers: pl.Series, context: StageContext
) -> None:
    """Write what came true of each source's longest lists: source, customer, article, rank."""
    found = []
    for shard in shards(customers, _MEASURE_CUSTOMERS):
        for source, _ in fitted.pool.budgets:
            lists = source.candidates(shard, LIST_LENGTH).select(CUSTOMER, ARTICLE, RANK)
            hits = lists.join(truth, on=[CUSTOMER, ARTICLE], how="semi")
            found.append(hits.select(pl.lit(source.name).alias(SOURCE), CUSTOMER, ARTICLE, RANK))
        context.progress("sources alone", shard[-1] / max(customers[-1], 1))
    pl.concat(found).write_parquet(context.out / _FOUND)


def read_shards(output: Path) -> Iterator[pl.DataFrame]:
    """Yield the tables of the stage's output."""
    for path in sorted(output.glob("[0-9]*.parquet")):
        yield pl.read_parquet(path)


def read_known(output: Path) -> pl.DataFrame:
    """Return the customers of the period who had bought before it, sorted."""
    return pl.read_parquet(output / _KNOWN)


def read_groups(output: Path) -> dict[str, list[str]]:
    """Return the feature columns by group."""
    return dict(json.loads((output / _GROUPS).read_text(encoding="utf-8")))


def read_found(output: Path) -> dict[str, pl.DataFrame]:
    """Return, for every source, what came true of its lists: customer, article, rank."""
    found = pl.read_parquet(output / _FOUND).partition_by(
        SOURCE, as_dict=True, include_key=False, maintain_order=True
    )
    return {str(name): table for (name,), table in found.items()}
