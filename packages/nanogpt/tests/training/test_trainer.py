"""Steps against a plain PyTorch loop, validation against a loop by hand, divergence."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.data.splits import Splits
from nanogpt.errors import DivergedError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.trainer import Trainer


@pytest.fixture
def trainer(text: Path, model_config: GPTConfig, train_config: TrainConfig) -> Trainer:
    corpus = text.read_text()
    tokenizer = CharTokenizer.train(corpus)
    splits = Splits.by_position(tokenizer.encode(corpus), model_config.block_size)
    model = GPT(
        replace(model_config, dropout=0.0),
        tokenizer.vocab_size,
        torch.Generator().manual_seed(0),
    )
    return Trainer(model, splits, train_config)


def test_first_step_is_clipped_adam_on_the_batch(trainer: Trainer) -> None:
    model, config = trainer.model, trainer.config
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    inputs, targets = trainer._sampler.batch(0)
    loss = F.cross_entropy(model(inputs).transpose(1, 2), targets)
    gradients = dict(zip(before, torch.autograd.grad(loss, list(model.parameters())), strict=True))
    norm = torch.cat([g.flatten() for g in gradients.values()]).norm().item()

    result = trainer.train_step()

    rate = config.learning_rate * 1 / 4
    assert result.step == 1
    assert result.loss == pytest.approx(loss.item(), abs=1e-6)
    assert result.grad_norm == pytest.approx(norm, rel=1e-5)
    assert result.learning_rate == rate
    for name, parameter in model.named_parameters():
        gradient = gradients[name] * min(1.0, config.grad_clip / norm)
        decay = config.weight_decay if parameter.dim() >= 2 else 0.0
        # Adam's first step: both averages equal the gradient after bias correction.
        expected = before[name] * (1 - rate * decay) - rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-3, atol=2e-6)


def test_validation_loss_is_the_mean_over_every_token(trainer: Trainer) -> None:
    tokens = torch.tensor(trainer._val.tolist())
    block_size = trainer.model.config.block_size
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, block_size):
            stop = min(start + block_size, len(tokens) - 1)
            logits = trainer.model.eval()(tokens[None, start:stop])
            total += F.cross_entropy(
                logits[0], tokens[start + 1 : stop + 1], reduction="sum"
            ).item()
    assert trainer.evaluate() == pytest.approx(total / (len(tokens) - 1), abs=1e-5)
    assert trainer.evaluate() == trainer.evaluate()


def test_evaluating_changes_no_later_step(
    text: Path, model_config: GPTConfig, train_config: TrainConfig
) -> None:
    def train(*, evaluating: bool) -> list[float]:
        corpus = text.read_text()
        tokenizer = CharTokenizer.train(corpus)
        splits = Splits.by_position(tokenizer.encode(corpus), model_config.block_size)
        model = GPT(model_config, tokenizer.vocab_size, torch.Generator().manual_seed(0))
        trainer = Trainer(model, splits, train_config)
        losses = []
        for _ in range(4):
            losses.append(trainer.train_step().loss)
            if evaluating:
                trainer.evaluate()
        return losses

    assert train(evaluating=True) == train(evaluating=False)


def test_training_lowers_the_loss(trainer: Trainer) -> None:
    start = trainer.evaluate()
    assert start == pytest.approx(math.log(trainer.model.vocab_size), abs=0.1)  # knows nothing yet
    for _ in range(12):
        trainer.train_step()
    assert trainer.evaluate() < start - 0.05


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_divergence_stops_before_the_weights_are_harmed(trainer: Trainer, value: float) -> None:
    trainer.train_step()
    with torch.no_grad():
        trainer.model.ln_f.weight[0] = value
    before = trainer.model.wte.weight.detach().clone()
    with pytest.raises(DivergedError, match=r"diverged at step 2: loss nan.*lower --learning-rate"):
        trainer.train_step()
    assert torch.equal(trainer.model.wte.weight, before)
    assert trainer.step == 1
