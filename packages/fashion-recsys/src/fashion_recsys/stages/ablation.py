"""Stage ``ablation-DATE``: what the lists lose without each source and each group of features.

The ranker is trained again for each: without a source's candidates (those that no other source
proposed) and its columns, or without the columns of a group. It answers whether a stage earns its
place, which the importance of a feature in a model that has everything does not.

At most 20,000 customers of the test are ranked: the first ones, whose ids are as random as any.
With more, the ledger, which is about all customers, leaves these lists out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from fashion_recsys.columns import CUSTOMER, rank_column, score_column
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.ranking.settings import RankerSettings, RuleSettings
from fashion_recsys.split import TimeSplit
from fashion_recsys.stages import data, names
from fashion_recsys.stages.days import split_of, split_params
from fashion_recsys.stages.lists import popular_on, rank_columns_of, rules_on
from fashion_recsys.stages.pool import read_found, read_groups, read_known, read_shards
from fashion_recsys.stages.ranker import training_periods

SOURCE = "source"
_LISTS = "without.parquet"
_GROUPS = "groups.json"
_SHARDS = 2


def ablation_stage(
    split: TimeSplit,
    periods: Sequence[date],
    ranker: RankerSettings,
    rules: RuleSettings,
    seed: int,
) -> Stage:
    """Return the stage that trains on ``periods`` without this and that, and ranks the test."""
    return Stage(
        names.ablation(split.as_of),
        make_lists,
        params={
            **split_params(split),
            "periods": [day.isoformat() for day in periods],
            "ranker": asdict(ranker),
            "rules": asdict(rules),
            "seed": seed,
        },
        inputs=(names.DATA, names.pool(split.as_of), *(names.pool(day) for day in periods)),
        doc=f"rank {split.as_of} without each source and each group of features",
    )


def make_lists(context: StageContext) -> Mapping[str, Any]:
    """Write the lists without each source, and the differences without each group."""
    from fashion_recsys.ranking.ablation import ablate
    from fashion_recsys.ranking.ranker import TrainingPeriod, train_ranker

    split = split_of(context.params)
    settings = RankerSettings(**context.params["ranker"])
    periods = list(training_periods(context, settings))
    dataset = data.dataset_of(context.input(names.DATA))
    pool = context.input(names.pool(split.as_of))
    test = pl.concat(list(islice(read_shards(pool), _SHARDS)))
    customers = test[CUSTOMER].unique().sort()
    test = test.join(read_known(pool), on=CUSTOMER, how="semi", maintain_order="left")
    with dataset.reading():
        rules = rules_on(
            dataset,
            split.as_of,
            RuleSettings(**context.params["rules"]),
            popular_on(dataset, split.as_of, split.test_days),
        )
        truth = split.test(dataset.log).join(customers.to_frame(), on=CUSTOMER, how="semi")
    seed, groups, lists = context.params["seed"], read_groups(pool), []
    sources = tuple(read_found(pool))
    for place, source in enumerate(sources):
        own = groups.get(source, [])
        fewer = [replace(p, features=without_source(p.features, source, own)) for p in periods]
        ranker = train_ranker(fewer, settings, seed=seed)
        final = rules.apply(ranker.rank(without_source(test, source, own)), customers)
        lists.append(final.select(pl.lit(source).alias(SOURCE), pl.all()))
        context.progress("without each source", (place + 1) / len(sources))
    pl.concat(lists).write_parquet(context.out / _LISTS)
    last = TrainingPeriod(split.as_of, test)
    found = ablate(periods, last, truth, groups, settings, seed=seed, progress=context.progress)
    text = json.dumps([asdict(group) for group in found])
    (context.out / _GROUPS).write_text(text + "\n", encoding="utf-8")
    return {"sources": len(sources), "groups": len(groups), "customers": len(customers)}


def without_source(features: pl.DataFrame, source: str, own: Sequence[str] = ()) -> pl.DataFrame:
    """Return the rows that another source proposed too, without the source's columns.

    Args:
        features: a pool with its features.
        source: the source to do without.
        own: further features that only this source can give.
    """
    fewer = features.drop(rank_column(source), score_column(source), *own)
    others = [pl.col(name).is_not_null() for name in rank_columns_of(fewer)]
    return fewer.filter(pl.any_horizontal(others))


def read_lists(output: Path) -> dict[str, pl.DataFrame]:
    """Return the lists that were made without each source."""
    lists = pl.read_parquet(output / _LISTS).partition_by(
        SOURCE, as_dict=True, include_key=False, maintain_order=True
    )
    return {str(name): table for (name,), table in lists.items()}


def read_groups_ablation(output: Path) -> list[dict[str, Any]]:
    """Return what was lost without each group of features."""
    return list(json.loads((output / _GROUPS).read_text(encoding="utf-8")))
