"""Train LambdaMART (Burges, 2010), as LightGBM has it, on a few judged queries.

Judgments are of documents that some earlier ranking showed, so a model trained on them alone has
never seen the rest, and puts it anywhere: with judged pairs only nDCG@10 falls far below BM25F. So
each query also gets unjudged documents as negatives, drawn from its first candidates. Some of them
are relevant; that costs less than not knowing them.

With a few dozen queries any single model is luck. Trees are shallow, see half of the features, and
several boosters with other seeds and other negatives are averaged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.corpus.collection import Qrels
from search_system.errors import CollectionError, OptionError
from search_system.learning_to_rank.features import RISING, FeatureExtractor, Features
from search_system.learning_to_rank.model import RankingModel, lightgbm


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a model is trained."""

    boosters: int = 4
    """How many are averaged."""
    trees: int = 50
    leaves: int = 7
    learning_rate: float = 0.05
    negatives: int = 60
    """Unjudged documents per query that count as irrelevant."""
    negatives_from: int = 100
    """They are drawn from so many of the first candidates."""
    weight: float = 0.3
    """How much the model counts beside the first stage (see `RankingModel`)."""
    depth: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        small = min(self.boosters, self.trees, self.leaves - 1, self.negatives_from)
        if small < 1 or min(self.negatives, self.seed) < 0 or not self.learning_rate > 0:
            raise OptionError(
                "expected boosters, trees and negatives_from from 1, leaves from 2, negatives "
                f"and the seed from 0 and a learning rate over 0, not {self}"
            )


@dataclass(frozen=True, slots=True)
class JudgedFeatures:
    """What a query has to teach."""

    judged: Features
    grades: NDArray[np.int64]
    """Of each row of ``judged``, negative ones as 0."""
    unjudged: Features
    """Of the first candidates without a judgment."""


def judged_features(
    extractor: FeatureExtractor,
    queries: Mapping[str, str],
    qrels: Qrels,
    options: TrainingOptions,
    track: Iterable[str] | None = None,
) -> dict[str, JudgedFeatures]:
    """Return the features of each query's judged documents and of its unjudged candidates.

    Documents that the index does not have are left out. ``track`` may be the query ids, shown with
    progress.
    """
    found = {}
    searcher = extractor.stage.searcher
    for query_id in track if track is not None else queries:
        candidates = extractor.stage(queries[query_id])
        numbers = {searcher.number(doc): grade for doc, grade in qrels.get(query_id, {}).items()}
        grades = {number: grade for number, grade in numbers.items() if number is not None}
        judged = np.fromiter(grades, np.int64)
        first = candidates.numbers[: options.negatives_from]
        found[query_id] = JudgedFeatures(
            extractor(candidates, judged),
            np.maximum(np.fromiter(grades.values(), np.int64), 0),
            extractor(candidates, first[~np.isin(first, judged)]),
        )
    return found


def train(
    examples: Iterable[JudgedFeatures], names: tuple[str, ...], options: TrainingOptions
) -> RankingModel:
    """Train a model on the features of judged queries.

    Raises:
        CollectionError: no query has documents of different grades, so there is nothing to learn.
        OptionError: LightGBM is not installed.
    """
    groups = [example for example in examples if len(example.judged)]
    if not any(example.grades.any() for example in groups):
        raise CollectionError(
            "expected queries with a relevant document among the judged ones that are indexed, "
            "found none; nothing can be learned"
        )
    texts = tuple(_booster(groups, names, options, number) for number in range(options.boosters))
    return RankingModel(names, texts, options.weight, options.depth)


def _booster(
    groups: list[JudgedFeatures], names: tuple[str, ...], options: TrainingOptions, number: int
) -> str:
    rng = np.random.default_rng([options.seed, number])
    parts, grades, sizes = [], [], []
    for group in groups:
        n = min(options.negatives, len(group.unjudged))
        drawn = rng.choice(len(group.unjudged), n, replace=False) if n else np.zeros(0, np.int64)
        parts += [group.judged, group.unjudged[drawn]]
        grades += [group.grades, np.zeros(n, np.int64)]
        sizes.append(len(group.judged) + n)
    labels = np.concatenate(grades)
    library = lightgbm()
    data = library.Dataset(
        np.concatenate(parts), labels, group=sizes, feature_name=list(map(_plain, names))
    )
    parameters = _parameters(names, options, number, int(labels.max()))
    return str(library.train(parameters, data, options.trees).model_to_string())


def _parameters(
    names: tuple[str, ...], options: TrainingOptions, number: int, highest: int
) -> dict[str, Any]:
    return {
        "objective": "lambdarank",
        "label_gain": list(range(highest + 1)),  # nDCG's gain is the grade
        "lambdarank_truncation_level": 10,
        "num_leaves": options.leaves,
        "learning_rate": options.learning_rate,
        "min_data_in_leaf": 20,
        "lambda_l2": 5.0,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "monotone_constraints": [int(name in RISING) for name in names],
        "seed": options.seed * 1000 + number,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }


def _plain(name: str) -> str:
    """Return a name that LightGBM takes: none of JSON's special characters."""
    return "".join(c if c.isalnum() else "_" for c in name)
