"""MLP against the slow, obvious form: one window at a time, one matrix product per layer."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nanogpt.data.splits import BatchSampler, Splits, consecutive_batches
from nanogpt.errors import ConfigError
from nanogpt.models.config import MLPConfig
from nanogpt.models.gpt import cross_entropy
from nanogpt.models.mlp import MLP
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.trainer import Trainer

VOCAB_SIZE = 31
CONFIG = MLPConfig(block_size=5, n_embd=7, n_hidden=24, n_layer=3, n_predict=8)


def build(config: MLPConfig = CONFIG, seed: int = 0, vocab_size: int = VOCAB_SIZE) -> MLP:
    """Return an MLP of which no bias, norm or head is at its bland initial value."""
    model = MLP(config, vocab_size, torch.Generator().manual_seed(seed))
    random = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random) * 0.1)
    return model.eval()


def random_ids(*shape: int, seed: int = 1) -> Tensor:
    return torch.randint(VOCAB_SIZE, shape, generator=torch.Generator().manual_seed(seed))


def window_logits(model: MLP, window: Tensor) -> Tensor:
    """Return the (V,) logits after a (K,) window; the reference."""
    weights = model.state_dict()
    rows = [weights["wte.weight"][token] for token in window.tolist()]
    x = weights["c_fc.weight"] @ torch.cat(rows) + weights["c_fc.bias"]

    def norm(x: Tensor, name: str) -> Tensor:
        return x / (x.square().mean() + torch.finfo(x.dtype).eps).sqrt() * weights[name]

    for layer in range(model.config.n_layer):
        h = norm(x, f"h.{layer}.norm.weight").clamp(min=0) ** 2
        x = x + weights[f"h.{layer}.fc.weight"] @ h + weights[f"h.{layer}.fc.bias"]
    head, bias = weights["lm_head.weight"], weights["lm_head.bias"]
    return head @ norm(x, "norm_f.weight") + bias


@pytest.mark.parametrize(
    ("rows", "length"),
    [(1, 5), (1, 6), (3, 12), (1, 34), (1, 35), (1, 36), (6, 64)],  # 31 windows and more: tables
)
def test_logits_equal_one_window_at_a_time(rows: int, length: int) -> None:
    model, idx = build(), random_ids(rows, length)
    with torch.no_grad():
        logits = model(idx)
        expected = torch.stack(
            [
                torch.stack(
                    [window_logits(model, row[end - 5 : end]) for end in range(5, length + 1)]
                )
                for row in idx
            ]
        )
    assert logits.shape == (rows, length - 4, VOCAB_SIZE)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_both_ways_through_the_first_layer_have_equal_gradients() -> None:
    idx, targets = random_ids(8, 40), random_ids(8, 40, seed=2)
    tables, product = build(), build()
    cross_entropy(tables(idx), targets).backward()
    windows, wanted = idx.unfold(1, 5, 1).flatten(0, 1), targets[:, 4:].flatten()
    for window, target in zip(windows, wanted, strict=True):
        loss = cross_entropy(product(window[None]), target.view(1, 1))
        (loss / len(wanted)).backward()
    for (name, ours), theirs in zip(tables.named_parameters(), product.parameters(), strict=True):
        assert ours.grad is not None, name
        assert ours.grad.abs().sum() > 0, name
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6, msg=name)


@settings(deadline=None, max_examples=30)
@given(st.integers(5, 60), st.integers(1, 4), st.integers(0, 2**31))
def test_only_the_last_block_size_tokens_matter(length: int, rows: int, seed: int) -> None:
    idx = random_ids(rows, length, seed=seed)
    other = random_ids(rows, length, seed=seed + 1)
    other[:, -5:] = idx[:, -5:]
    with torch.no_grad():
        before, after = build()(idx)[:, -1], build()(other)[:, -1]
    torch.testing.assert_close(before, after, rtol=0, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(6, 60), st.data())
def test_no_token_sees_the_future(length: int, data: st.DataObject) -> None:
    changed_from = data.draw(st.integers(5, length - 1))
    idx = random_ids(2, length)
    changed = idx.clone()
    changed[:, changed_from:] = (changed[:, changed_from:] + 1) % VOCAB_SIZE
    unseen = changed_from - 4  # predictions whose window ends before the change
    with torch.no_grad():
        before, after = build()(idx), build()(changed)
    torch.testing.assert_close(before[:, :unseen], after[:, :unseen], rtol=0, atol=1e-6)
    assert not torch.allclose(before[:, unseen], after[:, unseen], atol=1e-3)


@pytest.mark.parametrize("length", [0, 1, 4])
def test_short_context_is_filled_up_with_the_mean_embedding(length: int) -> None:
    model, idx = build(), random_ids(2, length)
    weights = dict(model.state_dict())
    for name in ("wte.weight", "lm_head.weight", "lm_head.bias"):  # one more token: the mean
        weights[name] = torch.cat([weights[name], weights[name].mean(0, keepdim=True)])
    larger = MLP(CONFIG, VOCAB_SIZE + 1).eval()
    larger.load_state_dict(weights)
    filled_up = torch.cat([torch.full((2, 5 - length), VOCAB_SIZE), idx], dim=1)
    with torch.no_grad():
        logits, expected = model(idx), larger(filled_up)[..., :VOCAB_SIZE]
    assert logits.shape == (2, 1, VOCAB_SIZE)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_writes_on_from_a_prompt_of_any_length() -> None:
    for length in (1, 4, 5, 6, 40):
        prompt = random_ids(length).tolist()
        written = list(generate(build(), prompt, SamplingConfig(num_tokens=12)))
        assert len(written) == 12
        assert set(written) <= set(range(VOCAB_SIZE))


def test_same_seed_gives_same_weights_and_another_gives_others() -> None:
    first, again, other = (
        MLP(CONFIG, VOCAB_SIZE, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
    assert not torch.equal(first.wte.weight, other.wte.weight)
    assert not torch.equal(first.lm_head.weight, other.lm_head.weight)


def test_activations_start_at_unit_scale_and_the_head_knows_nothing() -> None:
    config = MLPConfig(block_size=16, n_embd=32, n_hidden=256, n_layer=4)
    model = MLP(config, VOCAB_SIZE, torch.Generator().manual_seed(0)).eval()
    idx = random_ids(16, 79)
    with torch.no_grad():
        x = model._first_layer(idx)
        assert x.std().item() == pytest.approx(1, rel=0.1)
        for layer in model.h:
            x = layer(x)
        assert x.square().mean().sqrt().item() == pytest.approx(math.sqrt(2), rel=0.15)
        loss = cross_entropy(model(idx), random_ids(16, 79, seed=2)).item()
    assert loss == pytest.approx(math.log(VOCAB_SIZE), abs=0.02)


def test_dropout_acts_in_training_only() -> None:
    model = build(replace(CONFIG, dropout=0.5))
    idx = random_ids(1, 8)
    assert not torch.equal(model.train()(idx), model(idx))
    assert torch.equal(model.eval()(idx), model(idx))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(2, 60), st.integers(1, 5))
def test_windows_of_a_split_predict_each_token_once(
    block_size: int, n_predict: int, length: int, batch_size: int
) -> None:
    config = replace(CONFIG, block_size=block_size, n_predict=n_predict)
    tokens = torch.arange(length, dtype=torch.int32)
    predicted: list[int] = []
    for inputs, targets in consecutive_batches(
        tokens, block_size=config.window_size, batch_size=batch_size, overlap=config.overlap
    ):
        assert inputs.size(1) <= config.window_size
        predicted += targets[:, config.overlap :].flatten().tolist()
    assert predicted == list(range(block_size, length))


def test_a_batch_has_n_predict_predictions_a_row() -> None:
    config = replace(CONFIG, block_size=4, n_predict=6)
    sampler = BatchSampler(
        torch.arange(100, dtype=torch.int32), block_size=config.window_size, batch_size=3, seed=0
    )
    inputs, targets = sampler.batch(0)
    assert build(config, vocab_size=100)(inputs).shape == (3, 6, 100)
    assert torch.equal(targets[:, -6:], inputs[:, 3:] + 1)  # each after its window's last token


def test_trains_to_know_a_text_by_heart(text: Path) -> None:
    tokenizer = CharTokenizer.train(text.read_text())
    splits = Splits.by_position(tokenizer.encode(text.read_text()), CONFIG.window_size)
    recipe = TrainConfig(
        max_steps=80, batch_size=16, learning_rate=1e-2, warmup_steps=5, weight_decay=0.01
    )
    model = MLP(CONFIG, tokenizer.vocab_size, torch.Generator().manual_seed(0))
    trainer = Trainer(model, splits, recipe)
    assert trainer.evaluate() == pytest.approx(math.log(tokenizer.vocab_size), abs=0.05)
    for _ in range(recipe.max_steps):
        trainer.train_step()
    assert trainer.evaluate() < 0.2


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"n_layer": 0}, "n_layer must be from 1 to 1,000,000, got 0"),
        ({"n_predict": 0}, "n_predict must be from 1 to 1,000,000, got 0"),
        ({"dropout": 1.0}, "dropout must be in"),
    ],
)
def test_impossible_shape_is_refused(field: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MLPConfig(**field)
