"""Stage ``two-tower-DATE``: the model of one day, as vectors of all customers and articles."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.stages import data, names
from fashion_recsys.two_tower.settings import TwoTowerSettings

_UNFINISHED = "model"


def two_tower_stage(as_of: date, settings: TwoTowerSettings, seed: int) -> Stage:
    """Return the stage that trains on all purchases before ``as_of``."""
    return Stage(
        names.two_tower(as_of),
        train,
        params={"as_of": as_of.isoformat(), "settings": asdict(settings), "seed": seed},
        inputs=(names.DATA,),
        doc=f"train the two-tower model on the purchases before {as_of}",
    )


def train(context: StageContext) -> Mapping[str, Any]:
    """Train; the checkpoints lie in the scratch, so that an interrupted training goes on."""
    from fashion_recsys.two_tower.train import train_two_tower

    dataset = data.dataset_of(context.input(names.DATA))
    unfinished = context.scratch / _UNFINISHED
    with dataset.reading():
        epochs = train_two_tower(
            dataset.log,
            date.fromisoformat(context.params["as_of"]),
            dataset.articles.collect(),
            dataset.customers.collect(),
            settings=TwoTowerSettings(**context.params["settings"]),
            out=unfinished,
            seed=context.params["seed"],
            progress=context.progress,
        )
    unfinished.rename(names.vectors_of(context.out))
    return {"epochs": len(epochs), "loss": epochs[-1].loss}
