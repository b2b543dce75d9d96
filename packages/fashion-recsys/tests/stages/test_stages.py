"""What single stages read and leave out, without a whole run."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from fashion_recsys import Dataset
from fashion_recsys.candidates.budgets import Budgets
from fashion_recsys.cli import main
from fashion_recsys.progress import silent
from fashion_recsys.ranking.popularity import PopularNow
from fashion_recsys.ranking.rules import Rules
from fashion_recsys.ranking.settings import RuleSettings
from fashion_recsys.stages.ablation import without_source
from fashion_recsys.stages.data import data_stage
from fashion_recsys.stages.fitted import Fitted
from fashion_recsys.stages.lists import final_lists

CANDIDATES = {"customer": pl.UInt32, "article": pl.UInt32, "rank": pl.UInt32, "score": pl.Float32}


def test_without_a_source_its_rank_is_nowhere() -> None:
    pool = pl.DataFrame(
        {
            "customer": [1, 1, 1],
            "rank_own_purchases": [1.0, None, None],
            "score_own_purchases": [9.0, None, None],
            "rank_two_tower": [5.0, 6.0, None],
            "score_two_tower": [1.0, 1.0, None],
            "rank_best_sellers": [None, 7.0, 8.0],
            "score_best_sellers": [None, 1.0, 1.0],
            "sources": [2.0, 2.0, 1.0],
            "best_rank": [1.0, 6.0, 8.0],
        }
    )
    fewer = without_source(pool, "two-tower")
    assert fewer["sources"].to_list() == [1.0, 1.0, 1.0]
    assert fewer["best_rank"].to_list() == [1.0, 7.0, 8.0]
    assert not [name for name in fewer.columns if "two_tower" in name]
    assert without_source(pool, "best sellers").height == 2


def test_without_the_only_source_nothing_is_left() -> None:
    pool = pl.DataFrame({"rank_own_purchases": [1.0], "score_own_purchases": [2.0], "sources": 1.0})
    assert without_source(pool, "own purchases").is_empty()


def test_rules_are_the_same_for_customers_without_a_history() -> None:
    day = date(2020, 9, 1)
    log = pl.LazyFrame(
        {
            "t_dat": [day] * 6,
            "customer": pl.Series([1, 2, 3, 1, 2, 1], dtype=pl.UInt32),
            "article": pl.Series([0, 0, 0, 1, 1, 2], dtype=pl.UInt32),
        }
    )
    popular = PopularNow().fit(log, day + timedelta(days=1))
    kinds = pl.DataFrame({"article": pl.Series([0, 1, 2], dtype=pl.UInt32), "kind": [7, 7, 8]})
    owned = pl.DataFrame(schema={"customer": pl.UInt32, "article": pl.UInt32})
    rules = Rules(RuleSettings(k=2, diversity=5), popular, owned=owned, kinds=kinds)
    ranked = pl.DataFrame(
        [(4, 1, 1, 3.0), (4, 0, 2, 2.0), (4, 2, 3, 1.0)], CANDIDATES, orient="row"
    )
    customers = pl.Series("customer", [4, 5], dtype=pl.UInt32)
    found = final_lists(ranked, customers, rules, popular)
    assert found.select("customer", "article").rows() == [(4, 1), (4, 2), (5, 0), (5, 2)]


def test_a_data_set_that_was_ingested_again_is_another_input(tmp_path: Path) -> None:
    (tmp_path / "transactions").mkdir()
    for name in ("articles.parquet", "customers.parquet", "report.json", "transactions/0.parquet"):
        (tmp_path / name).write_text("same")
    files = data_stage(tmp_path).files
    assert tmp_path / "transactions" in files
    assert tmp_path not in files, "a run's folder beside the data would change the key"


LOG_DAYS = 30
CLOSED = 27


@pytest.fixture
def closed_shop(tmp_path: Path) -> Path:
    """Return the TOML of a small shop, without attributes, that is closed on one day."""
    rows = [
        f"2021-03-{day + 1:02d},c{(day * 7 + n) % 40:03d},a{(day + n * n) % 60},2"
        for day in range(LOG_DAYS)
        for n in range(60)
        if day != CLOSED
    ]
    (tmp_path / "log.csv").write_text("\n".join(["day,who,what,paid", *rows]) + "\n")
    spec = tmp_path / "shop.toml"
    spec.write_text(
        'files = ["log.csv"]\n[columns]\n'
        'date = "day"\ncustomer = "who"\narticle = "what"\nprice = "paid"\n'
    )
    return spec


@pytest.mark.slow
def test_a_shop_that_was_closed_and_has_no_two_tower(
    closed_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    command = ["--data", str(closed_shop), "--out", str(out), "--test-days", "1"]
    quick = ["--test-periods", "1", "--skip-ablation", "--budgets.two-tower", "0"]
    main(["run", *command, *quick, "--ranker.models", "1"])
    shown = capsys.readouterr()
    assert "Stage ledger" in shown.out
    assert "data: check the raw files" in shown.err
    assert "two-tower" not in shown.err
    # Measuring alone leaves no lists, of this shop or another.
    main(["evaluate", *command, *quick, "--ranker.models", "1", "--prune"])
    assert not (out / "recommendations.parquet").exists()
    assert not list((out / "stages").glob("recommend-*"))


def test_an_article_is_unknown_before_its_first_sale(
    closed_shop: Path, tmp_path: Path, run_quietly: Callable[..., None]
) -> None:
    run_quietly("ingest", str(closed_shop), "--out", str(tmp_path / "data"))
    dataset = Dataset.open(tmp_path / "data")
    as_of = dataset.first_day + timedelta(days=1)
    fitted = Fitted.on(dataset, as_of, None, Budgets(), silent)
    everyone = dataset.customers.collect()["customer"]
    sold = dataset.log.filter(pl.col("t_dat") < as_of).collect()["article"].unique()
    assert 0 < len(sold) < dataset.articles.collect().height
    candidates = fitted.candidates(everyone)
    assert candidates.height
    assert candidates["article"].is_in(sold.implode()).all()
