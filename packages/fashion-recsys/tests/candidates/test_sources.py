"""What every candidate source promises, and the order that each one gives."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_recsys import BestSellers, CandidateSource, NotFittedError, OwnPurchases, in_turn
from fashion_recsys.columns import CANDIDATE_SCHEMA

SOURCES = [BestSellers, OwnPurchases]
AS_OF = date(2020, 9, 10)
PURCHASES = st.lists(
    st.tuples(st.integers(1, 20), st.integers(0, 4), st.integers(0, 6)), max_size=40
)
CUSTOMERS = pl.Series([4, 0, 7, 2], dtype=pl.UInt32)


def lists(candidates: pl.DataFrame) -> dict[int, list[int]]:
    """Return the articles of each customer in order of rank."""
    found: dict[int, list[int]] = {}
    for customer, article in candidates.sort("customer", "rank")[["customer", "article"]].rows():
        found.setdefault(customer, []).append(article)
    return found


@pytest.mark.parametrize("source", SOURCES)
@given(purchases=PURCHASES, k=st.integers(1, 8))
def test_the_contract_of_a_source(
    make_log: Callable[..., pl.LazyFrame],
    source: type[CandidateSource],
    purchases: list[tuple[int, int, int]],
    k: int,
) -> None:
    log = make_log(*purchases)
    candidates = source().fit(log, AS_OF).candidates(CUSTOMERS, k)
    assert candidates.schema == CANDIDATE_SCHEMA
    assert set(candidates["customer"]) <= set(CUSTOMERS)
    assert not candidates.select("customer", "article").is_duplicated().any()
    assert candidates.equals(candidates.sort("customer", "rank"))
    for (_,), own in candidates.group_by("customer", maintain_order=True):
        assert own["rank"].to_list() == list(range(1, own.height + 1))
        assert own.height <= k
        assert own["score"].is_sorted(descending=True)
    past = make_log(*[row for row in purchases if row[0] < AS_OF.day])
    again = source().fit(past, AS_OF).candidates(CUSTOMERS, k)
    assert lists(again) == lists(candidates), "the source read the future"


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_must_be_fitted(source: type[CandidateSource]) -> None:
    with pytest.raises(NotFittedError, match="call fit before candidates"):
        source().candidates(CUSTOMERS, 3)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_can_be_fitted_again(
    make_log: Callable[..., pl.LazyFrame], source: type[CandidateSource]
) -> None:
    fitted = source().fit(make_log((9, 0, 1)), AS_OF)
    fitted.fit(make_log((9, 0, 2)), AS_OF)
    assert lists(fitted.candidates(CUSTOMERS, 3))[0] == [2]


@given(PURCHASES, st.integers(1, 12))
def test_best_sellers_are_ordered_by_rows_then_number(
    make_log: Callable[..., pl.LazyFrame], purchases: list[tuple[int, int, int]], window: int
) -> None:
    sold = Counter(
        article for day, _, article in purchases if AS_OF.day - window <= day < AS_OF.day
    )
    expected = sorted(sold, key=lambda article: (-sold[article], article))
    fitted = BestSellers(window).fit(make_log(*purchases), AS_OF)
    found = lists(fitted.candidates(CUSTOMERS, 5))
    assert found == (dict.fromkeys(CUSTOMERS, expected[:5]) if expected else {})


@given(PURCHASES)
def test_own_purchases_are_ordered_by_last_day_then_log(
    make_log: Callable[..., pl.LazyFrame], purchases: list[tuple[int, int, int]]
) -> None:
    ordered = sorted(purchases, key=lambda row: row[0])
    last: dict[tuple[int, int], tuple[int, int]] = {}
    for position, (day, customer, article) in enumerate(ordered):
        if day < AS_OF.day:
            last[customer, article] = (-day, position)
    expected = {
        customer: sorted(
            (article for owner, article in last if owner == customer),
            key=lambda article, owner=customer: last[owner, article],
        )
        for customer in CUSTOMERS
    }
    fitted = OwnPurchases().fit(make_log(*ordered), AS_OF)
    found = lists(fitted.candidates(CUSTOMERS, 100))
    assert found == {customer: own for customer, own in expected.items() if own}


def table(ranked: dict[int, list[int]]) -> pl.DataFrame:
    rows = [
        (customer, article, place + 1, 0.5)
        for customer, articles in sorted(ranked.items())
        for place, article in enumerate(articles)
    ]
    return pl.DataFrame(rows, schema=CANDIDATE_SCHEMA, orient="row")


RANKED = st.dictionaries(
    st.integers(0, 3), st.lists(st.integers(0, 6), unique=True, min_size=1, max_size=5)
)


@given(st.lists(RANKED, min_size=1, max_size=3), st.integers(1, 8))
def test_in_turn_equals_appending_one_after_the_other(
    ranked: list[dict[int, list[int]]], k: int
) -> None:
    expected = {}
    for customer in range(4):
        both = [article for part in ranked for article in part.get(customer, [])]
        if both:
            expected[customer] = list(dict.fromkeys(both))[:k]
    fused = in_turn([table(part) for part in ranked], k)
    assert fused.schema == CANDIDATE_SCHEMA
    assert lists(fused) == expected
    assert (fused["score"] == -fused["rank"].cast(pl.Float32)).all()
    for (_,), own in fused.group_by("customer"):
        assert sorted(own["rank"]) == list(range(1, own.height + 1))
