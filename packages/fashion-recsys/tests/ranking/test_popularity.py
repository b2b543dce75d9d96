"""The decayed list against brute force."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import NotFittedError, SettingError
from fashion_recsys.columns import CANDIDATE_SCHEMA
from fashion_recsys.ranking.popularity import PopularNow

AS_OF = date(2020, 9, 10)
CUSTOMERS = pl.Series([4, 0], dtype=pl.UInt32)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 6)), max_size=40),
    st.sampled_from([0.5, 1.0, 7.0]),
    st.integers(1, 8),
)
def test_it_counts_purchases_and_lets_them_decay(
    make_log: Callable[..., pl.LazyFrame],
    purchases: list[tuple[int, int, int]],
    half_life: float,
    k: int,
) -> None:
    weights: dict[int, float] = defaultdict(float)
    for day, _, article in sorted(set(purchases)):
        ago = AS_OF.day - day
        if 1 <= ago <= 16 * half_life:
            weights[article] += 0.5 ** ((ago - 1) / half_life)
    found = PopularNow(half_life).fit(make_log(*purchases), AS_OF).candidates(CUSTOMERS, k)
    assert found.schema == CANDIDATE_SCHEMA
    for customer in CUSTOMERS:
        own = found.filter(pl.col("customer") == customer)
        assert own["rank"].to_list() == list(range(1, min(k, len(weights)) + 1))
        assert own["score"].is_sorted(descending=True)
        for article, score in own[["article", "score"]].rows():
            assert score == pytest.approx(weights[article], rel=1e-6)
        best = sorted(weights.values(), reverse=True)[: own.height]
        assert own["score"].to_list() == pytest.approx(best, rel=1e-6)


def test_before_fit_and_without_a_half_life() -> None:
    with pytest.raises(NotFittedError, match="call fit before candidates"):
        PopularNow().candidates(CUSTOMERS, 3)
    for value in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SettingError, match="--half-life-days: expected more than 0"):
            PopularNow(value)
