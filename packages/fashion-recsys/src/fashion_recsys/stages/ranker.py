"""Stage ``ranker-DATE``: learn to rank from the periods before a day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from fashion_recsys.columns import CUSTOMER
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.ranking.sampling import sample_negatives
from fashion_recsys.ranking.settings import RankerSettings
from fashion_recsys.stages import names
from fashion_recsys.stages.pool import read_known, read_shards

if TYPE_CHECKING:
    from fashion_recsys.ranking.ranker import TrainingPeriod

MODEL = "ranker.json"
IMPORTANCE = "importance.parquet"


def ranker_stage(
    as_of: date, periods: Sequence[date], settings: RankerSettings, seed: int
) -> Stage:
    """Return the stage that learns from the ``periods``, given by their first days."""
    return Stage(
        names.ranker(as_of),
        train,
        params={
            "periods": [day.isoformat() for day in periods],
            "settings": asdict(settings),
            "seed": seed,
        },
        inputs=tuple(names.pool(day) for day in periods),
        doc=f"learn to rank from {len(periods)} periods before {as_of}",
    )


def train(context: StageContext) -> Mapping[str, Any]:
    """Train, and write the ranker with the importance of its features."""
    from fashion_recsys.ranking.ranker import train_ranker

    settings = RankerSettings(**context.params["settings"])
    periods = list(training_periods(context, settings))
    ranker = train_ranker(periods, settings, seed=context.params["seed"], progress=context.progress)
    ranker.save(context.out / MODEL)
    ranker.importance().write_parquet(context.out / IMPORTANCE)
    return {
        "rows": sum(period.features.height for period in periods),
        "features": len(ranker.features),
        "trees": ranker.trees,
    }


def training_periods(context: StageContext, settings: RankerSettings) -> "Iterator[TrainingPeriod]":
    """Yield the periods to learn from: who had a history, with some negatives each."""
    from fashion_recsys.ranking.ranker import TrainingPeriod

    for day in map(date.fromisoformat, context.params["periods"]):
        known = read_known(context.input(names.pool(day)))
        sampled = [
            sample_negatives(
                table.join(known, on=CUSTOMER, how="semi", maintain_order="left"),
                settings.negatives_per_customer,
                seed=context.params["seed"] + number,
            )
            for number, table in enumerate(read_shards(context.input(names.pool(day))))
        ]
        if sampled:
            yield TrainingPeriod(day, pl.concat(sampled))
