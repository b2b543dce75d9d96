"""Splits and batches: nothing lost, nothing leaked, the same for the same seed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.data.splits import (
    BatchSampler,
    Splits,
    consecutive_batches,
    evaluation_batch_size,
)
from nanogpt.errors import CorpusError


def counting(length: int) -> np.ndarray:
    return np.arange(length, dtype=np.int32)


def test_last_tenth_is_held_out() -> None:
    splits = Splits.by_position(counting(1005), block_size=8)
    assert splits.train.tolist() == list(range(905))
    assert splits.val.tolist() == list(range(905, 1005))


def test_shortest_corpus_that_splits() -> None:
    assert len(Splits.by_position(counting(90), block_size=8).val) == 9
    with pytest.raises(CorpusError, match="has 89 tokens; with a block_size of 8 it needs 90"):
        Splits.by_position(counting(89), block_size=8)


def test_targets_are_the_inputs_one_later() -> None:
    sampler = BatchSampler(torch.arange(100), block_size=7, batch_size=64, seed=0)
    inputs, targets = sampler.batch(0)
    assert inputs.shape == targets.shape == (64, 7)
    assert inputs.dtype == torch.int64
    assert torch.equal(targets, inputs + 1)
    assert torch.equal(inputs, inputs[:, :1] + torch.arange(7))


def test_every_window_can_be_drawn_and_none_beyond() -> None:
    sampler = BatchSampler(torch.arange(10), block_size=7, batch_size=200, seed=0)
    assert set(sampler.batch(0)[0][:, 0].tolist()) == {0, 1, 2}


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    def sampler(seed: int) -> BatchSampler:
        return BatchSampler(torch.arange(10_000), block_size=4, batch_size=8, seed=seed)

    first, second = sampler(1), sampler(1)
    first.batch(0)
    assert torch.equal(first.batch(5)[0], second.batch(5)[0])
    assert not torch.equal(first.batch(5)[0], first.batch(6)[0])
    assert not torch.equal(first.batch(5)[0], sampler(2).batch(5)[0])


@given(st.integers(2, 300), st.integers(1, 40), st.integers(1, 9))
def test_consecutive_batches_predict_every_token_once(
    length: int, block_size: int, batch_size: int
) -> None:
    batches = list(
        consecutive_batches(torch.arange(length), block_size=block_size, batch_size=batch_size)
    )
    assert all(torch.equal(targets, inputs + 1) for inputs, targets in batches)
    assert torch.cat([t.flatten() for _, t in batches]).tolist() == list(range(1, length))
    assert all(inputs.shape[0] <= batch_size for inputs, _ in batches)


@pytest.mark.parametrize(
    ("window_size", "vocab_size", "windows"),
    [(64, 65, 128), (1024, 50257, 1), (64, 50257, 10), (8192, 65, 1), (64, 2**26, 1)],
)
def test_evaluation_keeps_tokens_and_logits_bounded(
    window_size: int, vocab_size: int, windows: int
) -> None:
    assert evaluation_batch_size(window_size, vocab_size) == windows
