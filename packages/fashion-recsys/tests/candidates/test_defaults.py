"""Which sources a data set gets, and with which budgets."""

import polars as pl
import pytest

from fashion_recsys import SettingError
from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.candidates.defaults import default_sources

ARTICLES = pl.DataFrame(
    {
        "article": pl.Series([0, 1], dtype=pl.UInt32),
        "article_id": ["0", "1"],
        "product_code": [1, 1],
        "section_name": ["Kids", "Men"],
    }
)
PEOPLE = pl.DataFrame({"customer": pl.Series([0], dtype=pl.UInt32), "age": [30.0]})


def test_a_data_set_with_attributes_gets_every_source_that_has_a_budget() -> None:
    found = {source.name: budget for source, budget in default_sources(ARTICLES, PEOPLE)}
    assert list(found) == [
        "own purchases",
        "bought together",
        "product variants",
        "attributes",
        "best sellers by taste",
        "best sellers",
    ]
    assert all(budget == Budgets().of(name) for name, budget in found.items())


def test_a_bare_data_set_gets_what_needs_only_the_log() -> None:
    bare = default_sources(ARTICLES.select("article", "article_id"), PEOPLE.select("customer"))
    assert [source.name for source, _ in bare] == [
        "own purchases",
        "bought together",
        "best sellers",
    ]


def test_columns_without_values_are_no_attributes() -> None:
    empty = ARTICLES.with_columns(section_name=pl.lit(None, pl.String)).drop("product_code")
    names = [source.name for source, _ in default_sources(empty, PEOPLE)]
    assert names == ["own purchases", "bought together", "best sellers"]


def test_budgets_choose_the_sources() -> None:
    budgets = Budgets(
        own_purchases=3,
        product_variants=0,
        bought_together=0,
        attributes=0,
        best_sellers_by_taste=0,
        best_sellers=0,
        best_sellers_by_age=7,
    )
    found = [(source.name, budget) for source, budget in default_sources(ARTICLES, PEOPLE, budgets)]
    assert found == [("own purchases", 3), ("best sellers by age", 7)]


def test_a_negative_budget() -> None:
    with pytest.raises(SettingError, match=r"--budgets\.best-sellers: expected at least 0"):
        Budgets(best_sellers=-1)
