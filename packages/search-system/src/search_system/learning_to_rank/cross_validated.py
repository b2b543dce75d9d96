"""Train a model of an index, and measure models like it on queries that they have not seen.

The features of all judged queries are computed once: they depend on the index and on the query, not
on the other queries. For each fold a model is trained on the others and orders the fold's
candidates anew; the baseline is their first order. The model to keep is trained on all queries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from search_system.corpus.collection import Qrels
from search_system.evaluation.cross_validation import CrossValidation, cross_validate
from search_system.evaluation.metrics import measure
from search_system.learning_to_rank.features import FeatureExtractor
from search_system.learning_to_rank.first_stage import Candidates
from search_system.learning_to_rank.model import RankingModel
from search_system.learning_to_rank.reranking import Reranker, Reranking
from search_system.learning_to_rank.training import TrainingOptions, judged_features, train


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model of all queries, and what others like it gain on queries that they did not see."""

    model: RankingModel
    cross_validation: CrossValidation[RankingModel]
    """nDCG@10 by query, against the first stage."""


def train_cross_validated(
    extractor: FeatureExtractor,
    queries: Mapping[str, str],
    qrels: Qrels,
    options: TrainingOptions,
    *,
    folds: int = 5,
    track: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> TrainedModel:
    """Train on judged queries, all of them with a relevant document.

    Args:
        extractor: of the first stage whose candidates the model will order.
        queries: texts by id.
        qrels: grades of these queries.
        options: how to train; their seed deals the queries into folds, too.
        folds: how many models are trained to measure them.
        track: may show the progress through the query ids.

    Raises:
        CollectionError: there is nothing to learn from the judgments.
        OptionError: there are fewer queries than folds, or LightGBM is not installed.
    """
    examples = judged_features(extractor, queries, qrels, options, track(queries))
    candidates = {query_id: extractor.stage(text) for query_id, text in queries.items()}

    def fit(training: Sequence[str]) -> RankingModel:
        return train((examples[query_id] for query_id in training), extractor.names, options)

    def score(model: RankingModel, held_out: Sequence[str]) -> dict[str, float]:
        reranker = Reranker(extractor, model)
        return {query_id: ndcg(reranker(candidates[query_id]), query_id) for query_id in held_out}

    def ndcg(ranking: Candidates | Reranking, query_id: str) -> float:
        run = searcher.run((ranking.numbers, ranking.scores), 10)
        return measure(run, qrels[query_id]).ndcg_at_10

    searcher = extractor.stage.searcher
    baseline = {q: ndcg(found, q) for q, found in candidates.items()}
    measured = cross_validate(baseline, fit, score, folds, options.seed)
    return TrainedModel(fit(list(queries)), measured)
