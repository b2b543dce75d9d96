"""What every candidate source promises, and the order that each one gives."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import BestSellers, CandidateSource, NotFittedError, OwnPurchases, in_turn
from fashion_recsys.candidates.age_best_sellers import AgeBestSellers
from fashion_recsys.candidates.attributes import Attributes
from fashion_recsys.candidates.bought_together import BoughtTogether
from fashion_recsys.candidates.product_variants import ProductVariants
from fashion_recsys.candidates.taste import TasteBestSellers
from fashion_recsys.columns import CANDIDATE_SCHEMA

ARTICLES = pl.DataFrame(
    {
        "article": pl.Series(range(8), dtype=pl.UInt32),
        "article_id": [f"{number:010d}" for number in range(8)],
        "product_code": [1, 1, 1, 2, 2, 3, 4, None],
        "section_name": ["Kids", "Kids", "Kids", "Men", "Men", "Men", "Kids", None],
        "detail_desc": ["a b", "a b c", "b", "x y", "x", "y", None, None],
    }
)
BARE_ARTICLES = ARTICLES.select("article", "article_id")
PEOPLE = pl.DataFrame(
    {
        "customer": pl.Series(range(5), dtype=pl.UInt32),
        "age": pl.Series([19.0, 19.0, 52.0, None, 53.0], dtype=pl.Float32),
    }
)
SOURCES: dict[str, Callable[[], CandidateSource]] = {
    "best sellers": BestSellers,
    "own purchases": OwnPurchases,
    "best sellers by age": lambda: AgeBestSellers(PEOPLE),
    "best sellers of unknown age": lambda: AgeBestSellers(PEOPLE.select("customer")),
    "product variants": lambda: ProductVariants(ARTICLES),
    "no product variants": lambda: ProductVariants(BARE_ARTICLES),
    "bought together": BoughtTogether,
    "attributes": lambda: Attributes(ARTICLES),
    "no attributes": lambda: Attributes(BARE_ARTICLES),
    "best sellers by taste": lambda: TasteBestSellers(ARTICLES),
    "no taste": lambda: TasteBestSellers(BARE_ARTICLES),
}
every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
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


@every_source
@settings(max_examples=30, deadline=None)
@given(purchases=PURCHASES, k=st.integers(1, 8))
def test_the_contract_of_a_source(
    make_log: Callable[..., pl.LazyFrame],
    source: Callable[[], CandidateSource],
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
    assert again.equals(candidates), "the source read the future, or depends on chance"


@every_source
def test_a_source_must_be_fitted(source: Callable[[], CandidateSource]) -> None:
    with pytest.raises(NotFittedError, match="call fit before candidates"):
        source().candidates(CUSTOMERS, 3)


@every_source
@settings(max_examples=15, deadline=None)
@given(first=PURCHASES, second=PURCHASES)
def test_a_source_can_be_fitted_again(
    make_log: Callable[..., pl.LazyFrame],
    source: Callable[[], CandidateSource],
    first: list[tuple[int, int, int]],
    second: list[tuple[int, int, int]],
) -> None:
    again = source().fit(make_log(*first), AS_OF).fit(make_log(*second), AS_OF)
    fresh = source().fit(make_log(*second), AS_OF)
    assert again.candidates(CUSTOMERS, 5).equals(fresh.candidates(CUSTOMERS, 5))


@every_source
def test_nobody_asked_or_nothing_sold_gives_no_candidates(
    make_log: Callable[..., pl.LazyFrame], source: Callable[[], CandidateSource]
) -> None:
    nobody = source().fit(make_log((9, 0, 1), (9, 0, 3)), AS_OF).candidates(CUSTOMERS[:0], 3)
    assert nobody.equals(pl.DataFrame(schema=CANDIDATE_SCHEMA))
    nothing = source().fit(make_log((10, 0, 1)), AS_OF).candidates(CUSTOMERS, 3)
    assert nothing.equals(pl.DataFrame(schema=CANDIDATE_SCHEMA))


@settings(deadline=None)
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


@settings(deadline=None)
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


@settings(deadline=None)
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
