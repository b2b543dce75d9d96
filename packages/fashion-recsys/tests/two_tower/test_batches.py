"""The steps of training: each example once, and its accidental hits equal to a loop's."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_recsys.two_tower.batches import Batches, latest_examples
from fashion_recsys.two_tower.inputs import Inputs, read_inputs
from fashion_recsys.two_tower.settings import TwoTowerSettings

AS_OF = date(2020, 9, 10)
ARTICLES, CUSTOMERS = 7, 4
SETTINGS = TwoTowerSettings(batch_size=4, uniform_negatives=3, history=3)
PURCHASES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=30
)


def read(make_log: Callable[..., pl.LazyFrame], purchases: list[tuple[int, int, int]]) -> Inputs:
    articles = pl.DataFrame({"article": range(ARTICLES)})
    customers = pl.DataFrame({"customer": range(CUSTOMERS)})
    return read_inputs(make_log(*sorted(purchases)), AS_OF, articles, customers, SETTINGS)


@settings(deadline=None)  # The first call makes polars load.
@given(PURCHASES)
def test_an_epoch_has_each_example_once_and_all_its_hits(
    make_log: Callable[..., pl.LazyFrame], purchases: list[tuple[int, int, int]]
) -> None:
    inputs = read(make_log, purchases)
    histories = inputs.histories
    examples = latest_examples(inputs, 100)
    bought = []
    for batch in Batches(inputs, examples, SETTINGS, seed=0).epoch(0):
        sample = batch.articles[batch.sample]
        size = len(batch.customers)
        assert len(sample) == size + SETTINGS.uniform_negatives
        assert np.array_equal(batch.articles, np.unique(batch.articles))
        for row, customer in enumerate(batch.customers):
            bought.append((customer, sample[row]))
            columns = {int(c) for r, c in batch.hits.T if r == row}
            assert row not in columns
            days = {day for day, *pair in purchases if pair == [customer, sample[row]]}
            visits = [{a for d, c, a in purchases if (d, c) == (day, customer)} for day in days]
            assert columns in [
                {c for c, article in enumerate(sample) if article in visit and c != row}
                for visit in visits
            ]
    assert sorted(bought) == sorted(zip(histories.customers, histories.articles, strict=True))


def test_epochs_differ_and_repeat(make_log: Callable[..., pl.LazyFrame]) -> None:
    inputs = read(make_log, [(d, d % 4, a) for d in range(1, 9) for a in range(ARTICLES)])
    examples = latest_examples(inputs, 100)

    def samples(seed: int, epoch: int) -> list[int]:
        steps = Batches(inputs, examples, SETTINGS, seed).epoch(epoch)
        return [place for batch in steps for place in batch.articles[batch.sample].tolist()]

    assert samples(0, 0) == samples(0, 0)
    assert samples(0, 0) != samples(0, 1)
    assert samples(0, 0) != samples(1, 0)


def test_the_latest_examples_are_kept(make_log: Callable[..., pl.LazyFrame]) -> None:
    inputs = read(make_log, [(3, 0, 1), (1, 1, 2), (5, 2, 3), (4, 3, 4), (5, 0, 6), (3, 3, 0)])
    days = inputs.histories.days
    for limit in range(1, 8):
        kept = latest_examples(inputs, limit)
        assert sorted(days[kept]) == sorted(days)[-limit:]
        assert len(np.unique(kept)) == len(kept)
