"""What the rules promise, for any ranking and any settings."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fashion_recsys import BestSellers, SettingError
from fashion_recsys.columns import CANDIDATE_SCHEMA
from fashion_recsys.ranking.rules import Rules, available_articles, owned_pairs
from fashion_recsys.ranking.settings import RuleSettings

AS_OF = date(2020, 9, 10)
ARTICLES = 12
CUSTOMERS = pl.Series([3, 0, 1, 9], dtype=pl.UInt32)
"""Customer 9 is unknown to the ranker and to the log."""
KINDS = pl.DataFrame(
    {
        "article": pl.Series(range(ARTICLES), dtype=pl.UInt32),
        "product_type_no": [article % 3 for article in range(ARTICLES)],
    }
)
RANKED = st.dictionaries(
    st.integers(0, 4), st.lists(st.integers(0, ARTICLES - 1), unique=True, max_size=8)
)
OWNED = st.lists(st.tuples(st.integers(0, 4), st.integers(0, ARTICLES - 1)), max_size=10)
Lists = dict[int, list[int]]
MakeLog = Callable[..., pl.LazyFrame]


def table(ranked: Lists) -> pl.DataFrame:
    rows = [
        (customer, article, place + 1, 0.5)
        for customer, articles in ranked.items()
        for place, article in enumerate(articles)
    ]
    return pl.DataFrame(rows, schema=CANDIDATE_SCHEMA, orient="row")


def lists(candidates: pl.DataFrame) -> Lists:
    found: Lists = {}
    for customer, article in candidates.sort("customer", "rank")[["customer", "article"]].rows():
        found.setdefault(customer, []).append(article)
    return found


def bought(log: MakeLog, purchases: list[tuple[int, int]]) -> pl.LazyFrame:
    """Return a log of what is owned, and of one best seller after the other: 0, 1, 2, ..."""
    sales = [(8, 50, article) for article in range(ARTICLES) for _ in range(99 - article)]
    return log(*[(1, *pair) for pair in purchases], *sales)


def apply(
    log: pl.LazyFrame, ranked: Lists, settings: RuleSettings, available: pl.Series | None = None
) -> pl.DataFrame:
    fill = BestSellers().fit(log, AS_OF)
    owned = owned_pairs(log, AS_OF)
    rules = Rules(settings, fill, owned=owned, kinds=KINDS, available=available)
    return rules.apply(table(ranked), CUSTOMERS)


@hypothesis_settings(deadline=None, max_examples=25)
@given(
    RANKED,
    OWNED,
    st.builds(
        RuleSettings,
        k=st.integers(1, 6),
        owned=st.sampled_from(["keep", "drop", "first"]),
        diversity=st.sampled_from([0.0, 0.5, 2.0]),
    ),
    st.sets(st.integers(0, ARTICLES - 1)),
)
def test_every_customer_gets_k_distinct_articles(
    make_log: MakeLog,
    ranked: Lists,
    owned: list[tuple[int, int]],
    settings: RuleSettings,
    gone: set[int],
) -> None:
    there = [article for article in range(ARTICLES) if article not in gone]
    available = pl.Series(there, dtype=pl.UInt32)
    shown = apply(bought(make_log, owned), ranked, settings, available)
    assert shown.schema == CANDIDATE_SCHEMA
    assert shown.equals(shown.sort("customer", "rank"))
    found = lists(shown)
    for customer in CUSTOMERS:
        mine = {article for owner, article in owned if owner == customer}
        allowed = set(there) - (mine if settings.owned == "drop" else set())
        shown_to = found.get(customer, [])
        assert set(shown_to) <= allowed
        assert len(set(shown_to)) == len(shown_to) == min(settings.k, len(allowed))
        if settings.owned == "first" and not settings.diversity:
            proposed = set(ranked.get(customer, [])) & mine & allowed
            assert set(shown_to[: len(proposed)]) <= proposed


@hypothesis_settings(deadline=None, max_examples=25)
@given(RANKED, st.integers(1, 8))
def test_without_rules_the_order_stays(make_log: MakeLog, ranked: Lists, k: int) -> None:
    shown = lists(apply(bought(make_log, []), ranked, RuleSettings(k=k)))
    for customer in CUSTOMERS:
        own = ranked.get(customer, [])
        fill = [article for article in range(ARTICLES) if article not in own]
        assert shown[customer] == [*own, *fill][:k]


@hypothesis_settings(deadline=None, max_examples=25)
@given(RANKED, st.floats(0.0, 50.0))
def test_diversity_keeps_the_order_within_a_kind(
    make_log: MakeLog, ranked: Lists, strength: float
) -> None:
    settings = RuleSettings(k=8, diversity=strength)
    shown = lists(apply(bought(make_log, []), ranked, settings))
    for customer in set(CUSTOMERS) & set(ranked):
        for kind in range(3):
            before = [article for article in ranked[customer] if article % 3 == kind]
            after = [a for a in shown[customer] if a in ranked[customer] and a % 3 == kind]
            assert before == after


@pytest.mark.parametrize(
    ("strength", "expected"),
    [(0.0, [0, 3, 6, 1, 2]), (1.0, [0, 3, 1, 6, 2]), (99.0, [0, 1, 2, 3, 6])],
)
def test_diversity_moves_articles_back(
    make_log: MakeLog, strength: float, expected: list[int]
) -> None:
    # Kinds 0 0 0 1 2; with strength 1 the places are 1, 2 + 1, 3 + 2, 4, 5, and ties keep order.
    settings = RuleSettings(k=5, diversity=strength)
    shown = lists(apply(bought(make_log, []), {0: [0, 3, 6, 1, 2]}, settings))
    assert shown[0] == expected


def test_a_shop_without_kinds(make_log: MakeLog) -> None:
    log = bought(make_log, [])
    settings = RuleSettings(k=3, diversity=5.0)
    rules = Rules(settings, BestSellers().fit(log, AS_OF), owned=owned_pairs(log, AS_OF))
    assert lists(rules.apply(table({0: [0, 3, 6]}), CUSTOMERS))[0] == [0, 3, 6]


def test_nothing_to_fill_with(make_log: MakeLog) -> None:
    shown = apply(make_log(), {0: [4]}, RuleSettings())
    assert lists(shown) == {0: [4]}


def test_no_customer(make_log: MakeLog) -> None:
    log = bought(make_log, [])
    rules = Rules(RuleSettings(), BestSellers().fit(log, AS_OF), owned=owned_pairs(log, AS_OF))
    assert rules.apply(table({0: [4]}), CUSTOMERS.clear()).is_empty()


def test_availability(make_log: MakeLog) -> None:
    log = make_log((1, 0, 0), (5, 0, 1), (9, 0, 2), (10, 0, 0))
    found = available_articles(log, AS_OF, 5, 5)
    assert found.to_list() == [1, 2, 3, 4], "0 was last sold on day 1; 3 and 4 are new"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "--rules.k: expected at least 1"),
        ({"owned": "hide"}, "--rules.owned: expected keep, drop or first, found hide"),
        ({"diversity": -1.0}, "--rules.diversity: expected at least 0"),
        ({"diversity": float("nan")}, "--rules.diversity: expected at least 0"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        RuleSettings(**settings)
