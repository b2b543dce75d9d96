"""The decay groups and the schedule."""

import math

import pytest

from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.training.config import TrainConfig
from nanogpt.training.optimizer import build_optimizers
from nanogpt.training.schedule import learning_rate

CONFIG = TrainConfig(max_steps=110, warmup_steps=10, learning_rate=1.0, min_learning_rate=0.1)


def test_schedule_rises_peaks_and_ends_at_the_minimum() -> None:
    assert learning_rate(0, CONFIG) == 1 / 11
    assert learning_rate(9, CONFIG) == 10 / 11
    assert learning_rate(10, CONFIG) == 1.0
    assert learning_rate(60, CONFIG) == pytest.approx((1.0 + 0.1) / 2)
    assert learning_rate(35, CONFIG) == pytest.approx(0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2)
    assert learning_rate(110, CONFIG) == pytest.approx(0.1)
    assert learning_rate(500, CONFIG) == pytest.approx(0.1)


def test_schedule_without_room_for_a_cosine() -> None:
    config = TrainConfig(max_steps=5, warmup_steps=10, learning_rate=1.0)
    assert learning_rate(4, config) == 5 / 11


def test_matrices_decay_and_nothing_else() -> None:
    model = GPT(GPTConfig(block_size=8, n_layer=2, n_head=1, n_embd=8), vocab_size=11)
    decayed, plain = build_optimizers(model, TrainConfig(weight_decay=0.3)).adamw.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert decayed["weight_decay"] == 0.3
    assert plain["weight_decay"] == 0.0
    assert {names[id(p)] for p in plain["params"]} == {
        name for name in names.values() if "ln_" in name or name.endswith("bias")
    }
    assert len(decayed["params"]) + len(plain["params"]) == len(names)
