"""Stage ``ablation-DATE``: what the lists lose without each source and each group of features.

The ranker is trained again for each: without a source's candidates (those that no other source
proposed) and its columns, or without the columns of a group. It answers whether a stage earns its
place, which the importance of a feature in a model that has everything does not.

Of a test with more than 20,000 customers, the groups are measured on the first ones, whose ids are
as random as any, and the lists without each source, which the ledger compares customer by customer
with the final ones, are left out: they would take longer than the run itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from fashion_recsys.columns import CANDIDATE_SCHEMA, CUSTOMER, rank_column, score_column
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.ranking.features.sources import summary_of_ranks
from fashion_recsys.ranking.settings import RankerSettings, RuleSettings
from fashion_recsys.split import TimeSplit
from fashion_recsys.stages import data, names
from fashion_recsys.stages.days import split_of, split_params
from fashion_recsys.stages.lists import final_lists, popular_on, rank_columns_of, rules_on
from fashion_recsys.stages.pool import read_found, read_groups, read_known, read_shards
from fashion_recsys.stages.ranker import training_periods
from fashion_recsys.stages.shards import SHARD_CUSTOMERS

SOURCE = "source"
_LISTS = "without.parquet"
_GROUPS = "groups.json"
MAX_CUSTOMERS = 20_000
_SHARDS = MAX_CUSTOMERS // SHARD_CUSTOMERS
_NO_LISTS = pl.DataFrame(schema={SOURCE: pl.String(), **CANDIDATE_SCHEMA})


def ablation_stage(
    split: TimeSplit,
    periods: Sequence[date],
    ranker: RankerSettings,
    rules: RuleSettings,
    *,
    max_customers: int,
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
            "max_customers": max_customers,
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
    with dataset.reading():
        truth = split.test(dataset.log)
        popular = popular_on(dataset, split.as_of, split.test_days)
        rules = rules_on(dataset, split.as_of, RuleSettings(**context.params["rules"]), popular)
    test = pl.concat([*islice(read_shards(pool), _SHARDS)])
    test = test.join(read_known(pool), on=CUSTOMER, how="semi", maintain_order="left")
    seed, groups, lists = context.params["seed"], read_groups(pool), []
    customers = truth[CUSTOMER].unique().sort()
    sources = tuple(read_found(pool)) if len(customers) <= MAX_CUSTOMERS else ()
    for place, source in enumerate(sources):
        own = groups.get(source, [])
        fewer = [replace(p, features=without_source(p.features, source, own)) for p in periods]
        ranked = train_ranker(fewer, settings, seed=seed).rank(without_source(test, source, own))
        final = final_lists(ranked, customers, rules, popular)
        lists.append(final.select(pl.lit(source).alias(SOURCE), pl.all()))
        context.progress("without each source", (place + 1) / len(sources))
    pl.concat([_NO_LISTS, *lists]).write_parquet(context.out / _LISTS)
    last = TrainingPeriod(split.as_of, test)
    ranked_truth = truth.join(test, on=CUSTOMER, how="semi")
    found = ablate(
        periods, last, ranked_truth, groups, settings, seed=seed, progress=context.progress
    )
    text = json.dumps([asdict(group) for group in found])
    (context.out / _GROUPS).write_text(text + "\n", encoding="utf-8")
    return {"sources": len(sources), "groups": len(groups)}


def without_source(features: pl.DataFrame, source: str, own: Sequence[str] = ()) -> pl.DataFrame:
    """Return the rows that another source proposed too, without the source's columns.

    Args:
        features: a pool with its features.
        source: the source to do without.
        own: further features that only this source can give.
    """
    fewer = features.drop(rank_column(source), score_column(source), *own)
    ranks = rank_columns_of(fewer)
    if not ranks:
        return fewer.clear()
    proposed = fewer.filter(pl.any_horizontal(pl.col(ranks).is_not_null()))
    return proposed.with_columns(*summary_of_ranks(ranks))


def read_lists(output: Path) -> dict[str, pl.DataFrame]:
    """Return the lists that were made without each source."""
    lists = pl.read_parquet(output / _LISTS).partition_by(
        SOURCE, as_dict=True, include_key=False, maintain_order=True
    )
    return {str(name): table for (name,), table in lists.items()}


def read_groups_ablation(output: Path) -> list[dict[str, Any]]:
    """Return what was lost without each group of features."""
    return list(json.loads((output / _GROUPS).read_text(encoding="utf-8")))
