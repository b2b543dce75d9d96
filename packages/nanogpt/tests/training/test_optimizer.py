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


def test_wsd_stays_at_the_peak_and_falls_in_a_line() -> None:
    config = TrainConfig(
        schedule="wsd",
        max_steps=100,
        warmup_steps=10,
        decay_share=0.25,
        learning_rate=1.0,
        min_learning_rate=0.2,
    )
    assert [learning_rate(step, config) for step in (10, 40, 75)] == [1.0, 1.0, 1.0]
    assert learning_rate(85, config) == pytest.approx(0.2 + 0.8 * 15 / 25)
    assert learning_rate(100, config) == pytest.approx(0.2)
    assert learning_rate(9, config) == 10 / 11


def test_muon_has_the_matrices_of_the_layers_and_adamw_the_rest() -> None:
    model = GPT(GPTConfig(block_size=8, n_layer=2, n_head=1, n_embd=8), vocab_size=11)
    optimizers = build_optimizers(model, TrainConfig(optimizer="muon"))
    assert optimizers.muon is not None
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    blocks = {
        names[id(parameter)]: group["blocks"]
        for group in optimizers.muon.param_groups
        for parameter in group["params"]
    }
    assert blocks == {
        f"h.{layer}.{name}.weight": 3 if name == "attn.c_attn" else 1
        for layer in range(2)
        for name in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
    }
    others = {names[id(p)] for group in optimizers.adamw.param_groups for p in group["params"]}
    assert others == set(names.values()) - set(blocks)


def test_rate_of_the_matrices_follows_the_schedule() -> None:
    model = GPT(GPTConfig(block_size=8, n_layer=1, n_head=1, n_embd=8), vocab_size=11)
    config = TrainConfig(
        optimizer="muon", learning_rate=0.01, matrix_learning_rate=0.04, warmup_steps=1
    )
    optimizers = build_optimizers(model, config)
    assert optimizers.muon is not None
    assert optimizers.set_learning_rate(0, config) == 0.005
    assert optimizers.adamw.param_groups[0]["lr"] == 0.005
    assert optimizers.muon.param_groups[0]["lr"] == pytest.approx(0.02)
