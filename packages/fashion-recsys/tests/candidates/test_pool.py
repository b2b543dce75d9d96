"""The pool remembers what every source said; its fusion equals a loop over the pairs."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import BestSellers, NotFittedError, OwnPurchases, SettingError
from fashion_recsys.candidates.fusion import RRF_CONSTANT, fuse
from fashion_recsys.candidates.pool import CandidatePool
from fashion_recsys.columns import CANDIDATE_SCHEMA, rank_column, score_column

AS_OF = date(2020, 9, 10)
CUSTOMERS = pl.Series([4, 0, 7, 2], dtype=pl.UInt32)
PURCHASES = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 6)), max_size=40
)


def make_pool() -> CandidatePool:
    return CandidatePool([(OwnPurchases(), 3), (BestSellers(), 4), (BestSellers(2), 2)])


@settings(deadline=None)
@given(PURCHASES)
def test_the_pool_holds_each_pair_once_with_every_rank_and_score(
    make_log: Callable[..., pl.LazyFrame], purchases: list[tuple[int, int, int]]
) -> None:
    pool = make_pool().fit(make_log(*purchases), AS_OF)
    table = pool.candidates(CUSTOMERS)
    assert table.columns == pool.columns
    assert table.equals(table.unique(["customer", "article"]).sort("customer", "article"))
    for source, budget in pool.budgets:
        names = [rank_column(source.name), score_column(source.name)]
        assert table.select(names).dtypes == [pl.UInt32, pl.Float32]
        proposed = table.select("customer", "article", *names).drop_nulls()
        proposed = proposed.rename(dict(zip(names, ["rank", "score"], strict=True)))
        expected = source.candidates(CUSTOMERS, budget)
        assert proposed.sort("customer", "rank").equals(expected)
    assert not table.select(pl.all_horizontal(pl.col("^rank_.*$").is_null()).any()).item()


def test_a_pool_of_an_empty_log_is_empty(make_log: Callable[..., pl.LazyFrame]) -> None:
    pool = make_pool().fit(make_log(), AS_OF)
    table = pool.candidates(CUSTOMERS)
    assert table.columns == pool.columns
    assert table.is_empty()
    assert fuse(table).equals(pl.DataFrame(schema=CANDIDATE_SCHEMA))


def test_a_pool_must_be_fitted() -> None:
    with pytest.raises(NotFittedError, match="own purchases: call fit before candidates"):
        make_pool().candidates(CUSTOMERS)


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ([], "at least one source"),
        ([(BestSellers(), 3), (BestSellers(), 4)], "different names, found best sellers, best"),
        ([(BestSellers(), 0)], "expected at least 1, found 0"),
    ],
)
def test_settings_that_make_no_pool(budgets: list[tuple[BestSellers, int]], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        CandidatePool(budgets)


def test_progress_reaches_the_end(make_log: Callable[..., pl.LazyFrame]) -> None:
    told: list[float] = []
    make_pool().fit(make_log((9, 0, 1)), AS_OF, lambda _, fraction: told.append(fraction))
    assert told == pytest.approx([1 / 3, 2 / 3, 1])


@settings(deadline=None)
@given(PURCHASES, st.floats(0.1, 3))
def test_fusion_equals_a_loop(
    make_log: Callable[..., pl.LazyFrame], purchases: list[tuple[int, int, int]], weight: float
) -> None:
    pool = make_pool().fit(make_log(*purchases), AS_OF).candidates(CUSTOMERS)
    expected: dict[int, list[tuple[float, int]]] = {}
    for row in pool.rows(named=True):
        votes = {
            "rank_own_purchases": weight,
            "rank_best_sellers": 1.0,
            "rank_best_sellers_of_2_days": 1.0,
        }
        score = sum(
            share / (RRF_CONSTANT + row[name]) for name, share in votes.items() if row[name]
        )
        expected.setdefault(row["customer"], []).append((-score, row["article"]))
    found = fuse(pool, {"own purchases": weight})
    assert found.schema == CANDIDATE_SCHEMA
    assert found.equals(found.sort("customer", "rank"))
    for customer, scored in expected.items():
        own = found.filter(pl.col("customer") == customer)
        ordered = sorted(scored)
        assert own["article"].to_list() == [article for _, article in ordered]
        assert own["score"].to_list() == pytest.approx([-score for score, _ in ordered])
        assert own["rank"].to_list() == list(range(1, len(ordered) + 1))
