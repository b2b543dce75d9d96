"""Fusion: visible arithmetic, and properties that hold for all rankings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_system.errors import OptionError
from search_system.fusion import (
    Normalization,
    Ranking,
    convex_combination,
    fuse,
    reciprocal_rank_fusion,
    weigh,
)

NOTHING = np.zeros(0, np.int64), np.zeros(0)


def ranking(**scores: float) -> Ranking:
    """Return documents d1, d2, ... with their scores, best first."""
    items = sorted(scores.items(), key=lambda item: -item[1])
    return np.array([int(d[1:]) for d, _ in items]), np.array([s for _, s in items])


@st.composite
def rankings(draw: st.DrawFn) -> list[Ranking]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        docs = draw(st.lists(st.integers(0, 30), unique=True, max_size=15))
        values = draw(st.lists(st.integers(-50, 50), min_size=len(docs), max_size=len(docs)))
        scores = np.array(sorted(values, reverse=True), np.float64)
        found.append((np.array(docs, np.int64), scores))
    return found


def test_reciprocal_ranks_add_up() -> None:
    numbers, scores = reciprocal_rank_fusion([ranking(d1=9, d2=8, d3=7), ranking(d3=0.9, d4=0.1)])
    assert numbers.tolist() == [3, 1, 2, 4]
    np.testing.assert_allclose(scores, [1 / 63 + 1 / 61, 1 / 61, 1 / 62, 1 / 62])
    _, scores = reciprocal_rank_fusion([ranking(d1=9, d2=8)], k=0)
    np.testing.assert_allclose(scores, [1, 1 / 2])


def test_a_convex_combination_adds_normalised_scores() -> None:
    lexical, dense = ranking(d1=10, d2=6, d3=2), ranking(d2=0.9, d4=0.7, d5=0.5)
    numbers, scores = convex_combination([lexical, dense], [3, 1])
    assert numbers.tolist() == [1, 2, 4, 3, 5]
    np.testing.assert_allclose(scores, [0.75, 0.75 / 2 + 0.25, 0.25 / 2, 0, 0])
    deviation = np.sqrt(2 / 3)  # of -1, 0, 1
    numbers, scores = convex_combination([lexical, dense], [1, 1], "z-score")
    assert numbers.tolist() == [2, 1, 4, 3, 5]
    expected = [0.5 / deviation, 0, -0.5 / deviation, -1 / deviation, -1 / deviation]
    np.testing.assert_allclose(scores, expected, atol=1e-12)


def test_nothing_one_and_equal_scores() -> None:
    assert len(reciprocal_rank_fusion([])[0]) == 0
    assert len(convex_combination([NOTHING, NOTHING], [1, 1])[0]) == 0
    numbers, scores = convex_combination([NOTHING, ranking(d4=3)], [1, 1])
    assert (numbers.tolist(), scores.tolist()) == ([4], [0.5])
    numbers, scores = convex_combination([ranking(d2=3, d1=3), ranking(d3=1)], [1, 1])
    assert (numbers.tolist(), scores.tolist()) == ([1, 2, 3], [0.5] * 3)
    assert convex_combination([ranking(d1=3, d2=3)], [1], "z-score")[1].tolist() == [0, 0]


@given(rankings(), st.sampled_from(["min-max", "z-score", "rrf"]))
def test_properties(parts: list[Ranking], method: Normalization) -> None:
    def fuse(parts: list[Ranking]) -> tuple[list[int], np.ndarray]:
        fused = (
            reciprocal_rank_fusion(parts)
            if method == "rrf"
            else convex_combination(parts, [1 + i for i in range(len(parts))], method)
        )
        return fused[0].tolist(), fused[1]

    numbers, scores = fuse(parts)
    assert sorted(numbers) == sorted({int(n) for part in parts for n in part[0]})
    assert np.all(np.diff(scores) <= 0)
    # Another searcher's scale, or its zero, changes nothing.
    again, moved = fuse([(n, 7 * s + 100) for n, s in parts])
    np.testing.assert_allclose(moved, scores, atol=1e-9)
    assert sorted(again) == sorted(numbers)


@given(rankings(), st.sampled_from(["min-max", "z-score"]), st.data())
def test_parts_are_explained_to_the_last_bit(
    parts: list[Ranking], normalization: Normalization, data: st.DataObject
) -> None:
    weight = st.floats(0, 10) | st.just(0.3)
    weights = data.draw(st.lists(weight, min_size=len(parts), max_size=len(parts)))
    weights[0] += 0.1
    parts = [(numbers, scores / 7) for numbers, scores in parts]
    weighted = weigh(parts, weights, normalization)
    numbers, scores = fuse(weighted)
    again = convex_combination(parts, weights, normalization)
    assert (again[0].tolist(), again[1].tolist()) == (numbers.tolist(), scores.tolist())
    for number, score in zip(numbers.tolist(), scores.tolist(), strict=True):
        total = 0.0
        for ranking, (ranked, values) in zip(weighted, parts, strict=True):
            value = ranking.score(number)
            assert (value is None) == (number not in ranked)
            assert value is None or value == values[ranked.tolist().index(number)]
            total += ranking.weight * ranking.normalized(value)
        assert total == score


@given(rankings())
def test_all_weight_on_one_ranking_is_that_ranking(parts: list[Ranking]) -> None:
    numbers, scores = parts[0]
    fused, _ = convex_combination(parts, [1] + [0] * (len(parts) - 1))
    distinct = len(set(scores.tolist())) == len(scores)
    if distinct and len(numbers) > 1:
        assert fused[: len(numbers) - 1].tolist() == numbers[:-1].tolist()


def test_what_does_not_fit_is_one_clear_line() -> None:
    one = ranking(d1=1)
    with pytest.raises(OptionError, match="k must be a number from 0 up, not -1"):
        reciprocal_rank_fusion([one], k=-1)
    for weights in ([1.0], [1.0, -1.0], [0.0, 0.0], [1.0, float("nan")]):
        with pytest.raises(OptionError, match="expected 2 weights from 0 up"):
            convex_combination([one, one], weights)
    with pytest.raises(OptionError, match="min-max or z-score, not 'softmax'"):
        convex_combination([one], [1], "softmax")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="found 1 documents in 2 places with 2 scores"):
        reciprocal_rank_fusion([(np.array([1, 1]), np.array([2.0, 1.0]))])
