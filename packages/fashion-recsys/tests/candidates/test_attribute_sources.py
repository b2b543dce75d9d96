"""The sources that read attributes: variants, similar descriptions, taste, age."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import BestSellers, SettingError
from fashion_recsys.candidates.age_best_sellers import AgeBestSellers
from fashion_recsys.candidates.article_vectors import DIMENSIONS, article_vectors
from fashion_recsys.candidates.attributes import Attributes
from fashion_recsys.candidates.product_variants import ProductVariants
from fashion_recsys.candidates.taste import TasteBestSellers, taste_columns

AS_OF = date(2020, 9, 30)
PURCHASES = st.lists(
    st.tuples(st.integers(1, 29), st.integers(0, 5), st.integers(0, 7)), max_size=60
)
Log = Callable[..., pl.LazyFrame]
ARTICLES = pl.DataFrame(
    {
        "article": pl.Series(range(8), dtype=pl.UInt32),
        "product_code": [1, 1, 1, 1, 2, 2, 3, None],
        "section_name": ["Kids", "Kids", "Kids", "Men", "Men", "Men", "Kids", None],
        "colour_name": ["red", "blue", "red", "blue", "red", None, "red", "red"],
    }
)
NUMBERS = ARTICLES["article"].to_list()


def asked(*customers: int) -> pl.Series:
    return pl.Series(customers, dtype=pl.UInt32)


def test_variants_come_by_last_purchase_then_sales(make_log: Log) -> None:
    # Customer 1 bought product 2 on the 28th and product 1 on the 20th. Of product 1, article 1
    # sold twice and 2 once last week, 3 never. Article 4's only variant is 5.
    log = make_log((20, 1, 0), (28, 1, 4), (25, 2, 1), (26, 3, 1), (27, 2, 2), (29, 4, 7))
    found = ProductVariants(ARTICLES).fit(log, AS_OF).candidates(asked(1, 4), 10)
    assert found.select("article", "score").rows() == [(5, -2), (1, -10), (2, -10), (3, -10)]


def test_a_variant_out_of_the_shop_is_no_candidate(make_log: Log) -> None:
    log = make_log((2, 2, 1), (27, 1, 0))
    found = ProductVariants(ARTICLES, available_days=14).fit(log, AS_OF).candidates(asked(1), 10)
    assert found["article"].to_list() == [2, 3], "1 was sold long ago, 2 and 3 are new"


def test_unsold_siblings_are_proposed_by_their_attributes(make_log: Log) -> None:
    # 40 kids' and 40 men's articles; customer 1 bought kids'. Article 39 was never sold.
    kids = [f"kids dress flower {number % 4}" for number in range(40)]
    men = [f"men trousers denim {number % 4}" for number in range(40)]
    articles = pl.DataFrame(
        {"article": pl.Series(range(80), dtype=pl.UInt32), "detail_desc": kids + men}
    )
    sold = [(25, 2 + number % 3, number) for number in range(80) if number not in {38, 39}]
    log = make_log(*sold, (28, 1, 3), (28, 1, 7), (1, 5, 38))
    source = Attributes(articles, available_days=14).fit(log, AS_OF)
    found = source.candidates(asked(1), 45)["article"].to_list()
    assert 39 in found
    assert 38 not in found, "it was sold long ago"
    assert set(found[:20]) <= set(range(40))
    assert not {3, 7} & set(found)


def test_vectors_of_equal_articles_are_equal_and_of_unknown_ones_zero() -> None:
    vectors = article_vectors(ARTICLES.drop("product_code"))
    assert vectors.shape == (8, DIMENSIONS)
    cosines = vectors @ vectors.T
    assert cosines[0] == pytest.approx(cosines[2], abs=1e-5)
    assert np.diag(cosines) == pytest.approx(np.ones(8), abs=1e-5)
    assert cosines[0, 2] > cosines[0, 1] > cosines[0, 5]
    unknown = article_vectors(
        ARTICLES.with_columns(pl.lit(None, pl.String).alias("section_name"))[7:8].drop(
            "product_code", "colour_name"
        )
    )
    assert not unknown.any()


def test_vectors_keep_the_cosines_of_the_tokens_that_they_can_hold() -> None:
    # Fewer tokens than dimensions: the reduction only turns the space.
    frame = ARTICLES.select("article", "colour_name", "section_name").head(7)
    vectors = article_vectors(frame)
    colour, section = frame["colour_name"], frame["section_name"]
    for left in range(7):
        for right in range(7):
            shared = (colour[left] is not None and colour[left] == colour[right]) + (
                section[left] == section[right]
            )
            known = [1 + (colour[number] is not None) for number in (left, right)]
            expected = shared / math.sqrt(known[0] * known[1])
            assert vectors[left] @ vectors[right] == pytest.approx(expected, abs=1e-4)


def taste_by_loops(purchases: list[tuple[int, int, int]]) -> dict[tuple[int, int], float]:
    """Return the score of every (customer, article) by the formula of the module."""
    window = [article for day, _, article in purchases if day >= AS_OF.day - 7]
    sales = Counter(window)
    last: dict[tuple[int, int], int] = {}
    for day, customer, article in purchases:
        last[customer, article] = max(last.get((customer, article), 0), day)
    scores = {}
    for customer in {customer for customer, _ in last}:
        own = {a: (AS_OF.day - day) ** -0.5 for (c, a), day in last.items() if c == customer}
        for article in sales.keys() - own.keys():
            score = sales[article] / len(window)
            for name in ("section_name", "colour_name"):
                values = ARTICLES[name].to_list()
                group = values[article]
                share = sum(values[a] == group for a in window) / len(window)
                weight = sum(w for a, w in own.items() if values[a] == group)
                posterior = (weight + 2 * share) / (sum(own.values()) + 2)
                score *= (posterior / share) ** (3 / 2)
            scores[customer, article] = score
    return scores


@settings(max_examples=50, deadline=None)
@given(PURCHASES)
def test_taste_equals_its_formula(make_log: Log, purchases: list[tuple[int, int, int]]) -> None:
    source = TasteBestSellers(ARTICLES, strength=3, prior=2).fit(make_log(*purchases), AS_OF)
    found = source.candidates(asked(*range(7)), 100)
    scores = {(row[0], row[1]): row[3] for row in found.rows()}
    assert scores == pytest.approx(taste_by_loops(purchases), rel=1e-4)


def test_taste_reads_text_columns_that_group_articles() -> None:
    table = ARTICLES.with_columns(article_id=pl.lit("1"), all_equal=pl.lit("x"))
    assert taste_columns(table) == ["section_name", "colour_name"]


def test_best_sellers_by_age_mix_the_group_with_everybody(make_log: Log) -> None:
    people = pl.DataFrame({"customer": NUMBERS[:4], "age": [18.0, 55.0, 55.0, None]}).cast(
        {"customer": pl.UInt32}
    )
    log = make_log((29, 0, 1), (29, 1, 2), (29, 2, 2), (29, 3, 3), (29, 3, 3), (29, 3, 3))
    source = AgeBestSellers(people, prior_rows=3).fit(log, AS_OF)
    found = source.candidates(asked(0, 1, 3, 9), 2)
    scores = {(row[0], row[1]): row[3] for row in found.rows()}
    assert scores == pytest.approx(
        {
            (0, 1): 1 + 3 * 1 / 6,  # its own row, and a share of everybody's
            (0, 3): 3 * 3 / 6,
            (1, 2): 2 + 3 * 2 / 6,
            (1, 3): 3 * 3 / 6,
            (3, 3): 3,  # of unknown age: everybody's
            (3, 2): 2,
            (9, 3): 3,
            (9, 2): 2,
        }
    )


def test_best_sellers_can_fade(make_log: Log) -> None:
    log = make_log((29, 0, 1), (27, 0, 2), (27, 1, 2), (27, 2, 2))
    fading = BestSellers(half_life_days=1).fit(log, AS_OF)
    found = fading.candidates(asked(0), 5)
    assert found.select("article", "score").rows() == [(1, 1.0), (2, 3 / 4)]
    assert fading.name == "best sellers, half-life 1"


@pytest.mark.parametrize(("days", "half_life"), [(0, None), (7, 0.0)])
def test_best_sellers_of_no_days(days: int, half_life: float | None) -> None:
    with pytest.raises(SettingError, match="found 0"):
        BestSellers(days, half_life_days=half_life)
