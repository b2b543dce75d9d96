"""A model small enough to train in a test."""

import pytest
from nanogpt.models.config import GPTConfig
from nanogpt.training.config import TrainConfig
from nanogpt.training.run import Corpus


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
