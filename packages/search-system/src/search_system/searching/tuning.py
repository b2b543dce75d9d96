"""Tune how an index ranks on judged queries, and say what it gains on queries that it has not seen.

One parameter is moved after the other (`search_system.evaluation.tuning.coordinate_search`): k1,
one b for all fields, the fields' weights beside the first one's (only ratios matter), then what a
mode adds: the weight of meaning in hybrid results, those of all signals in ranked ones. A b
for each field would be one more parameter per field to choose by luck: with few queries the gain
shrinks. The start, and the baseline, are the defaults of the schema.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_system.corpus.collection import Qrels
from search_system.errors import CollectionError, OptionError
from search_system.evaluation.comparison import Comparison, compare
from search_system.evaluation.evaluate import judged_queries
from search_system.evaluation.metrics import Metrics, measure
from search_system.evaluation.tuning import Point, Tuning, coordinate_search
from search_system.fusion import Ranking
from search_system.learning_to_rank.parameters_file import RankingParameters
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.searching.pipeline import RankingPipeline
from search_system.searching.searcher import Searcher
from search_system.searching.semantic import Mode
from search_system.searching.semantic_ranking import SemanticQuery
from search_system.understanding.understand import Switches

DEPTH = 100
"""How many documents are ranked: enough for nDCG@10 without those that nobody has judged."""
K1 = (0.4, 0.8, 1.2, 1.6, 2.0)
B = (0.25, 0.5, 0.75, 0.9)
WEIGHTS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0)
DENSE_WEIGHTS = tuple(step / 20 for step in range(15))
SIGNAL_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75)
DENSE_DEPTHS = (0, 100)
_FIELD = "weight of "


@dataclass(frozen=True, slots=True)
class IndexTuning:
    """The parameters to use, and what choosing them so is worth."""

    parameters: RankingParameters
    start: Point
    """The defaults, by name."""
    tuning: Tuning
    parameters_at: Callable[[Point], RankingParameters]
    """Returns the parameters of a point, such as what a fold has chosen."""


def tune(
    searcher: Searcher,
    defaults: RankingParameters,
    queries: Mapping[str, str],
    qrels: Qrels,
    mode: Mode = "lexical",
    *,
    held: Collection[str] = (),
    folds: int = 5,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> IndexTuning:
    """Tune what a mode ranks by; queries without a relevant document are left out.

    Args:
        searcher: of the index.
        defaults: where to begin (`RankingParameters.default`); their catalogue and switches stay.
        queries: texts by id.
        qrels: grades by query id and document id.
        mode: lexical, hybrid or ranked.
        held: parameters that stay as they are.
        folds: how many times to choose without a part of the queries.
        seed: deals the queries into folds.
        progress: called after each setting that was tried.

    Raises:
        CollectionError: a judged query has no text, or none has a relevant document.
        OptionError: there are fewer queries than folds, the mode has nothing to tune, or does not
            tune what shall be held.
    """
    if mode == "dense":
        raise OptionError(
            "mode 'dense' has no parameters to tune; choose lexical, hybrid or ranked"
        )
    positive = positive_qrels(qrels)
    texts = judged_queries(queries, positive)
    space = _Space(defaults, mode, held)
    rank = _ranking_of(searcher, defaults, mode)

    def evaluate(point: Point) -> dict[str, Metrics]:
        parameters = space.at(point)
        found = {q: measure(searcher.run(rank(text, parameters), DEPTH), positive[q])
                 for q, text in texts.items()}  # fmt: skip
        progress()
        return found

    tuning = coordinate_search(space.start, space.axes, evaluate, folds=folds, seed=seed)
    return IndexTuning(space.at(tuning.best), space.start, tuning, space.at)


def positive_qrels(qrels: Qrels) -> Qrels:
    """Return the judgments of queries with a relevant document; the others teach nothing.

    Raises:
        CollectionError: there is none.
    """
    positive = {q: judged for q, judged in qrels.items() if any(g > 0 for g in judged.values())}
    if not positive:
        raise CollectionError("expected queries with a relevant document, found none")
    return positive


def worth_of_switches(
    pipeline: RankingPipeline, queries: Mapping[str, str], qrels: Qrels
) -> dict[str, Comparison]:
    """Return what each step of query understanding adds to nDCG@10 when all others are taken.

    Steps that are switched off are left out.
    """
    positive = positive_qrels(qrels)
    texts = judged_queries(queries, positive)

    def values(other: RankingPipeline) -> dict[str, float]:
        found = {}
        for query_id, text in texts.items():
            run = other.searcher.run(other.rank_words(text, DEPTH), DEPTH)
            found[query_id] = measure(run, positive[query_id]).ndcg_at_10
        return found

    base = pipeline.with_model(None)
    parameters, everything = base.parameters, values(base)
    found = {}
    for name in Switches.__dataclass_fields__:
        if getattr(parameters.switches, name):
            switches = replace(parameters.switches, **{name: False})
            without = base.with_parameters(replace(parameters, switches=switches))
            found[name] = compare(everything, values(without))
    return found


class _Space:
    """Points of numbers by name, as parameters."""

    def __init__(self, defaults: RankingParameters, mode: Mode, held: Collection[str] = ()) -> None:
        bm25f = defaults.bm25f
        counted = {name: field for name, field in bm25f.fields.items() if field.weight > 0}
        first = next(iter(counted.values()), FieldParameters())
        self._defaults = defaults
        self.start = {"k1": bm25f.k1, "b": first.b}
        self.start |= {_FIELD + name: field.weight for name, field in counted.items()}
        self.axes: dict[str, Sequence[float]] = {"k1": K1, "b": B}
        self.axes |= dict.fromkeys((_FIELD + name for name in list(counted)[1:]), WEIGHTS)
        if mode == "hybrid":
            self.start["dense_weight"] = defaults.dense_weight
            self.axes["dense_weight"] = DENSE_WEIGHTS
        elif mode == "ranked":
            self.start |= defaults.blend.weights | {"dense_depth": defaults.blend.dense_depth}
            self.axes |= dict.fromkeys(defaults.blend.weights, SIGNAL_WEIGHTS)
            self.axes["dense_depth"] = DENSE_DEPTHS
        if unknown := [name for name in held if name not in self.axes]:
            raise OptionError(
                f"mode '{mode}' tunes no parameter '{unknown[0]}'; it tunes {', '.join(self.axes)}"
            )
        self.axes = {name: values for name, values in self.axes.items() if name not in held}

    def at(self, point: Point) -> RankingParameters:
        """Return the parameters of a point."""
        fields = {
            name: FieldParameters(point.get(_FIELD + name, field.weight), point["b"])
            for name, field in self._defaults.bm25f.fields.items()
        }
        blend = self._defaults.blend
        weights: dict[str, Any] = {n: point.get(n, value) for n, value in blend.weights.items()}
        depth = int(point.get("dense_depth", blend.dense_depth))
        return replace(
            self._defaults,
            bm25f=BM25F(fields, point["k1"]),
            dense_weight=point.get("dense_weight", self._defaults.dense_weight),
            blend=replace(blend, **weights, dense_depth=depth),
        )


def _ranking_of(
    searcher: Searcher, defaults: RankingParameters, mode: Mode
) -> Callable[[str, RankingParameters], Ranking]:
    """Return what ranks a query by some parameters."""
    if mode == "ranked":
        return _Ranked(RankingPipeline(searcher, defaults))

    def rank(text: str, parameters: RankingParameters) -> Ranking:
        tree, _ = searcher.words_of(text)
        matcher = searcher.matcher(parameters.bm25f)
        if mode == "lexical":
            found = matcher.search(tree, DEPTH)
            return found.numbers, found.scores
        asked = SemanticQuery(text, tree, None, matcher, parameters.dense_weight)
        ranking = searcher.semantic.rank(asked, DEPTH)
        return ranking.numbers, ranking.scores

    return rank


class _Ranked:
    """Ranks by a pipeline; candidates are found once for all weights of their signals."""

    def __init__(self, pipeline: RankingPipeline) -> None:
        self._pipeline = pipeline
        self._known: dict[str, Any] = {}

    def __call__(self, text: str, parameters: RankingParameters) -> Ranking:
        known = self._pipeline.parameters
        if (parameters.bm25f, parameters.blend.dense_depth) != (
            known.bm25f, known.blend.dense_depth,
        ):  # fmt: skip
            self._pipeline = self._pipeline.with_parameters(parameters)
            self._known = {}
        if text not in self._known:
            self._known[text] = self._pipeline.stage(text)
        found = self._known[text].reweighted(parameters.blend)
        return found.numbers, found.scores
