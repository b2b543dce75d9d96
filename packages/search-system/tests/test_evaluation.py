"""The measures against trec_eval, and by hand."""

import math
from collections.abc import Callable

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import (
    Collection,
    CollectionError,
    Index,
    OptionError,
    evaluate_run,
    read_qrels,
    read_queries,
    run_queries,
)
from search_system.evaluation.evaluate import judged_queries
from search_system.evaluation.grades import GradeReading
from search_system.evaluation.metrics import (
    JudgedRanking,
    measure,
    ndcg_at_k,
    precision_at_k,
    rank,
    recall_at_k,
)

Real = Callable[[str], tuple[Collection, Index]]

MEASURES = {
    "ndcg_cut_10": "ndcg_at_10",
    "map": "average_precision",
    "recip_rank": "reciprocal_rank",
    "P_10": "precision_at_10",
    "recall_100": "recall_at_100",
}

doc_ids = st.sampled_from([f"d{i}" for i in range(150)] + ["é", "Z", "z", "10", "9"])
# Few distinct values for ties; pairs that differ in float64 and tie in float32.
values = st.sampled_from([0.0, 1e39, -1e300, 1.0, 1.0 + 1e-9, 2.5, -3.0, 1e-9, 2e-9]) | st.floats(
    -9, 9
)
runs = st.dictionaries(doc_ids, values, min_size=1)
# One grade of 0 at least: where all are negative, pytrec_eval now and then crashes the process.
grades = st.dictionaries(doc_ids, st.integers(-2, 4)).map(lambda judged: judged | {"d0": 0})


@settings(max_examples=200, deadline=None)
@given(run=runs, judged=grades)
def test_equals_trec_eval(run: dict[str, float], judged: dict[str, int]) -> None:
    evaluator = pytrec_eval.RelevanceEvaluator({"q": judged}, set(MEASURES))
    expected = evaluator.evaluate({"q": run})["q"]
    ours = measure(run, judged)
    for theirs, name in MEASURES.items():
        assert getattr(ours, name) == pytest.approx(expected[theirs], abs=1e-12), name


@settings(max_examples=100, deadline=None)
@given(run=runs, judged=grades, k=st.sampled_from([1, 3, 10, 150, 200]))
def test_equals_trec_eval_at_any_k(run: dict[str, float], judged: dict[str, int], k: int) -> None:
    names = {f"ndcg_cut_{k}": ndcg_at_k, f"P_{k}": precision_at_k, f"recall_{k}": recall_at_k}
    wanted = {f"ndcg_cut.{k}", f"P.{k}", f"recall.{k}"}
    expected = pytrec_eval.RelevanceEvaluator({"q": judged}, wanted).evaluate({"q": run})["q"]
    ranking = JudgedRanking.of(run, judged)
    for theirs, function in names.items():
        assert function(ranking, k) == pytest.approx(expected[theirs], abs=1e-12), theirs


@settings(max_examples=100, deadline=None)
@given(run=runs, judged=grades)
def test_condensed_is_trec_eval_on_the_judged_documents(
    run: dict[str, float], judged: dict[str, int]
) -> None:
    run = run | {"d0": 0.0}  # pytrec_eval has no figures for a query that finds nothing
    kept = {doc_id: score for doc_id, score in run.items() if doc_id in judged}
    evaluator = pytrec_eval.RelevanceEvaluator({"q": judged}, {"ndcg_cut_10"})
    expected = evaluator.evaluate({"q": kept})["q"]["ndcg_cut_10"]
    assert measure(run, judged).condensed_ndcg_at_10 == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["chorus_icecat", "cranfield"])
def test_equals_trec_eval_on_a_real_run(real: Real, name: str) -> None:
    collection, index = real(name)
    qrels = read_qrels(collection.qrels[collection.choose_split()])
    assert collection.queries is not None
    queries = judged_queries(read_queries(collection.queries), qrels)
    run = run_queries(lambda text: index.search(text, 1000, plain=True), queries)
    expected = pytrec_eval.RelevanceEvaluator(qrels, set(MEASURES)).evaluate(run)
    ours = evaluate_run(run, qrels).by_query
    assert set(expected) <= set(ours)
    for query_id, figures in expected.items():
        for theirs, measure_name in MEASURES.items():
            assert getattr(ours[query_id], measure_name) == pytest.approx(
                figures[theirs], abs=1e-12
            )


def test_measures_by_hand() -> None:
    ours = measure({"x": 3, "a": 2, "y": 1, "b": 0.5}, {"a": 1, "b": 3, "c": 2, "x": 0})
    assert ours.average_precision == pytest.approx(1 / 3 * (1 / 2 + 2 / 4))
    assert ours.reciprocal_rank == 1 / 2
    assert ours.recall_at_100 == 2 / 3
    assert ours.judged_at_10 == 3 / 4
    assert ours.precision_at_10 == 2 / 10
    dcg = 1 / math.log2(3) + 3 / math.log2(5)
    assert ours.ndcg_at_10 == pytest.approx(dcg / (3 + 2 / math.log2(3) + 1 / math.log2(4)))
    condensed = 1 / math.log2(3) + 3 / math.log2(4)  # without y
    assert ours.condensed_ndcg_at_10 == pytest.approx(condensed / dcg * ours.ndcg_at_10)


def test_nothing_found_and_nothing_relevant() -> None:
    assert set(vars_of(measure({}, {"a": 1}))) == {0.0}
    only_irrelevant = measure({"a": 1.0}, {"a": 0, "b": -1})
    assert only_irrelevant.judged_at_10 == 1
    assert only_irrelevant.ndcg_at_10 == only_irrelevant.average_precision == 0


def vars_of(metrics: object) -> list[float]:
    return [getattr(metrics, name) for name in [*MEASURES.values(), "judged_at_10"]]


def test_ties_go_by_id_descending_and_as_float32() -> None:
    assert rank({"a": 1.0, "c": 1.0, "b": 1.0 + 1e-12, "d": 0.5}) == ["c", "b", "a", "d"]


def test_both_denominators() -> None:
    qrels = {"q1": {"a": 1}, "q2": {"a": 0}, "q3": {"b": 2}, "q4": {"b": -1}}
    evaluation = evaluate_run({"q1": {"a": 1.0}, "q2": {"a": 1.0}}, qrels)
    assert (evaluation.queries, evaluation.positive_queries) == (4, 2)
    assert evaluation.all_judged is not None
    assert evaluation.with_positive is not None
    assert evaluation.all_judged.reciprocal_rank == 1 / 4
    assert evaluation.with_positive.reciprocal_rank == 1 / 2
    assert evaluation.without_positive == ("q2", "q4")
    assert evaluation.irrelevant_judgments == 2
    assert evaluation.values("reciprocal_rank") == {"q1": 1.0, "q3": 0.0}
    assert evaluation.with_positive_error is not None
    assert evaluation.with_positive_error.reciprocal_rank == pytest.approx(1 / 2)
    nothing = evaluate_run({}, {"q": {"a": 0}})
    assert nothing.with_positive is nothing.with_positive_error is nothing.all_judged_error is None


def test_grade_readings() -> None:
    qrels = {"q": {"a": 1, "b": 4, "c": -1}}
    assert GradeReading.parse("raw").apply(qrels) == qrels
    assert GradeReading.parse("binary").apply(qrels) == {"q": {"a": 1, "b": 1, "c": 0}}
    cranfield = GradeReading.parse("1=4,2=3,3=2,4=1,-1=0")
    assert cranfield.apply(qrels) == {"q": {"a": 4, "b": 1, "c": 0}}
    with pytest.raises(OptionError, match="gives no grade for the judgments' -1"):
        GradeReading.parse("1=4,4=1").apply(qrels)
    for wrong in ("", "1", "a=b", "1=2=3", "1=2,"):
        with pytest.raises(OptionError, match="--grades must be"):
            GradeReading.parse(wrong)


def test_cranfield_codes_are_upside_down(real: Real) -> None:
    """The known figure of about .367 comes from the mapped grades only."""
    collection, index = real("cranfield")
    assert collection.queries is not None
    codes = read_qrels(collection.qrels["test"])
    queries = read_queries(collection.queries)
    run = run_queries(lambda text: index.search(text, 100, plain=True), queries)
    figures = {}
    for name in ("raw", "binary", "1=4,2=3,3=2,4=1,-1=0"):
        means = evaluate_run(run, GradeReading.parse(name).apply(codes)).all_judged
        assert means is not None
        figures[name] = means.ndcg_at_10
    assert list(figures.values()) == pytest.approx([0.3430, 0.3911, 0.3760], abs=5e-5)


def test_a_judged_query_without_text() -> None:
    with pytest.raises(CollectionError, match="1 judged queries have no text, the first is 'q2'"):
        judged_queries({"q1": "x"}, {"q1": {"a": 1}, "q2": {"a": 1}})
