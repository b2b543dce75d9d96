"""Order the first candidates of a query anew by a model.

A model of few judgments is right on average and badly wrong now and then. Its score is mixed with
the first stage's, both less their mean and divided by their standard deviation over the candidates,
which keeps most of the gain and loses most of the mistakes.
"""

import numpy as np
from numpy.typing import NDArray

from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Candidates, standardized
from search_system.learning_to_rank.model import RankingModel


class Reranker:
    """A model and the features that it was trained on."""

    def __init__(self, extractor: FeatureExtractor, model: RankingModel) -> None:
        """Join the two.

        Raises:
            OptionError: the model was trained on other features.
        """
        model.check(extractor.names, "re-ranking")
        self._extractor = extractor
        self._model = model

    def __call__(self, candidates: Candidates) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return all candidates and scores, best first; those beyond the depth stay behind."""
        depth, weight = self._model.depth, self._model.weight
        numbers, first = candidates.numbers[:depth], candidates.scores[:depth]
        if not len(numbers):
            return numbers, first
        learned = standardized(self._model.scores(self._extractor(candidates, numbers)))
        scores = weight * learned + (1 - weight) * standardized(first)
        order = np.lexsort((numbers, -scores))
        # What was not ordered anew keeps its order and its distances, below everything else.
        behind = candidates.scores[depth:] - candidates.scores[depth - 1 : depth].sum()
        rest = np.minimum(behind, 0.0) + scores.min() - 1e-9
        return (
            np.concatenate([numbers[order], candidates.numbers[depth:]]),
            np.concatenate([scores[order], rest]),
        )
