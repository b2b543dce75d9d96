"""Ledgers by hand: edge cases, JSON, mistakes."""

import json
from collections.abc import Callable
from math import log2

import polars as pl
import pytest

from fashion_recsys import SettingError, SplitError, TimeSplit
from fashion_recsys.columns import CANDIDATE_SCHEMA
from fashion_recsys.evaluation.builder import LedgerBuilder
from fashion_recsys.evaluation.ledger import Ledger
from fashion_recsys.evaluation.period import Period

N_ARTICLES = 10

Lists = dict[int, list[int]]
Build = Callable[..., LedgerBuilder]


def test_novelty_by_hand(build_ledger: Build) -> None:
    # Sales before: article 1 three times, article 2 once, article 3 never, which counts as once.
    log = [(3, 7, 1), (3, 8, 1), (4, 8, 1), (4, 8, 2), (5, 7, 1), (5, 9, 1)]
    builder = build_ledger(log, {}, {"final": {7: [1, 2], 9: [3]}, "empty": {}})
    ledger = builder.ledger("final")
    everybody, warm = ledger.list_score("final"), ledger.list_score("final", "warm")
    assert everybody is not None
    assert warm is not None
    assert everybody.novelty == pytest.approx((log2(4 / 3) + log2(4 / 1) + log2(4 / 1)) / 3)
    assert warm.novelty == pytest.approx((log2(4 / 3) + log2(4 / 1)) / 2)
    assert (everybody.coverage, warm.coverage) == (3 / N_ARTICLES, 2 / N_ARTICLES)
    empty = ledger.list_score("empty")
    assert empty is not None
    assert (empty.novelty, empty.coverage, empty.metrics["map"].value) == (None, 0.0, 0.0)


def test_nobody_is_warm_and_no_article_is_new(build_ledger: Build) -> None:
    ledger = build_ledger([(1, 1, 1), (5, 2, 1)], {}, {"final": {2: [1]}}).ledger("final")
    groups = {row.group for row in ledger.groups}
    assert groups == {"all", "cold", "new to customer"}
    assert (ledger.pool, ledger.sources) == ((), ())


def test_more_than_twelve_purchases(build_ledger: Build) -> None:
    log = [(5, 1, article) for article in range(20)]
    builder = build_ledger(
        log, {"best sellers": {1: list(range(20))}}, {"final": {1: list(range(20))}}, 20
    )
    ledger = builder.ledger("final", ks=(12, 20))
    score = ledger.list_score("final")
    assert score is not None
    assert (score.metrics["map"].value, score.metrics["ndcg"].value) == (1.0, pytest.approx(1.0))
    assert score.metrics["recall"].value == 12 / 20
    assert ledger.pool[0].oracle_map.value == 1.0
    assert ledger.retrieval[0].recall[20].value == 1.0


def test_lists_ranked_without_a_source(build_ledger: Build) -> None:
    log = [(4, 1, 1), (5, 1, 1), (5, 2, 3)]
    sources = {"best sellers": {1: [3], 2: [3]}, "own purchases": {1: [1]}}
    finals = {"final": {1: [1, 3], 2: [3]}, "less": {1: [3], 2: [3]}}
    ledger = build_ledger(log, sources, finals).ledger("final", retrained={"own purchases": "less"})
    losses = {use.source: use.map_loss for use in ledger.sources if use.group == "all"}
    assert losses["best sellers"] is None
    assert losses["own purchases"] is not None
    assert losses["own purchases"].value == pytest.approx(1 - 1 / 2)
    assert {row.name for row in ledger.lists} == {"final"}


def test_json_gives_the_same_ledger(build_ledger: Build) -> None:
    log = [(4, 1, 1), (5, 1, 1), (5, 2, 3)]
    sources = {"best sellers": {1: [3], 2: [4]}, "own purchases": {1: [1]}}
    ledger = build_ledger(log, sources, {"final": {1: [1]}, "other": {2: [3]}}).ledger("final")
    assert Ledger.from_dict(json.loads(json.dumps(ledger.as_dict()))) == ledger


def test_mistakes_are_named(
    build_ledger: Build,
    list_table: Callable[[Lists], pl.DataFrame],
    make_log: Callable[..., pl.LazyFrame],
    ledger_split: TimeSplit,
) -> None:
    log = [(4, 1, 1), (5, 1, 1)]
    builder = build_ledger(log, {"best sellers": {1: [1]}}, {"final": {1: [1]}})
    with pytest.raises(SettingError, match="expected the list 'best' to be added"):
        builder.ledger("best")
    with pytest.raises(SettingError, match=r"customer 1 was added twice for .*final"):
        builder.add_list("final", list_table({1: [2]}))
    with pytest.raises(SettingError, match="customer 1 was added twice"):
        builder.merge(build_ledger(log, {"best sellers": {1: [1]}}, {}))
    with pytest.raises(SettingError, match="of the same sources"):
        builder.merge(build_ledger(log, {}, {}))
    with pytest.raises(SettingError, match="two periods"):
        builder.merge(build_ledger([(5, 1, 2)], {"best sellers": {}}, {}))
    with pytest.raises(SettingError, match="names article 1, expected less than the 1 of"):
        Period.of(make_log(*log), ledger_split, 1)
    with pytest.raises(SplitError, match="no purchase from 2020-09-05"):
        Period.of(make_log((4, 1, 1)), ledger_split, 5)


def test_customers_who_are_not_tested_change_nothing(build_ledger: Build) -> None:
    log = [(4, 1, 1), (5, 1, 1)]
    alone = build_ledger(log, {"best sellers": {1: [1]}}, {"final": {1: [1]}})
    crowd = build_ledger(log, {"best sellers": {1: [1], 8: [2]}}, {"final": {1: [1], 9: [3]}})
    assert crowd.ledger("final") == alone.ledger("final")


def test_a_source_that_is_known_from_the_pool_only(
    build_ledger: Build, make_log: Callable[..., pl.LazyFrame], ledger_split: TimeSplit
) -> None:
    log = [(4, 1, 1), (5, 1, 1), (5, 2, 3)]
    sources = {"best sellers": {1: [3, 1], 2: [4, 3]}, "own purchases": {1: [1]}}
    both = build_ledger(log, sources, {"final": {}})
    builder = LedgerBuilder(Period.of(make_log(*log), ledger_split, N_ARTICLES), tuple(sources))
    pool = {"customer": [1, 1, 2, 2], "article": [1, 3, 3, 4]}
    ranks = {"rank_best_sellers": [2, 1, 2, 1], "rank_own_purchases": [1, None, None, None]}
    builder.add_pool(pl.DataFrame(pool | ranks).cast(pl.UInt32))
    builder.add_list("final", pl.DataFrame(schema=CANDIDATE_SCHEMA))
    assert builder.ledger("final") == both.ledger("final")


def test_best_sellers_are_not_needed(build_ledger: Build) -> None:
    ledger = build_ledger([(5, 1, 1)], {"other": {1: [1]}}, {"final": {}}).ledger("final", ks=(1,))
    assert all((row.gain, row.ratio) == ({}, {}) for row in ledger.retrieval)
    assert ledger.retrieval[0].recall[1].value == 1.0
