"""Everything that an index knows, applied to a query: understanding, candidates, model.

The words of the query are understood (`search_system.understanding`), its candidates are the best
by words, kind and meaning (`search_system.learning_to_rank.first_stage`), and a trained model, if
the index has one, orders the first of them anew. What an index lacks (vectors, keywords, a model)
is left out, down to BM25F over corrected words.

Conditions of the query and filters restrict the candidates. Where more documents are asked for than
there are candidates, the next best by words follow them, so what comes first does not depend on how
many are asked for.
"""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.errors import IndexMissingError
from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Candidates, FirstStage
from search_system.learning_to_rank.model import RankingModel
from search_system.learning_to_rank.parameters_file import RankingParameters
from search_system.learning_to_rank.reranking import Reranker
from search_system.learning_to_rank.vectors import IndexVectors, Masks
from search_system.schema import VectorField
from search_system.searching.searcher import Searcher
from search_system.understanding.understand import QueryUnderstanding, UnderstoodQuery

Ranking = tuple[NDArray[np.int64], NDArray[np.float64]]


class Ranked(NamedTuple):
    """Documents, best first, and what was searched for."""

    numbers: NDArray[np.int64]
    scores: NDArray[np.float64]
    query: UnderstoodQuery


class RankingPipeline:
    """Ranks in one state of an index; safe for use by several threads."""

    def __init__(
        self,
        searcher: Searcher,
        parameters: RankingParameters,
        model: RankingModel | None = None,
        *,
        understanding: QueryUnderstanding | None = None,
    ) -> None:
        """Put a pipeline together.

        Args:
            searcher: of the snapshot.
            parameters: how everything counts, and which fields say what.
            model: orders the first candidates anew.
            understanding: made before, of the same snapshot, fields and switches.

        Raises:
            OptionError: the model was trained on other features than this index computes, or the
                embedder of its vectors is not installed.
        """
        self.searcher = searcher
        self.parameters = parameters
        self.understanding = understanding or QueryUnderstanding(
            searcher, parameters.catalogue, parameters.switches
        )
        has_vectors = bool(searcher.schema.of_type(VectorField)) and bool(len(searcher.snapshot))
        self.stage = FirstStage(
            searcher,
            parameters=parameters.bm25f,
            understanding=self.understanding,
            vectors=IndexVectors(searcher.semantic) if has_vectors else None,
            blend=parameters.blend,
        )
        self.model = model
        self._reranker = Reranker(self.extractor, model) if model else None

    @classmethod
    def load(
        cls, searcher: Searcher, parameters: RankingParameters, folder: Path
    ) -> "RankingPipeline":
        """Return the pipeline with the model that is stored with an index, if there is one.

        Raises:
            CorruptIndexError: the model is damaged.
            OptionError: it was trained on other features.
        """
        bare = cls(searcher, parameters)
        try:
            model = RankingModel.load(folder, bare.extractor.names)
        except IndexMissingError:
            return bare
        return bare.with_model(model)

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """What computes the model's features."""
        return FeatureExtractor(self.stage, self.parameters.catalogue.priors)

    def with_model(self, model: RankingModel | None) -> "RankingPipeline":
        """Return the same pipeline with another model, or without one."""
        return RankingPipeline(
            self.searcher, self.parameters, model, understanding=self.understanding
        )

    def with_parameters(self, parameters: RankingParameters) -> "RankingPipeline":
        """Return a pipeline with other parameters and no model: it would not fit them."""
        fixed = self.parameters.catalogue, self.parameters.switches
        same = fixed == (parameters.catalogue, parameters.switches)
        understanding = self.understanding if same else None
        return RankingPipeline(self.searcher, parameters, understanding=understanding)

    def search(self, text: str, k: int, allowed: Masks | None = None) -> Ranked:
        """Return the numbers and scores of the k best documents, best first.

        Args:
            text: the words of the query.
            k: how many documents.
            allowed: which documents meet the query's conditions, per segment.
        """
        candidates = self.stage(text, allowed)
        found = self._reranker(candidates) if self._reranker else _ranking(candidates)
        if k > len(found[0]):
            found = self._followed(found, candidates, k, allowed)
        return Ranked(found[0][:k], found[1][:k], candidates.query)

    def _followed(
        self, found: Ranking, candidates: Candidates, k: int, allowed: Masks | None
    ) -> Ranking:
        """Put the next best by words behind the candidates, with scores below theirs."""
        numbers, scores = self.stage.scorer.search(candidates.weights, k, allowed)
        others = ~np.isin(numbers, found[0])
        last = float(found[1][-1]) if len(found[1]) else 0.0
        behind = last - 1.0 + scores[others] - candidates.best_bm25f
        return np.concatenate([found[0], numbers[others]]), np.concatenate([found[1], behind])


def _ranking(candidates: Candidates) -> Ranking:
    return candidates.numbers, candidates.scores
