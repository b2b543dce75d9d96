"""The ledger of the real H&M day has the figures of the quick evaluation."""

from datetime import date

import polars as pl
import pytest

from fashion_recsys import BestSellers, Dataset, OwnPurchases, TimeSplit, in_turn
from fashion_recsys.evaluation.builder import LedgerBuilder
from fashion_recsys.evaluation.period import Period


def test_the_lists_of_the_data_readme(hm: Dataset) -> None:
    split = TimeSplit(date(2020, 9, 16), date(2020, 9, 21), date(2020, 9, 21))
    period = Period.of(hm.log, split, hm.articles.select(pl.len()).collect().item())
    builder = LedgerBuilder(period, ())
    train = split.train(hm.log)
    best, own = BestSellers().fit(train, split.as_of), OwnPurchases().fit(train, split.as_of)
    customers = period.pairs["customer"].unique().sort()
    for begin in range(0, len(customers), 3_000):
        batch = customers[begin : begin + 3_000]
        best_list, own_list = best.candidates(batch, 300), own.candidates(batch, 300)
        builder.add_source(best.name, best_list)
        builder.add_list(best.name, best_list)
        builder.add_list("own + best", in_turn([own_list, best_list], 12))
    ledger = builder.ledger("own + best", ks=(12, 100, 300), replicates=100)
    sizes = {row.group: (row.customers, row.pairs) for row in ledger.groups}
    assert (sizes["all"], sizes["warm"][0]) == ((10_119, 28_800), 1_833)
    recall = {k: round(figure.value, 4) for k, figure in ledger.retrieval[0].recall.items()}
    assert recall == {12: 0.0220, 100: 0.1259, 300: 0.2562}
    for name, group, expected in (
        ("best sellers", "all", 0.00917),
        ("best sellers", "warm", 0.00875),
        ("own + best", "all", 0.03910),
        ("own + best", "warm", 0.17398),
    ):
        score = ledger.list_score(name, group)
        assert score is not None
        assert score.metrics["map"].value == pytest.approx(expected, abs=5e-6)
        assert score.metrics["map"].low < expected < score.metrics["map"].high
