"""What a group of features is worth: the ranker trained again without it.

The gain that LightGBM reports for a feature says how often trees used it, not what would be lost
without it; two features that say the same share the gain, and neither is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from fashion_recsys.evaluation.metrics import average_precision, find_hits
from fashion_recsys.progress import Progress, silent
from fashion_recsys.ranking.ranker import TrainingPeriod, train_ranker
from fashion_recsys.ranking.settings import RankerSettings

ALL = "all features"
MAP_K = 12


@dataclass(frozen=True)
class Ablation:
    """The ranker without one group of features, on a later period."""

    without: str
    """The group, or ``ALL`` for the ranker that has all."""
    map_at_12: float
    difference: float
    """Against the ranker that has all; negative if the group helps."""
    standard_error: float
    """Of the difference, over customers (paired)."""


def ablate(
    periods: Sequence[TrainingPeriod],
    test: TrainingPeriod,
    truth: pl.DataFrame,
    groups: Mapping[str, Sequence[str]],
    settings: RankerSettings | None = None,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[Ablation, ...]:
    """Train with all features, and once without each group; measure on ``test``.

    Args:
        periods: to train on.
        test: a later period.
        truth: the distinct (customer, article) pairs of ``test``; its customers are averaged over.
        groups: feature columns by group, as ``FeatureBuilder.groups`` gives them.
        settings: how to learn.
        seed: of samples and models.
        progress: told how far it is.

    Returns:
        The ranker with all features, then one entry per group.
    """
    found: list[Ablation] = []
    complete = np.zeros(0)
    for place, (name, columns) in enumerate({ALL: (), **groups}.items()):
        fewer = [replace(period, features=period.features.drop(columns)) for period in periods]
        ranker = train_ranker(fewer, settings, seed=seed)
        hits = find_hits(ranker.rank(test.features), truth)
        precisions = average_precision(hits, truth, MAP_K)["average_precision"].to_numpy()
        complete = precisions if name == ALL else complete
        gain = precisions - complete
        error = float(gain.std() / np.sqrt(len(gain)))
        found.append(Ablation(name, float(precisions.mean()), float(gain.mean()), error))
        progress("ablate features", (place + 1) / (len(groups) + 1))
    return tuple(found)
