"""The ranker: boosted trees over the pools of several past periods, with a loss on whole lists.

Each training period is a day in the past with the pool and the features as of that day, and what
was bought from then on as the labels. The latest period decides how many trees to take (early
stopping on time, never on a random part of the same days), then the model is fitted again on all
periods with that number. Several models of different seeds are averaged.

Deterministic: rows come in a fixed order, LightGBM runs row-wise with ``deterministic``, and equal
scores are ordered by article number; so the same seed and data give the same lists.

The file is JSON with LightGBM's own text format inside; nothing in it runs code when it is loaded.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, LABEL, RANK, SCORE
from fashion_recsys.errors import InputError, SplitError
from fashion_recsys.progress import Progress, silent
from fashion_recsys.ranking.features.builder import KEYS
from fashion_recsys.ranking.sampling import sample_negatives
from fashion_recsys.ranking.settings import RankerSettings

FORMAT_VERSION = 1
STEP = "train ranker"
METRIC_K = 12
_PREDICT_ROWS = 500_000
_PERIOD = "__period"


@dataclass(frozen=True)
class TrainingPeriod:
    """A day in the past, what was known on it, and what came true."""

    as_of: date
    """First day of the period; the features know nothing of it."""
    features: pl.DataFrame
    """customer, article, label (u8), features; sorted by customer and article."""


class Ranker:
    """A trained ranker."""

    def __init__(self, models: Sequence[lgb.Booster], features: Sequence[str]) -> None:
        """Take the models to average and the names of the features that they read."""
        self._models = tuple(models)
        self.features = tuple(features)

    @property
    def trees(self) -> int:
        """Trees of each model."""
        return int(self._models[0].num_trees())

    def score(self, features: pl.DataFrame) -> npt.NDArray[np.float32]:
        """Return one score per row, higher is better; scores compare within a customer only.

        Raises:
            InputError: a feature that the ranker learned from is missing.
        """
        missing = [name for name in self.features if name not in features.columns]
        if missing:
            raise InputError(
                f"ranker: expected the feature {missing[0]} ({len(missing)} are missing); build "
                "features with the sources that it was trained with, or train it again"
            )
        scores = np.zeros(features.height, np.float32)
        for begin in range(0, features.height, _PREDICT_ROWS):
            X = _matrix(features[begin : begin + _PREDICT_ROWS], self.features)
            for model in self._models:
                scores[begin : begin + len(X)] += np.asarray(model.predict(X)) / len(self._models)
        return scores

    def rank(self, features: pl.DataFrame) -> pl.DataFrame:
        """Return the candidates of each customer, best first; ties are ordered by article number.

        Args:
            features: customer, article, features.

        Returns:
            customer, article, rank (u32, from 1), score (f32); sorted by customer and rank.
        """
        pairs = features.select(CUSTOMER, ARTICLE).with_columns(
            pl.Series(SCORE, self.score(features))
        )
        ordered = pairs.sort(CUSTOMER, SCORE, ARTICLE, descending=[False, True, False])
        ranked = ordered.with_columns(pl.int_range(1, pl.len() + 1).over(CUSTOMER).alias(RANK))
        return ranked.select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)

    def importance(self) -> pl.DataFrame:
        """Return feature and gain (share of the loss that its splits removed), largest first."""
        gains = np.sum([model.feature_importance("gain") for model in self._models], axis=0)
        table = pl.DataFrame({"feature": self.features, "gain": gains / max(gains.sum(), 1e-12)})
        return table.sort(["gain", "feature"], descending=[True, False])

    def save(self, path: Path) -> None:
        """Write the ranker as text."""
        content = {
            "format_version": FORMAT_VERSION,
            "features": self.features,
            "models": [model.model_to_string() for model in self._models],
        }
        path.write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Ranker":
        """Read what ``save`` wrote.

        Raises:
            InputError: there is no such file, or it is not a saved ranker of this version.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version = content["format_version"]
            models = [lgb.Booster(model_str=text) for text in content["models"]]
            ranker = cls(models, content["features"])
        except (OSError, ValueError, KeyError, TypeError, lgb.basic.LightGBMError) as error:
            raise InputError(f"{path}: expected a saved ranker ({error}); train again") from error
        if version != FORMAT_VERSION:
            raise InputError(
                f"{path}: expected format version {FORMAT_VERSION}, found {version}; train again"
            )
        return ranker


def train_ranker(
    periods: Sequence[TrainingPeriod],
    settings: RankerSettings | None = None,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Ranker:
    """Train on past periods; the latest one decides how many trees.

    Args:
        periods: in any order, each with the same features.
        settings: how to learn.
        seed: of the samples and the models.
        progress: told how far it is.

    Raises:
        SplitError: there is no row, or no candidate came true, so that there is nothing to learn.
    """
    settings = settings or RankerSettings()
    ordered = sorted(periods, key=lambda period: period.as_of)
    samples = [_sample(period, settings, seed) for period in ordered]
    if not any(sample.height for sample in samples):
        raise SplitError(_nothing_to_learn(ordered))
    samples = [sample for sample in samples if sample.height]
    names = [name for name in samples[0].columns if name not in (*KEYS, _PERIOD)]
    trees = settings.trees_without_validation
    if len(samples) > 1:
        trees = _best_trees(samples, ordered, names, settings, seed)
    progress(STEP, 0.5)
    data = _dataset(pl.concat(samples), names)
    models = []
    for place in range(settings.models):
        models.append(lgb.train(_parameters(settings, seed + place), data, trees))
        progress(STEP, 0.5 + 0.5 * (place + 1) / settings.models)
    return Ranker(models, names)


def _sample(period: TrainingPeriod, settings: RankerSettings, seed: int) -> pl.DataFrame:
    day = period.as_of.toordinal()
    sample = sample_negatives(period.features, settings.negatives_per_customer, seed=seed + day)
    return sample.with_columns(pl.lit(day).alias(_PERIOD))


def _nothing_to_learn(periods: Sequence[TrainingPeriod]) -> str:
    rows = sum(period.features.height for period in periods)
    days = ", ".join(str(period.as_of) for period in periods) or "none"
    return (
        f"ranker: expected candidates that came true, found none among {rows:,} (periods from "
        f"{days}); train on other days or with larger pools"
    )


def _best_trees(
    samples: Sequence[pl.DataFrame],
    periods: Sequence[TrainingPeriod],
    names: Sequence[str],
    settings: RankerSettings,
    seed: int,
) -> int:
    """Train on all periods but the latest and return the trees that rank it best."""
    train = _dataset(pl.concat(samples[:-1]), names)
    latest = periods[-1].features.filter(pl.col(LABEL).max().over(CUSTOMER) > 0)
    valid = _dataset(latest.with_columns(pl.lit(0).alias(_PERIOD)), names, reference=train)
    stop = lgb.early_stopping(settings.patience, first_metric_only=True, verbose=False)
    parameters = _parameters(settings, seed) | {"metric": "ndcg", "eval_at": [METRIC_K]}
    model = lgb.train(parameters, train, settings.max_trees, valid_sets=[valid], callbacks=[stop])
    return max(1, int(model.best_iteration))


def _dataset(
    rows: pl.DataFrame, names: Sequence[str], reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    """Return LightGBM's table; the rows of one customer and period are one list to rank."""
    lists = rows.group_by(_PERIOD, CUSTOMER, maintain_order=True).len()["len"].to_numpy()
    X, y = _matrix(rows, names), rows[LABEL].to_numpy()
    return lgb.Dataset(
        X, y, group=lists, reference=reference, feature_name=list(names), free_raw_data=False
    )


def _matrix(rows: pl.DataFrame, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return (rows, features); nulls become NaN, which is LightGBM's missing value."""
    return rows.select(pl.col(list(names)).cast(pl.Float32)).to_numpy()


def _parameters(settings: RankerSettings, seed: int) -> dict[str, Any]:
    return {
        "objective": settings.objective,
        "metric": "None",
        "lambdarank_truncation_level": settings.truncation,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "min_data_in_leaf": settings.min_data_in_leaf,
        "lambda_l2": settings.lambda_l2,
        "feature_fraction": settings.feature_fraction,
        "bagging_fraction": settings.bagging_fraction,
        "bagging_freq": 1,
        "max_bin": 127,
        "seed": seed,
        "num_threads": settings.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
