"""Order the first candidates of a query anew by a model.

A model of few judgments is right on average and badly wrong now and then. Its score is mixed with
the first stage's, both less their mean and divided by their standard deviation over the candidates,
which keeps most of the gain and loses most of the mistakes.
"""

import operator
from dataclasses import replace
from functools import reduce

import numpy as np

from search_system.fusion import WeightedRanking, ZScore
from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Candidates, Signal
from search_system.learning_to_rank.model import RankingModel
from search_system.searching.signals import SignalExplanation


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

    def __call__(self, candidates: Candidates) -> "Reranking":
        """Return the candidates in their new order."""
        depth, weight = self._model.depth, self._model.weight
        numbers, first = candidates.numbers[:depth], candidates.scores[:depth]
        features = self._extractor(candidates, numbers)
        learned = self._model.scores(features) if len(numbers) else np.zeros(0)
        return Reranking(
            candidates,
            WeightedRanking(numbers, learned, ZScore.of(learned), weight),
            WeightedRanking(numbers, first, ZScore.of(first), 1 - weight),
        )


class Reranking:
    """All candidates of a query, best first; those that the model does not order stay behind."""

    def __init__(
        self, candidates: Candidates, model: WeightedRanking, first: WeightedRanking
    ) -> None:
        """Mix the model's scores of the first candidates with those of the first stage."""
        self._candidates, self._model, self._first = candidates, model, first
        scores = model.parts() + first.parts()
        order = np.lexsort((model.numbers, -scores))
        depth = len(scores)
        # What was not ordered anew keeps its order and its distances, below everything else.
        behind = candidates.scores[depth:] - candidates.scores[depth - 1 : depth].sum()
        rest = np.minimum(behind, 0.0) + (scores.min() if depth else 0.0) - 1e-9
        self.numbers = np.concatenate([model.numbers[order], candidates.numbers[depth:]])
        self.scores: Signal = np.concatenate([scores[order], rest])

    def explain(self, number: int) -> SignalExplanation:
        """Return how a candidate's score comes about, which it equals to the last bit."""
        first = self._candidates.explain(number)
        if self._model.score(number) is None:
            (place,) = np.flatnonzero(self.numbers == number)
            note = f"it is not among the first {len(self._model.numbers)}, which the model orders"
            return replace(first, name="ranked", score=float(self.scores[place]), note=note)
        parts = []
        for name, ranking in (("model", self._model), ("first stage", self._first)):
            value = ranking.score(number)
            normalized = ranking.normalized(value)
            part = SignalExplanation(
                name, value, ranking.weight * normalized, ranking.scale, normalized, ranking.weight
            )
            parts.append(part if name == "model" else replace(part, parts=first.parts))
        score = reduce(operator.add, (part.score for part in parts))
        return SignalExplanation("ranked", score, score, parts=tuple(parts))
