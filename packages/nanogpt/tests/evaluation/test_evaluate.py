"""Evaluation against brute force: one forward pass per token, counts by hand."""

import json
import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nanogpt.data.splits as splits_module
import nanogpt.evaluation.evaluate as module
from nanogpt.data.splits import Splits
from nanogpt.errors import ConfigError, CorpusError
from nanogpt.evaluation.confusion import Confusion, TokenAccuracy
from nanogpt.evaluation.evaluate import Evaluation, evaluate_model
from nanogpt.models.config import GPTConfig, MLPConfig, ModelConfig
from nanogpt.models.registry import Model, build_model
from nanogpt.training.config import TrainConfig
from nanogpt.training.trainer import Trainer

VOCAB_SIZE = 11
SHAPES: dict[str, ModelConfig] = {
    "gpt": GPTConfig(block_size=8, n_layer=1, n_head=2, n_embd=16, dropout=0.5),
    "mlp": MLPConfig(block_size=4, n_embd=6, n_hidden=16, n_layer=2, n_predict=5, dropout=0.5),
}


def build(kind: str) -> Model:
    """Return a model whose random weights are large enough for predictions that differ."""
    model = build_model(SHAPES[kind], VOCAB_SIZE, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return model


def random_tokens(length: int, seed: int = 2) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randint(VOCAB_SIZE, (length,), generator=random).int()


def first_seen(kind: str, position: int, context: int) -> int:
    """Return the first token that the prediction of ``position`` sees."""
    block_size = SHAPES[kind].block_size
    if kind == "mlp":
        return position - block_size
    if position <= context:
        return 0
    return (position - 1 - context) // (block_size - context) * (block_size - context)


@torch.no_grad()
def brute_force(kind: str, model: Model, tokens: Tensor, context: int = 0) -> Evaluation:
    """Score token by token."""
    first = SHAPES[kind].overlap + 1
    loss, top5, pairs = 0.0, 0, []
    for position in range(first, len(tokens)):
        seen = tokens[first_seen(kind, position, context) : position].long()
        log_probabilities = model.eval()(seen[None])[0, -1].log_softmax(0).tolist()
        target = int(tokens[position])
        best = sorted(range(VOCAB_SIZE), key=lambda token: -log_probabilities[token])
        loss -= log_probabilities[target]
        top5 += target in best[:5]
        pairs.append((target, best[0]))
    rows = []
    for token, count in Counter(target for target, _ in pairs).items():
        wrong = Counter(guess for target, guess in pairs if target == token != guess)
        most = max(wrong.values(), default=0)
        other = min((guess for guess, times in wrong.items() if times == most), default=None)
        rows.append(TokenAccuracy(token, count, count - wrong.total(), other, most))
    return Evaluation(
        tokens=len(tokens),
        predictions=len(pairs),
        context=context or SHAPES[kind].overlap,
        loss=loss / len(pairs),
        correct=sum(target == guess for target, guess in pairs),
        top5_correct=top5,
        per_token=tuple(sorted(rows, key=lambda row: (-row.count, row.token))),
    )


def assert_same(ours: Evaluation, expected: Evaluation) -> None:
    assert ours.loss == pytest.approx(expected.loss, rel=1e-5)
    for field in ("tokens", "predictions", "context", "correct", "top5_correct", "per_token"):
        assert getattr(ours, field) == getattr(expected, field), field


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 60), st.integers(0, 7), st.integers(0, 100))
def test_gpt_equals_brute_force(length: int, context: int, seed: int) -> None:
    model, tokens = build("gpt"), random_tokens(length, seed)
    ours = evaluate_model(model, tokens, context=context)
    assert ours.predictions == length - 1
    assert_same(ours, brute_force("gpt", model, tokens, context))


@settings(deadline=None, max_examples=25)
@given(st.integers(5, 60), st.integers(0, 100))
def test_mlp_equals_brute_force(length: int, seed: int) -> None:
    model, tokens = build("mlp"), random_tokens(length, seed)
    ours = evaluate_model(model, tokens)
    assert ours.predictions == length - 4
    assert_same(ours, brute_force("mlp", model, tokens))


@pytest.mark.parametrize("kind", ["gpt", "mlp"])
def test_batches_of_one_row_change_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokens = build(kind), random_tokens(101)
    whole = evaluate_model(model, tokens)
    monkeypatch.setattr(
        splits_module, "EVAL_LOGITS", 1
    )  # as a vocabulary of millions would have it
    done: list[int] = []
    single = evaluate_model(model, tokens, on_batch=done.append)
    assert_same(single, whole)
    assert len(done) > 10
    assert done == sorted(set(done))
    assert done[-1] == single.predictions


@pytest.mark.parametrize("kind", ["gpt", "mlp"])
def test_loss_is_that_of_the_trainer(kind: str) -> None:
    splits = Splits(train=random_tokens(200), val=random_tokens(150, seed=3))
    trainer = Trainer(build(kind), splits, TrainConfig())
    ours = evaluate_model(trainer.model, splits.val)
    assert ours.loss == pytest.approx(trainer.evaluate(), rel=1e-5)


def test_figures_derived_from_the_counts() -> None:
    evaluation = Evaluation(
        tokens=11,
        predictions=10,
        context=0,
        loss=math.log(4),
        correct=3,
        top5_correct=8,
        per_token=(TokenAccuracy(2, 10, 3, 1, 4),),
    )
    assert evaluation.perplexity == pytest.approx(4)
    assert evaluation.bits_per(10) == pytest.approx(2)
    assert evaluation.bits_per(20) == pytest.approx(1)  # as many bits over twice as many bytes
    assert (evaluation.accuracy, evaluation.top5_accuracy) == (3 / 10, 8 / 10)
    saved = json.loads(json.dumps(evaluation.to_dict()))
    assert saved["accuracy"] == 3 / 10
    assert saved["per_token"][0]["accuracy"] == 3 / 10


def test_a_hopeless_loss_has_a_finite_perplexity() -> None:
    evaluation = Evaluation(2, 1, 0, 5000.0, 0, 0, None)
    assert math.isfinite(evaluation.perplexity)


def test_vocabulary_of_three_has_fewer_than_five_candidates() -> None:
    model = build_model(SHAPES["gpt"], 3, torch.Generator().manual_seed(0))
    evaluation = evaluate_model(model, torch.tensor([0, 1, 2, 1, 0], dtype=torch.int32))
    assert evaluation.top5_correct == evaluation.predictions == 4


def test_large_vocabulary_has_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONFUSION_VOCAB_SIZE", VOCAB_SIZE - 1)
    evaluation = evaluate_model(build("gpt"), random_tokens(20))
    assert evaluation.per_token is None
    assert evaluation.to_dict()["per_token"] is None


def test_confusion_counts_what_each_token_is_taken_for() -> None:
    confusion = Confusion(4)
    confusion.add(torch.tensor([2, 2, 2, 0]), torch.tensor([2, 1, 1, 0]))
    confusion.add(torch.tensor([2, 3]), torch.tensor([0, 3]))
    assert confusion.per_token() == (
        TokenAccuracy(2, count=4, correct=1, mistaken_for=1, mistaken_count=2),
        TokenAccuracy(0, count=1, correct=1, mistaken_for=None, mistaken_count=0),
        TokenAccuracy(3, count=1, correct=1, mistaken_for=None, mistaken_count=0),
    )


@pytest.mark.parametrize(
    ("kind", "length", "message"),
    [("gpt", 1, "need 2 tokens, .* has 1"), ("gpt", 0, "has 0"), ("mlp", 4, "need 5 .* has 4")],
)
def test_text_without_a_prediction_is_refused(kind: str, length: int, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        evaluate_model(build(kind), random_tokens(length))


@pytest.mark.parametrize(
    ("kind", "context", "message"),
    [
        ("gpt", 8, "context must be from 0 to 7 here, got 8"),
        ("gpt", -1, "got -1"),
        ("mlp", 2, "has 4 tokens of context already"),
    ],
)
def test_context_that_does_not_suit_is_refused(kind: str, context: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        evaluate_model(build(kind), random_tokens(20), context=context)
