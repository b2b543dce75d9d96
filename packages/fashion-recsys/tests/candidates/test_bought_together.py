"""Item-to-item weights equal a loop over pairs, however the matrix is cut into blocks."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys.candidates import bought_together
from fashion_recsys.candidates.bought_together import LEVELS, BoughtTogether

AS_OF = date(2020, 9, 30)
PURCHASES = st.lists(
    st.tuples(st.integers(1, 29), st.integers(0, 5), st.integers(0, 7)), max_size=60
)
HALF_LIFE, SHRINKAGE, POPULARITY, SIZE, RECENCY = 10.0, 2.0, 0.25, 0.75, 0.5


def scores_by_loops(purchases: list[tuple[int, int, int]]) -> dict[tuple[int, int], float]:
    """Return the score of every (customer, article) that has one."""
    last: dict[tuple[int, int], int] = {}
    for day, customer, article in purchases:
        last[customer, article] = max(last.get((customer, article), 0), day)
    groups: dict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)
    for (customer, article), day in last.items():
        age = AS_OF.day - day
        for level, (days, _) in enumerate(LEVELS):
            groups[level, customer, (age - 1) // days].append((article, age))
    weights: dict[tuple[int, int], float] = defaultdict(float)
    for (level, _, _), members in groups.items():
        for (left, left_age), (right, right_age) in product(members, repeat=2):
            decay = 2 ** (-(left_age + right_age) / (2 * HALF_LIFE))
            weights[left, right] += LEVELS[level][1] * decay / len(members) ** SIZE
    scores: dict[tuple[int, int], float] = defaultdict(float)
    for (customer, own), day in last.items():
        for (left, right), weight in weights.items():
            if left == own and (customer, right) not in last:
                held_back = (weights[right, right] + SHRINKAGE) ** POPULARITY
                scale = (weights[own, own] + SHRINKAGE) ** 0.5 * held_back
                scores[customer, right] += (AS_OF.day - day) ** -RECENCY * weight / scale
    return scores


@pytest.mark.parametrize("block_pairs", [1, 25, 20_000_000])
@settings(max_examples=30, deadline=None)
@given(purchases=PURCHASES)
def test_scores_equal_a_loop_over_all_pairs(
    make_log: Callable[..., pl.LazyFrame], block_pairs: int, purchases: list[tuple[int, int, int]]
) -> None:
    source = BoughtTogether(
        half_life_days=HALF_LIFE,
        shrinkage=SHRINKAGE,
        popularity_power=POPULARITY,
        size_power=SIZE,
        recency_power=RECENCY,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bought_together, "_BLOCK_PAIRS", block_pairs)
        source.fit(make_log(*purchases), AS_OF)
    table = source.candidates(pl.Series(range(7), dtype=pl.UInt32), 100)
    found = {(row[0], row[1]): row[3] for row in table.rows()}
    assert found == pytest.approx(scores_by_loops(purchases), rel=1e-4)


def test_only_the_best_neighbours_are_kept(make_log: Callable[..., pl.LazyFrame]) -> None:
    # Customers 1 to 3 bought 0 and 1 on one day, customer 4 bought 0 and 2: 1 is the better match.
    pairs = [(9, customer, article) for customer in (1, 2, 3) for article in (0, 1)]
    log = make_log(*pairs, (9, 4, 0), (9, 4, 2), (9, 5, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bought_together, "N_NEIGHBOURS", 1)
        source = BoughtTogether().fit(log, AS_OF)
    found = source.candidates(pl.Series([5], dtype=pl.UInt32), 10)
    assert found["article"].to_list() == [1]


def test_old_pairs_count_less(make_log: Callable[..., pl.LazyFrame]) -> None:
    log = make_log((1, 1, 0), (1, 1, 1), (29, 2, 0), (29, 2, 2), (29, 3, 0))
    found = BoughtTogether(half_life_days=7).fit(log, AS_OF)
    assert found.candidates(pl.Series([3], dtype=pl.UInt32), 2)["article"].to_list() == [2, 1]
