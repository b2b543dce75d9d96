"""The best of each row, by a loop; and the histories that the sources start from."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from fashion_recsys.candidates import recent_purchases
from fashion_recsys.candidates.ranked import best_of_dense, best_of_rows
from fashion_recsys.candidates.recent_purchases import RecentPurchases

AS_OF = date(2020, 9, 10)
SCORES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 40)),
    # Few values, so that many are equal.
    elements=st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]),
)


@settings(deadline=None)
@given(SCORES, st.integers(1, 12))
def test_the_best_of_each_row_equal_a_sort(scores: np.ndarray, k: int) -> None:
    expected = []
    for row in scores:
        ordered = sorted(range(len(row)), key=lambda column, row=row: (-row[column], column))
        expected.append([(column, row[column]) for column in ordered[:k] if row[column] > 0])
    for best in (best_of_rows(sparse.csr_matrix(scores), k), best_of_dense(scores, k)):
        found = [
            list(zip(best.indices[begin:end], best.data[begin:end], strict=True))
            for begin, end in zip(best.indptr[:-1], best.indptr[1:], strict=True)
        ]
        assert found == expected


def test_a_wide_row_is_cut_by_the_maxima_of_its_groups() -> None:
    scores = np.random.default_rng(0).random((3, 10_000), np.float32)
    best = best_of_dense(scores, 5).indices.reshape(3, 5)
    assert (best == np.argsort(-scores, axis=1)[:, :5]).all()


PURCHASES = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 6)), max_size=40
)


@pytest.mark.parametrize("slice_rows", [1, 4_000_000])
@settings(deadline=None)
@given(purchases=PURCHASES, limit=st.integers(1, 5))
def test_histories_hold_the_last_distinct_articles(
    make_log: Callable[..., pl.LazyFrame],
    slice_rows: int,
    purchases: list[tuple[int, int, int]],
    limit: int,
) -> None:
    ordered = sorted(purchases, key=lambda row: row[0])
    expected: dict[int, dict[int, int]] = {}
    for day, customer, article in reversed(ordered):
        if day < AS_OF.day:
            expected.setdefault(customer, {}).setdefault(article, AS_OF.day - day)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent_purchases, "_SLICE_ROWS", slice_rows)
        histories = RecentPurchases(limit).fit(make_log(*ordered), AS_OF)
    asked = [3, 0, 9, 4]
    own = histories.of(np.array(asked, np.uint32))
    for place, customer in enumerate(asked):
        part = slice(own.begins[place], own.begins[place + 1])
        found = list(zip(own.articles[part], own.ages[part], strict=True))
        assert found == list(expected.get(customer, {}).items())[:limit]


def test_histories_are_read_again_only_for_another_log_or_day(
    make_log: Callable[..., pl.LazyFrame],
) -> None:
    log, recent = make_log((8, 0, 1), (9, 0, 2)), RecentPurchases()
    first = recent.fit(log, AS_OF)
    assert recent.fit(log, AS_OF) is first
    assert recent.fit(log, date(2020, 9, 9)).articles.tolist() == [1]
    assert recent.fit(make_log((8, 0, 5)), AS_OF).articles.tolist() == [5]
