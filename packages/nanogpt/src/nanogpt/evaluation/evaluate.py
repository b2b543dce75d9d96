"""One pass over a text that scores every token once.

A token's prediction sees at most ``block_size`` tokens before it, and how many it sees decides how
good it is. A GPT reads the text in blocks side by side, as `Trainer.evaluate` does, so that the
first token of a block is predicted from one token only. With ``context`` the blocks overlap: that
many tokens before the scored ones are read again. The loss is then lower, and the pass takes
``block_size / (block_size - context)`` times as long. An MLP always sees a whole context; the first
``block_size`` tokens of the text have none and are not scored.

Counts are taken batch by batch, so that memory does not grow with the text. The table of confusions
behind `TokenAccuracy` has V x V counts, and is kept for small vocabularies only.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.data.splits import as_tokens, consecutive_batches, evaluation_batch_size
from nanogpt.data.tokens import Tokens
from nanogpt.errors import ConfigError, CorpusError
from nanogpt.evaluation.confusion import Confusion, TokenAccuracy
from nanogpt.models.registry import Model

CONFUSION_VOCAB_SIZE = 1024
"""Largest vocabulary with accuracies per token: its table of confusions takes 8 MB."""


@dataclass(frozen=True)
class Evaluation:
    """What a model made of a text."""

    tokens: int
    """Tokens of the text."""
    predictions: int
    """Tokens scored, each once."""
    context: int
    """Tokens before a block's scored ones that it reads again; of an MLP, all but one."""
    loss: float
    """Mean, nats per token."""
    correct: int
    """Tokens that were the likeliest one of their prediction."""
    top5_correct: int
    """Tokens that were among the five likeliest of their prediction."""
    per_token: tuple[TokenAccuracy, ...] | None
    """Of every token that was scored, most frequent first; none for a large vocabulary."""

    @property
    def perplexity(self) -> float:
        """Exponential of the ``loss``: as unsure as between this many equally likely tokens."""
        return math.exp(min(self.loss, 709.0))  # beyond it a float64 overflows

    @property
    def accuracy(self) -> float:
        """Share of tokens that were the likeliest one of their prediction."""
        return self.correct / self.predictions

    @property
    def top5_accuracy(self) -> float:
        """Share of tokens that were among the five likeliest of their prediction."""
        return self.top5_correct / self.predictions

    def bits_per(self, units: int) -> float:
        """Return the bits of the scored text, spread over its ``units``: characters or bytes."""
        return self.loss * self.predictions / math.log(2) / units

    def to_dict(self) -> dict[str, Any]:
        """Return all of the above as JSON types."""
        return {
            **asdict(self),
            "perplexity": self.perplexity,
            "accuracy": self.accuracy,
            "top5_accuracy": self.top5_accuracy,
            "per_token": None
            if self.per_token is None
            else [row.to_dict() for row in self.per_token],
        }


def evaluate_model(
    model: Model,
    tokens: Tokens | Tensor,
    *,
    context: int = 0,
    on_batch: Callable[[int], None] = lambda _: None,
) -> Evaluation:
    """Score ``model`` on ``tokens``.

    Args:
        model: In evaluation mode afterwards.
        tokens: (N,) ids on the CPU.
        context: Of a GPT, tokens of a block that are read again from the block before it; fewer
            than ``block_size``.
        on_batch: Called after every batch with the number of tokens scored so far.

    Raises:
        ConfigError: ``context`` does not suit the model.
        CorpusError: The text is too short for one prediction.
    """
    tokens = as_tokens(tokens)
    overlap = _overlap(model, context)
    least = model.config.overlap + 2
    if len(tokens) < least:
        raise CorpusError(
            f"a prediction and its target need {least} tokens, the text to evaluate on has "
            f"{len(tokens)}; give a longer one"
        )
    vocab_size, device = model.vocab_size, model.wte.weight.device
    confusion = Confusion(vocab_size) if vocab_size <= CONFUSION_VOCAB_SIZE else None
    total, predictions, correct, top5_correct = 0.0, 0, 0, 0
    model.eval()
    for inputs, targets in _batches(model, tokens, overlap):
        logits, wanted = _predict(model, inputs.to(device), targets.to(device))
        total += F.cross_entropy(logits.float(), wanted, reduction="sum").item()
        likeliest = logits.topk(min(5, vocab_size)).indices  # (M, 5), best first
        hits = likeliest == wanted[:, None]
        predictions += len(wanted)
        correct += int(hits[:, 0].sum())
        top5_correct += int(hits.sum())
        if confusion is not None:
            confusion.add(wanted.cpu(), likeliest[:, 0].cpu())
        on_batch(predictions)
    return Evaluation(
        tokens=len(tokens),
        predictions=predictions,
        context=overlap,
        loss=total / predictions,
        correct=correct,
        top5_correct=top5_correct,
        per_token=None if confusion is None else confusion.per_token(),
    )


def _overlap(model: Model, context: int) -> int:
    block_size = model.config.block_size
    if not 0 <= context < block_size:
        raise ConfigError(f"context must be from 0 to {block_size - 1} here, got {context}")
    if not model.config.overlap:
        return context
    if context:
        raise ConfigError(
            f"every prediction of this model has {block_size} tokens of context already; leave "
            "context out"
        )
    return model.config.overlap


def _batches(model: Model, tokens: Tokens, overlap: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield inputs (B, T) and their last next tokens (B, P); together every prediction once."""
    window = model.config.window_size
    if overlap > model.config.overlap:
        # The first block has none before it, and scores its tokens with what context there is.
        head = tokens.gather(np.zeros(1, dtype=np.int64), min(overlap + 1, len(tokens)))
        yield head[:, :-1], head[:, 1:]
    batch_size = evaluation_batch_size(window, model.vocab_size)
    for inputs, targets in consecutive_batches(
        tokens, block_size=window, batch_size=batch_size, overlap=overlap
    ):
        yield inputs, targets[:, overlap:]


@torch.inference_mode()
def _predict(model: Model, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of the last positions, (M, V), and their (M,) targets."""
    logits = model(inputs)[:, -targets.size(1) :]
    return logits.flatten(0, 1), targets.flatten()
