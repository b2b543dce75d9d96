"""The generated shop has H&M's schema and shape, and the same seed gives the same files."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fashion_recsys import (
    Dataset,
    OutputError,
    SettingError,
    TimeSplit,
    evaluate,
    generate,
    ingest,
)
from fashion_recsys.columns import TRANSACTIONS
from fashion_recsys.synth.facts import REAL, measure, render
from fashion_recsys.synth.history import History, measure_history
from fashion_recsys.synth.popularity import shares_by_rank

NAMES = ["articles.csv.gz", "customers.csv.gz", "transactions_train.csv.gz"]
SMALL = {"customers": 500, "articles": 300, "days": 20}


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        generate(tmp_path / name, **SMALL, seed=seed)
    for name in NAMES:
        first = (tmp_path / "one" / name).read_bytes()
        assert (tmp_path / "same" / name).read_bytes() == first
        assert (tmp_path / "other" / name).read_bytes() != first


def test_it_can_be_generated_again_but_not_over_other_files(tmp_path: Path) -> None:
    assert generate(tmp_path / "out", **SMALL, seed=1) == generate(
        tmp_path / "out", **SMALL, seed=1
    )
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(OutputError, match="not ours to replace"):
        generate(tmp_path, **SMALL, seed=1)


@pytest.mark.parametrize("name", ["customers", "articles", "days"])
def test_numbers_must_be_positive(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=rf"--{name}: expected at least \d, found 0"):
        generate(tmp_path / "out", **(SMALL | {name: 0}), seed=0)


def test_the_smallest_shop(tmp_path: Path) -> None:
    generate(tmp_path / "out", customers=40, articles=1, days=20, seed=0)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.gz")) == NAMES


def test_articles_have_variants_and_prices_their_unit(shop_dataset: Dataset) -> None:
    articles = shop_dataset.articles.collect()
    assert articles.height == 20_000
    products = articles["article_id"].str.head(7).cast(pl.Int32)
    assert (products == articles["product_code"]).all()
    assert articles.height / products.n_unique() == pytest.approx(2.23, rel=0.05)
    # Another colour of a product shares its name, not always its colour.
    names = articles.group_by("product_code").agg(pl.col("prod_name").n_unique())
    assert (names["prod_name"] == 1).all()


def test_the_shape_is_close_to_the_real_days(shop_dataset: Dataset) -> None:
    facts = measure(shop_dataset)
    assert facts.rows_per_customer == pytest.approx(REAL.rows_per_customer, rel=0.1)
    assert facts.rows_per_customer_median == REAL.rows_per_customer_median
    assert facts.repeated_rows == pytest.approx(REAL.repeated_rows, abs=0.02)
    assert facts.online_rows == pytest.approx(REAL.online_rows, abs=0.04)
    assert facts.price_median == pytest.approx(REAL.price_median, rel=0.1)
    assert facts.warm_customers == pytest.approx(REAL.warm_customers, abs=0.06)
    # What a model can learn: the next visit goes on where the last one ended.
    assert 1.5 < facts.same_section < 6
    assert 1.3 < facts.same_type < 4
    assert facts.history is None
    # A fifth of the real catalogue: the same ranks hold a larger share, the first ones least so.
    assert facts.top[12] == pytest.approx(REAL.top[12], rel=0.5)
    assert facts.top[100] == pytest.approx(REAL.top[100], rel=0.5)


def test_own_purchases_beat_best_sellers_as_in_the_real_data(shop_dataset: Dataset) -> None:
    split = TimeSplit.of_last_days(shop_dataset.first_day, shop_dataset.last_day)
    scores = {(s.ranking, s.group): s for s in evaluate(shop_dataset, split, ks=(12,)).scores}
    best, own = scores["best sellers", "warm"], scores["own purchases", "warm"]
    assert own.map_at_12 > 3 * best.map_at_12
    assert scores["own purchases + best sellers", "all"].map_at_12 > own.map_at_12 / 3


def test_two_years_have_their_facts_and_their_seasons(tmp_path: Path) -> None:
    generate(tmp_path / "raw", customers=2_000, articles=30_000, days=734, seed=2)
    ingest(tmp_path / "raw", tmp_path / "data")
    dataset = Dataset.open(tmp_path / "data")
    facts = measure(dataset)
    assert facts.history is not None
    assert REAL.history is not None
    assert facts.history.rows_per_customer == pytest.approx(REAL.history.rows_per_customer, rel=0.2)
    assert facts.history.rows_per_customer_median == pytest.approx(9, abs=3)
    # Few frequent customers make most of the visits, so the median of a small shop moves.
    assert facts.history.days_between_visits == pytest.approx(22, abs=9)
    # Fewer articles are met again more often.
    assert facts.history.repeated_pairs == pytest.approx(REAL.history.repeated_pairs, abs=0.09)
    assert "days between visits, median" in list(render(facts).columns[0].cells)
    # Everybody has bought something.
    assert dataset.log.select(pl.col("customer").n_unique()).collect().item() > 0.99 * 2_000
    sales = dataset.log.join(dataset.articles, on="article").group_by(
        "product_type_name", pl.col("t_dat").dt.month().alias("month")
    )
    rows = {(name, month): n for name, month, n in sales.len().collect().iter_rows()}
    assert rows["Swimwear bottom", 6] > 3 * rows.get(("Swimwear bottom", 12), 0)
    assert rows["Sweater", 11] > 2 * rows["Sweater", 5]


@pytest.mark.parametrize("group_rows", [1, 3, 1000])
def test_history_is_that_of_a_slow_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_raw: Any, rows: Any, group_rows: int
) -> None:
    monkeypatch.setattr("fashion_recsys.synth.history._GROUP_ROWS", group_rows)
    bought = [(1, 1, 1), (1, 1, 1), (4, 1, 2), (9, 1, 1), (2, 9, 2), (3, 9, 2), (9, 3, 1)]
    purchases = [rows.purchase(day, who, what) for day, who, what in bought]
    ingest(make_raw({TRANSACTIONS: purchases}), tmp_path / "out")
    history = measure_history(Dataset.open(tmp_path / "out"), date(2020, 9, 9))
    # Customer 3 bought nothing before day 9. Gaps: 3 and 5 of customer 1, 1 of customer 9.
    assert history == History((4 + 2) / 2, 3.0, 4, 3.0, (3 + 2) / 6)


def test_shares_fall_with_the_rank_and_sum_to_one() -> None:
    shares = shares_by_rank(105_542)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[:1000].sum() == pytest.approx(0.5025)
    assert (np.diff(shares[1:]) <= 0).mean() > 0.99
    assert (shares >= 0).all()


def test_the_real_facts_are_those_of_the_real_days(hm: Dataset) -> None:
    found, expected = measure(hm), REAL
    assert found.rows == expected.rows
    assert found.top == pytest.approx(expected.top, abs=1e-4)
    for name in ("rows_per_customer", "repeated_rows", "online_rows", "price_median"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-4)
    for name in ("rows_per_customer_median", "warm_customers", "owned_pairs"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-4)
    for name in ("same_section", "same_type"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-3)
    assert found.history is not None
    assert expected.history is not None
    assert asdict(found.history) == pytest.approx(asdict(expected.history), abs=1e-3)
