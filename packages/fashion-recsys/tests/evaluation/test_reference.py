"""The known figures of the real H&M days: train 16 to 20 September 2020, test 21 September."""

import pytest
from fashion_recsys import Dataset, Score, TimeSplit, evaluate

Scores = dict[tuple[str, str], Score]


@pytest.fixture(scope="module")
def scores(hm: Dataset) -> Scores:
    split = TimeSplit.of_last_days(hm.first_day, hm.last_day, test_days=1, train_days=5)
    result = evaluate(hm, split)
    assert result.train_rows == 175_315
    return {(score.ranking, score.group): score for score in result.scores}


def test_customers_and_pairs(scores: Scores) -> None:
    best = scores["best sellers", "all"]
    assert (best.customers, best.pairs) == (10_119, 28_800)
    assert scores["best sellers", "warm"].customers == 1_833


def test_best_sellers(scores: Scores) -> None:
    recall = {k: round(share, 4) for k, share in scores["best sellers", "all"].recall.items()}
    assert recall == {12: 0.0220, 100: 0.1259, 300: 0.2562, 500: 0.3435, 1000: 0.4944}
    assert round(scores["best sellers", "all"].map_at_12, 5) == 0.00917
    assert round(scores["best sellers", "warm"].map_at_12, 5) == 0.00875


def test_own_purchases_then_best_sellers(scores: Scores) -> None:
    assert round(scores["own purchases + best sellers", "all"].map_at_12, 4) == 0.0391
    assert round(scores["own purchases + best sellers", "warm"].map_at_12, 3) == 0.174
