"""The metrics against their definitions, written out in plain Python."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_recsys.columns import CANDIDATE_SCHEMA
from fashion_recsys.evaluation.metrics import average_precision, find_hits, recall_at

RANKED = st.dictionaries(
    st.integers(0, 4), st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=10)
)
TRUTH = st.dictionaries(
    st.integers(0, 4), st.sets(st.integers(0, 9), min_size=1, max_size=6), min_size=1
)


def apk(actual: set[int], predicted: list[int], k: int) -> float:
    """Average precision as the ml_metrics package defines it, which Kaggle's scores follow."""
    predicted = predicted[:k]
    score = 0.0
    hits = 0.0
    for place, article in enumerate(predicted):
        if article in actual and article not in predicted[:place]:
            hits += 1.0
            score += hits / (place + 1.0)
    return score / min(len(actual), k)


def candidate_table(ranked: dict[int, list[int]]) -> pl.DataFrame:
    rows = [
        (customer, article, place + 1, 0.0)
        for customer, articles in ranked.items()
        for place, article in enumerate(articles)
    ]
    # Shuffled: the rank tells the order, not the position of the row.
    table = pl.DataFrame(rows, schema=CANDIDATE_SCHEMA, orient="row")
    return table.sample(fraction=1.0, shuffle=True, seed=0)


def pair_table(truth: dict[int, set[int]]) -> pl.DataFrame:
    rows = [(customer, article) for customer, articles in truth.items() for article in articles]
    return pl.DataFrame(rows, schema={"customer": pl.UInt32, "article": pl.UInt32}, orient="row")


@given(RANKED, TRUTH, st.integers(1, 12))
def test_average_precision_equals_its_definition(
    ranked: dict[int, list[int]], truth: dict[int, set[int]], k: int
) -> None:
    pairs = pair_table(truth)
    found = average_precision(find_hits(candidate_table(ranked), pairs), pairs, k)
    expected = [apk(truth[customer], ranked.get(customer, []), k) for customer in sorted(truth)]
    assert found["customer"].to_list() == sorted(truth)
    assert found["average_precision"].to_list() == pytest.approx(expected)


@given(RANKED, TRUTH, st.lists(st.integers(1, 12), min_size=1, unique=True))
def test_recall_equals_its_definition(
    ranked: dict[int, list[int]], truth: dict[int, set[int]], ks: list[int]
) -> None:
    pairs = pair_table(truth)
    found = recall_at(find_hits(candidate_table(ranked), pairs), pairs.height, ks)
    for k in ks:
        hits = sum(len(set(ranked.get(c, [])[:k]) & articles) for c, articles in truth.items())
        assert found[k] == pytest.approx(hits / sum(map(len, truth.values())))


def test_average_precision_by_hand() -> None:
    pairs = pair_table({1: {10, 11, 12}})
    hits = find_hits(candidate_table({1: [10, 99, 11]}), pairs)
    found = average_precision(hits, pairs, 12)["average_precision"].item()
    assert found == pytest.approx(1 / 3 * (1 / 1 + 2 / 3))
    # Two places for three articles: a perfect list gets 1.
    found = average_precision(hits, pairs, 2)["average_precision"].item()
    assert found == pytest.approx(1 / 2 * (1 / 1))
