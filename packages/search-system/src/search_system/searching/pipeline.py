"""Everything that an index knows, applied to a query: understanding, candidates, model.

The words of the query are understood (`search_system.understanding`), its candidates are the best
by words, kind and meaning (`search_system.learning_to_rank.first_stage`), and a trained model, if
the index has one, orders the first of them anew. What an index lacks (vectors, keywords, a model)
is left out, down to BM25F over corrected words.

Conditions of the query and filters restrict the candidates. Where more documents are asked for than
there are candidates, the next best by words follow them, so what comes first does not depend on how
many are asked for.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from search_system.errors import IndexMissingError, OptionError
from search_system.fusion import Ranking
from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Candidates, FirstStage, Signal
from search_system.learning_to_rank.model import RankingModel
from search_system.learning_to_rank.parameters_file import RankingParameters
from search_system.learning_to_rank.reranking import Reranker, Reranking
from search_system.learning_to_rank.vectors import IndexVectors, Masks, Numbers
from search_system.retrieval.cursor import Cursor, fingerprint
from search_system.retrieval.explanation import Explanation
from search_system.retrieval.pages import query_mark
from search_system.schema import VectorField
from search_system.searching.searcher import Searcher
from search_system.searching.semantic_ranking import RankingPage, SemanticQuery
from search_system.searching.signals import SignalExplanation
from search_system.understanding.understand import QueryUnderstanding


class RankingPipeline:
    """Ranks in one state of an index; safe for use by several threads."""

    def __init__(
        self,
        searcher: Searcher,
        parameters: RankingParameters,
        model: RankingModel | None = None,
        *,
        like: "RankingPipeline | None" = None,
    ) -> None:
        """Put a pipeline together.

        Args:
            searcher: of the snapshot.
            parameters: how everything counts, and which fields say what.
            model: orders the first candidates anew.
            like: another pipeline of the same snapshot, with which as much as possible is shared.

        Raises:
            OptionError: the model was trained on other features than this index computes, or the
                embedder of its vectors is not installed.
        """
        self.searcher = searcher
        self.parameters = parameters
        fields, switches = parameters.catalogue, parameters.switches
        if like and (like.parameters.catalogue, like.parameters.switches) == (fields, switches):
            self.understanding: QueryUnderstanding = like.understanding
        else:
            self.understanding = QueryUnderstanding(searcher, fields, switches)
        has_vectors = bool(searcher.schema.of_type(VectorField)) and bool(len(searcher.snapshot))
        made = like.stage.vectors if like else None
        self.stage: FirstStage = FirstStage(
            searcher,
            parameters=parameters.bm25f,
            understanding=self.understanding,
            vectors=made or (IndexVectors(searcher.semantic) if has_vectors else None),
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
        return RankingPipeline(self.searcher, self.parameters, model, like=self)

    def with_parameters(self, parameters: RankingParameters) -> "RankingPipeline":
        """Return a pipeline with other parameters and no model: it would not fit them."""
        return RankingPipeline(self.searcher, parameters, like=self)

    def rank(self, query: SemanticQuery, k: int) -> "PipelineRanking":
        """Return the k best documents or more; the query's weight does not count here."""
        allowed = query.allowed()
        candidates = self.stage(query.text, allowed)
        reranking = self._reranker(candidates) if self._reranker else None
        ranking = PipelineRanking(self.stage, candidates, reranking)
        if k > len(ranking.numbers):
            ranking.follow(*self._by_words(query, candidates, k, allowed))
        return ranking

    def _by_words(
        self, query: SemanticQuery, candidates: Candidates, k: int, allowed: Masks | None
    ) -> tuple[Numbers, Signal]:
        """Return the best by words: as they were understood, or by all of the query."""
        if query.tree == self.searcher.words_of(query.text)[0]:
            return self.stage.scorer.search(candidates.weights, k, allowed)
        found = query.matcher.search(query.matched, k)
        return found.numbers, found.scores

    def rank_words(self, text: str, k: int) -> Ranking:
        """Return the k best documents for the words of a text, whatever signs it has."""
        tree, _ = self.searcher.words_of(text)
        matcher = self.searcher.matcher(self.parameters.bm25f)
        ranking = self.rank(SemanticQuery(text, tree, None, matcher, None), k)
        return ranking.numbers[:k], ranking.scores[:k]

    def page(
        self, query: SemanticQuery, k: int, cursor: str | None = None
    ) -> "RankingPage[PipelineRanking]":
        """Return the first k documents, or the k behind a cursor.

        Raises:
            OptionError: the cursor is none of this query.
        """
        place = 0 if cursor is None else Cursor.decode(cursor, _mark(query), 0).number
        if place < 0:
            raise OptionError(f"expected a cursor with a place, found {place}")
        ranking = self.rank(query, place + k + 1)
        return RankingPage.cut(
            ranking, place, k, lambda: Cursor(_mark(query), (), place + k).encode()
        )


class PipelineRanking:
    """Documents, best first, and what was searched for."""

    def __init__(
        self, stage: FirstStage, candidates: Candidates, reranking: Reranking | None
    ) -> None:
        """Take the candidates in their order."""
        self.understood: str = candidates.query.text
        """The words that were searched for."""
        self._stage, self._candidates = stage, candidates
        self._first = reranking or candidates
        self.numbers: Numbers = self._first.numbers
        self.scores: Signal = self._first.scores

    def follow(self, numbers: Numbers, scores: Signal) -> None:
        """Put the best by words behind the candidates, but for these, with scores below theirs."""
        others = ~np.isin(numbers, self.numbers)
        last = float(self.scores[-1]) if len(self.scores) else 0.0
        behind = last - 1.0 + scores[others] - (scores[0] if len(scores) else 0.0)
        self.numbers = np.concatenate([self.numbers, numbers[others]])
        self.scores = np.concatenate([self.scores, behind])

    def explain(self, number: int) -> SignalExplanation:
        """Return how a document's score comes about, which it equals to the last bit."""
        if number in self._candidates.numbers:
            found = replace(self._first.explain(number), name="ranked")
            return self._with_words(found, number)
        places = np.flatnonzero(self.numbers == number)
        score = float(self.scores[places[0]]) if len(places) else 0.0
        note = "it is no candidate: those that are not follow all others in the order of words"
        first = replace(self._candidates.explain(number), name="ranked", score=score, note=note)
        return self._with_words(first, number)

    def _with_words(self, explanation: SignalExplanation, number: int) -> SignalExplanation:
        """Add how the score by words comes about."""
        searcher = self._stage.searcher
        tree, _ = searcher.words_of(self.understood)
        words = searcher.matcher(self._stage.scorer.parameters).explain(tree, number)
        return _put(explanation, words)


def _mark(query: SemanticQuery) -> str:
    """Return what tells the pages of this query from others."""
    return fingerprint("ranked", query.text, query_mark(query.matcher, query.matched))


def _put(explanation: SignalExplanation, words: Explanation) -> SignalExplanation:
    if explanation.name == "bm25f":
        return replace(explanation, words=words)
    return replace(explanation, parts=tuple(_put(part, words) for part in explanation.parts))
