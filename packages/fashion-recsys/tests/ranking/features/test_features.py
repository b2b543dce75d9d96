"""Features against brute force, blind to the future, and for whoever and whatever is unknown."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from statistics import fmean

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import Dataset, NotFittedError
from fashion_recsys.columns import LOG_SCHEMA
from fashion_recsys.ranking.features.article import PRIOR_PAIRS
from fashion_recsys.ranking.features.builder import FeatureBuilder

AS_OF = date(2020, 9, 10)
N = 5
Purchase = tuple[int, int, int, float, int]
"""Day of September 2020, customer, article, price, channel."""
LOGS = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.integers(0, N - 1),
        st.integers(0, N - 1),
        st.sampled_from([0.25, 0.5, 1.0]),
        st.sampled_from([1, 2]),
    ),
    max_size=40,
).map(lambda purchases: sorted(purchases, key=lambda row: row[0]))

ARTICLES = pl.DataFrame(
    {
        "article": pl.Series(range(N), dtype=pl.UInt32),
        "product_code": [7, 7, 8, 8, None],
        "colour_group_code": [1, 2, 1, 1, None],
    }
)
CUSTOMERS = pl.DataFrame(
    {
        "customer": pl.Series(range(N), dtype=pl.UInt32),
        "age": pl.Series([20.0, 30.0, None, 50.0, None], dtype=pl.Float32),
    }
)
EVERY_PAIR = pl.DataFrame(
    [(customer, article) for customer in range(N + 1) for article in range(N + 1)],
    schema={"customer": pl.UInt32, "article": pl.UInt32},
    orient="row",
)
"""With one unknown customer and one unknown article."""


def as_log(purchases: list[Purchase]) -> pl.LazyFrame:
    rows = [(date(2020, 9, day), *rest) for day, *rest in purchases]
    return pl.LazyFrame(rows, schema=LOG_SCHEMA, orient="row")


def built(purchases: list[Purchase]) -> dict[tuple[int, int], dict[str, float | None]]:
    builder = FeatureBuilder(ARTICLES, CUSTOMERS).fit(as_log(purchases), AS_OF)
    features = builder.transform(EVERY_PAIR)
    assert all(dtype == pl.Float32 for dtype in features.dtypes[2:])
    assert not any(features[name].is_nan().any() for name in features.columns[2:])
    assert features.select("customer", "article").equals(EVERY_PAIR)
    grouped = [name for names in builder.groups.values() for name in names]
    assert grouped == features.columns[2:]
    return {(row["customer"], row["article"]): row for row in features.iter_rows(named=True)}


def mean(values: list[float]) -> float | None:
    return fmean(values) if values else None


def agree(found: float | None, expected: float | None) -> None:
    assert found == (
        None if expected is None else pytest.approx(float(expected), rel=1e-5, abs=1e-6)
    )


@settings(deadline=None, max_examples=25)
@given(LOGS)
def test_customer_features_equal_brute_force(purchases: list[Purchase]) -> None:
    features = built(purchases)
    for customer in range(N):
        own = [row for row in purchases if row[1] == customer and row[0] < AS_OF.day]
        row = features[customer, 0]
        agree(row["customer_age"], CUSTOMERS["age"][customer])
        if not own:
            assert row["customer_rows"] is None
            continue
        days = Counter(day for day, *_ in own)
        pairs_of_a_day = len({(day, article) for day, _, article, *_ in own})
        articles = len({article for _, _, article, *_ in own})
        agree(row["customer_rows"], len(own))
        agree(row["customer_visits"], len(days))
        agree(row["customer_articles"], articles)
        agree(row["customer_days_since_last"], AS_OF.day - max(days))
        agree(row["customer_days_since_first"], AS_OF.day - min(days))
        agree(row["customer_basket"], len(own) / len(days))
        agree(row["customer_last_basket"], days[max(days)])
        agree(row["customer_price"], fmean(price for *_, price, _ in own))
        agree(row["customer_online"], fmean(channel == 2 for *_, channel in own))
        agree(row["customer_multiplicity"], len(own) / pairs_of_a_day)
        agree(row["customer_rebuy"], 1 - articles / pairs_of_a_day)
        span = max(days) - min(days)
        agree(row["customer_gap"], span / (len(days) - 1) if len(days) > 1 else None)


@settings(deadline=None, max_examples=25)
@given(LOGS)
def test_article_features_equal_brute_force(purchases: list[Purchase]) -> None:
    features = built(purchases)
    past = [row for row in purchases if row[0] < AS_OF.day]
    all_days = len({(day, customer, article) for day, customer, article, *_ in past})
    all_pairs = len({(customer, article) for _, customer, article, *_ in past})
    for article in range(N):
        sold = [row for row in past if row[2] == article]
        row = features[0, article]
        if not sold:
            assert row["article_share_7d"] is None
            continue
        for window in (1, 3, 7, 28):
            begin = AS_OF.day - window
            in_window = Counter(sold for day, _, sold, *_ in past if day >= begin)
            total = sum(in_window.values())
            agree(row[f"article_share_{window}d"], in_window[article] / total if total else 0.0)
            better = sum(count > in_window[article] for count in in_window.values())
            agree(row[f"article_rank_{window}d"], 1 + better)
        agree(row["article_age"], AS_OF.day - min(day for day, *_ in sold))
        agree(row["article_days_since_last"], AS_OF.day - max(day for day, *_ in sold))
        agree(row["article_price"], fmean(price for *_, price, _ in sold))
        agree(row["article_online"], fmean(channel == 2 for *_, channel in sold))
        ages = [CUSTOMERS["age"][customer] for _, customer in {(d, c) for d, c, *_ in sold}]
        agree(row["article_age_mean"], mean([age for age in ages if age is not None]))
        days = len({(day, customer) for day, customer, *_ in sold})
        buyers = len({customer for _, customer, *_ in sold})
        expected = (days + PRIOR_PAIRS * all_days / all_pairs) / (buyers + PRIOR_PAIRS)
        agree(row["article_rebuy"], expected)
        expected = (len(sold) + PRIOR_PAIRS * len(past) / all_days) / (days + PRIOR_PAIRS)
        agree(row["article_multiplicity"], expected)


@settings(deadline=None, max_examples=25)
@given(LOGS)
def test_repurchase_features_equal_brute_force(purchases: list[Purchase]) -> None:
    features = built(purchases)
    past = [row for row in purchases if row[0] < AS_OF.day]
    for (customer, article), row in features.items():
        own = [row for row in past if row[1] == customer]
        same = [row for row in own if row[2] == article]
        if not same:
            assert row["own_rows"] is None
            continue
        last = max(day for day, *_ in same)
        visit = [row for row in own if row[0] == last]
        latest = [row for row in visit if row[2] == article]
        agree(row["own_rows"], len(same))
        agree(row["own_days"], len({day for day, *_ in same}))
        agree(row["own_days_since"], AS_OF.day - last)
        agree(row["own_days_since_first"], AS_OF.day - min(day for day, *_ in same))
        agree(row["own_last_quantity"], len(latest))
        agree(row["own_last_price"], fmean(price for *_, price, _ in latest))
        agree(row["own_last_online"], fmean(channel == 2 for *_, channel in latest))
        agree(row["own_last_place"], visit.index(latest[0]))
        agree(row["own_last_basket"], len(visit))
        agree(row["own_last_share"], len(latest) / len(visit))
        agree(row["own_visits_since"], len({day for day, *_ in own if day > last}))


@settings(deadline=None, max_examples=25)
@given(LOGS)
def test_taste_and_fit_equal_brute_force(purchases: list[Purchase]) -> None:
    features = built(purchases)
    past = [row for row in purchases if row[0] < AS_OF.day]
    codes = {"product": ARTICLES["product_code"], "colour": ARTICLES["colour_group_code"]}
    for (customer, article), row in features.items():
        own = [row for row in past if row[1] == customer]
        for name, values in codes.items():
            value = values[article] if article < N else None
            alike = [row for row in own if value is not None and values[row[2]] == value]
            agree(row[f"{name}_share"], len(alike) / len(own) if own else 0.0)
            since = AS_OF.day - max((day for day, *_ in alike), default=AS_OF.day)
            agree(row[f"{name}_days_since"], since or None)
            if name == "product":
                bought = sum(row[2] == article for row in alike)
                agree(row["product_others"], len(alike) - bought)
        age, buyers_age = row["customer_age"], row["article_age_mean"]
        known = age is not None and buyers_age is not None
        agree(row["age_gap"], age - buyers_age if known else None)
        price = row["article_price"]
        known = price is not None and row["customer_price"] is not None
        agree(row["price_ratio"], price / row["customer_price"] if known else None)


@settings(deadline=None, max_examples=25)
@given(LOGS)
def test_features_do_not_read_the_future(purchases: list[Purchase]) -> None:
    assert built(purchases) == built([row for row in purchases if row[0] < AS_OF.day])


def test_features_of_a_shop_do_not_read_the_future(shop_dataset: Dataset) -> None:
    articles, customers = shop_dataset.articles.collect(), shop_dataset.customers.collect()
    as_of = shop_dataset.last_day
    rng = np.random.default_rng(0)
    pool = pl.DataFrame(
        {
            "customer": rng.integers(0, customers.height, 5_000).astype(np.uint32),
            "article": rng.integers(0, articles.height, 5_000).astype(np.uint32),
        }
    ).unique(maintain_order=True)
    cut = shop_dataset.log.filter(pl.col("t_dat") < as_of)
    builder = FeatureBuilder(articles, customers)
    whole = builder.fit(shop_dataset.log, as_of).transform(pool)
    assert builder.fit(cut, as_of).transform(pool).equals(whole)


def test_tables_without_attributes(make_log: Callable[..., pl.LazyFrame]) -> None:
    builder = FeatureBuilder(ARTICLES.select("article"), CUSTOMERS.select("customer"))
    features = builder.fit(make_log((9, 0, 1)), AS_OF).transform(EVERY_PAIR)
    assert features.height == EVERY_PAIR.height
    assert "customer_age" not in features.columns
    assert builder.groups["taste"] == ()


def test_an_empty_log_and_an_empty_pool(make_log: Callable[..., pl.LazyFrame]) -> None:
    builder = FeatureBuilder(ARTICLES, CUSTOMERS).fit(make_log(), AS_OF)
    features = builder.transform(EVERY_PAIR)
    assert features["article_share_7d"].null_count() == EVERY_PAIR.height
    assert builder.transform(EVERY_PAIR.clear()).schema == features.schema


def test_sources_and_the_two_tower(make_log: Callable[..., pl.LazyFrame]) -> None:
    class Tower:
        def score_pairs(self, pairs: pl.DataFrame) -> pl.Series:
            return pairs["customer"].cast(pl.Float32) + pairs["article"] / 8

    pool = EVERY_PAIR.head(3).with_columns(
        pl.Series("rank_a", [1, None, None], dtype=pl.UInt32),
        pl.Series("score_a", [0.5, None, None], dtype=pl.Float32),
        pl.Series("rank_b", [4, 2, None], dtype=pl.UInt32),
        pl.Series("score_b", [0.5, 0.75, None], dtype=pl.Float32),
    )
    builder = FeatureBuilder(ARTICLES, CUSTOMERS).fit(make_log((9, 0, 1)), AS_OF)
    features = builder.transform(pool, Tower())
    assert features["sources"].to_list() == [2, 1, 0]
    assert features["best_rank"].to_list() == [1, 2, None]
    assert features["two_tower_score"].to_list() == [0, 1 / 8, 2 / 8]
    assert builder.groups["two-tower"] == ("two_tower_score",)


def test_transform_before_fit() -> None:
    with pytest.raises(NotFittedError, match="call fit before transform"):
        FeatureBuilder(ARTICLES, CUSTOMERS).transform(EVERY_PAIR)
