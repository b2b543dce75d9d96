"""Folds, out-of-fold values, and the grid search."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_system import OptionError, cross_validate, grid_search
from search_system.evaluation.cross_validation import make_folds


@given(n=st.integers(2, 40), folds=st.integers(2, 8), seed=st.integers(0, 99))
def test_folds_part_the_queries(n: int, folds: int, seed: int) -> None:
    ids, folds = {f"q{number}" for number in range(n)}, min(folds, n)
    parts = make_folds(ids, folds, seed)
    assert len(parts) == folds
    assert sorted(query_id for part in parts for query_id in part) == sorted(ids)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert make_folds(sorted(ids, reverse=True), folds, seed) == parts


def test_folds_depend_on_the_seed_and_have_limits() -> None:
    ids = [f"q{number}" for number in range(30)]
    assert make_folds(ids, 5, 0) != make_folds(ids, 5, 1)
    for folds in (0, 1, 31):
        with pytest.raises(OptionError, match="from 2 folds to as many as there are queries"):
            make_folds(ids, folds, 0)


def test_no_query_is_scored_by_a_setting_that_saw_it() -> None:
    baseline = {f"q{number}": number / 100 for number in range(23)}

    def fit(queries: Sequence[str]) -> frozenset[str]:
        return frozenset(queries)

    def score(seen: frozenset[str], queries: Sequence[str]) -> Mapping[str, float]:
        assert not seen & set(queries)
        assert seen | set(queries) == baseline.keys()
        return {query_id: baseline[query_id] + 0.1 for query_id in queries}

    result = cross_validate(baseline, fit, score, folds=4, seed=3)
    assert list(result.by_query) == list(baseline)
    assert result.gain.wins == 23
    assert result.gain.gain.mean == pytest.approx(0.1)
    assert [fold.setting for fold in result.folds] == [
        frozenset(baseline) - set(fold.queries) for fold in result.folds
    ]
    with pytest.raises(OptionError, match="found none for 'q"):
        cross_validate(baseline, fit, lambda *_: {})


def test_grid_search_is_what_choosing_by_hand_gives() -> None:
    table = {
        "default": {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5},
        "sharp": {"a": 1.0, "b": 0.9, "c": 0.1, "d": 0.2},
        "flat": {"a": 0.4, "b": 0.6, "c": 0.9, "d": 0.8},
    }
    result = grid_search(table, table.__getitem__, folds=4, seed=0)
    assert result.best == "flat"
    assert dict(result.means) == pytest.approx({"default": 0.5, "sharp": 0.55, "flat": 0.675})
    for fold in result.cross_validation.folds:
        (left_out,) = fold.queries
        rest = [query_id for query_id in "abcd" if query_id != left_out]
        best = max(table, key=lambda name: sum(table[name][query_id] for query_id in rest))
        assert fold.setting == best
        assert result.cross_validation.by_query[left_out] == table[best][left_out]
    assert result.cross_validation.gain.baseline_mean == 0.5


def test_choosing_among_noise_gains_nothing_out_of_fold() -> None:
    """The best of many equal settings looks better on all queries, not on held-out ones."""
    queries = [f"q{number}" for number in range(200)]

    def evaluate(setting: int) -> dict[str, float]:
        return {q: ((hash_ := (setting * 7919 + int(q[1:]) * 104729)) * hash_ % 997) / 997
                for q in queries}  # fmt: skip

    result = grid_search(range(60), evaluate)
    in_sample = max(mean for _, mean in result.means) - result.means[0][1]
    assert in_sample > result.cross_validation.gain.gain.mean


def test_grid_search_keeps_the_first_of_equals_and_wants_one() -> None:
    assert grid_search([{"k1": 1.2}, {"k1": 0.9}], lambda _: {"a": 1.0, "b": 1.0}, 2).best == {
        "k1": 1.2
    }
    with pytest.raises(OptionError, match="at least one setting"):
        grid_search([], lambda _: {})
    with pytest.raises(OptionError, match="the same queries for each setting; 2 has others"):
        grid_search([1, 2], lambda setting: {"a": 1.0, str(setting): 1.0}, 2)
