"""A model small enough to train in a test, on one thread."""

from collections.abc import Iterator

import pytest
import torch
from nanogpt.models.config import GPTConfig
from nanogpt.training.config import TrainConfig
from nanogpt.training.run import Corpus


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they give on models this small, and far more on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # for the programs that tests start
        yield
    torch.set_num_threads(threads)


@pytest.fixture
def corpus() -> Corpus:
    return Corpus("pangrams", "The quick brown fox jumps over the lazy dog.\n" * 60)


@pytest.fixture
def model_config() -> GPTConfig:
    return GPTConfig(block_size=16, n_layer=2, n_head=2, n_embd=16, dropout=0.1)


@pytest.fixture
def train_config() -> TrainConfig:
    return TrainConfig(
        max_steps=12, batch_size=4, warmup_steps=3, eval_interval=4, log_interval=3, seed=5
    )
