"""What sampling keeps, and that it leaks nothing."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys import SettingError
from fashion_recsys.ranking.sampling import label_pool, sample_negatives

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), unique=True, max_size=40)
KEYS = {"customer": pl.UInt32, "article": pl.UInt32}


def table(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(sorted(pairs), schema=KEYS, orient="row")


@settings(deadline=None)
@given(PAIRS, PAIRS, st.integers(1, 5), st.integers(0, 3))
def test_positives_stay_and_negatives_are_limited(
    pool: list[tuple[int, int]], truth: list[tuple[int, int]], negatives: int, seed: int
) -> None:
    labelled = label_pool(table(pool), table(truth))
    assert labelled.drop("label").equals(table(pool))
    assert labelled["label"].to_list() == [int(pair in set(truth)) for pair in sorted(pool)]
    sample = sample_negatives(labelled, negatives, seed=seed)
    assert sample.equals(sample.sort("customer", "article"))
    positives = labelled.filter(pl.col("label") == 1)
    assert sample.filter(pl.col("label") == 1).equals(positives)
    assert set(sample["customer"]) == set(positives["customer"])
    for (customer,), rows in sample.group_by("customer"):
        there = labelled.filter((pl.col("customer") == customer) & (pl.col("label") == 0)).height
        assert rows.filter(pl.col("label") == 0).height == min(negatives, there)
    assert sample_negatives(labelled, negatives, seed=seed).equals(sample)


def test_negatives_are_drawn_uniformly() -> None:
    pool = table([(customer, article) for customer in range(2_000) for article in range(10)])
    truth = table([(customer, 0) for customer in range(2_000)])
    sample = sample_negatives(label_pool(pool, truth), 3, seed=0)
    counts = sample.filter(pl.col("label") == 0)["article"].value_counts()["count"]
    assert len(counts) == 9
    # 2,000 lists, each keeps an article with p = 3/9: mean 667, deviation 21.
    assert counts.is_between(667 - 5 * 21, 667 + 5 * 21).all()


def test_a_sample_of_nothing() -> None:
    nothing = label_pool(table([]), table([(1, 1)]))
    assert sample_negatives(nothing, 5, seed=0).is_empty()


def test_a_number_of_negatives_that_makes_no_sense() -> None:
    with pytest.raises(SettingError, match="--negatives-per-customer: expected at least 1"):
        sample_negatives(label_pool(table([]), table([])), 0, seed=0)
