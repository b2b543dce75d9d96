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


@pytest.mark.parametrize(
    ("ranking", "recall", "map_at_12", "map_at_12_warm"),
    [
        ("best sellers", [0.0220, 0.1259, 0.2562, 0.3435, 0.4944], 0.00917, 0.00875),
        ("own purchases", [0.0285, 0.0289, 0.0289, 0.0289, 0.0289], 0.03094, 0.17083),
        (
            "own purchases + best sellers",
            [0.0489, 0.1496, 0.2760, 0.3606, 0.5069],
            0.03910,
            0.17398,
        ),
    ],
)
def test_the_table_of_the_readme(
    scores: Scores, ranking: str, recall: list[float], map_at_12: float, map_at_12_warm: float
) -> None:
    score = scores[ranking, "all"]
    assert [round(share, 4) for share in score.recall.values()] == recall
    assert round(score.map_at_12, 5) == map_at_12
    assert round(scores[ranking, "warm"].map_at_12, 5) == map_at_12_warm
