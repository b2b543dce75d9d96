"""Training and validation tokens, and the batches drawn from them.

The corpus is split by position: the last tenth is held out, so that no sentence of it was seen in
training. Batch s is a function of (seed, s) alone. A resumed run therefore needs no data position
but its step number, and evaluating in between cannot change what is trained on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nanogpt.data.tokens import MemoryTokens, Tokens
from nanogpt.errors import CorpusError

VALIDATION_SHARE = 0.1
EVAL_TOKENS = 8192
"""Tokens at a time where no gradients are needed: enough to be bound by arithmetic."""
EVAL_LOGITS = 2**25
"""Logits at a time, 128 MB in float32; decides with a large vocabulary."""


@dataclass(frozen=True)
class Splits:
    """The two parts of a tokenized corpus."""

    train: Tokens
    val: Tokens

    @classmethod
    def by_position(cls, tokens: Tokens | npt.NDArray[np.int32] | Tensor, block_size: int) -> Self:
        """Hold out the last tenth of ``tokens``, (N,).

        Raises:
            CorpusError: A part is too short for one block of ``block_size`` and its next token.
        """
        held_out = int(len(tokens) * VALIDATION_SHARE)
        if held_out <= block_size:
            needed = int((block_size + 1) / VALIDATION_SHARE)
            raise CorpusError(
                f"the corpus has {len(tokens):,} tokens; with a block_size of {block_size} it "
                f"needs {needed:,}: give a longer text or a smaller --block-size"
            )
        tokens = as_tokens(tokens)
        border = len(tokens) - held_out
        return cls(train=tokens.slice(0, border), val=tokens.slice(border, len(tokens)))


class BatchSampler:
    """Random blocks of the training tokens, a new batch for every step.

    Args:
        tokens: (N,) training tokens.
        block_size: T.
        batch_size: B.
        seed: With the step, decides the batch.
    """

    def __init__(
        self, tokens: Tokens | Tensor, *, block_size: int, batch_size: int, seed: int
    ) -> None:
        self._tokens = as_tokens(tokens)
        self._block_size = block_size
        self._batch_size = batch_size
        self._seed = seed

    def starts(self, step: int) -> npt.NDArray[np.int64]:
        """Return where in the training tokens the rows of ``step`` begin, (B,)."""
        random = np.random.default_rng((self._seed, step))
        return random.integers(len(self._tokens) - self._block_size, size=self._batch_size)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the inputs and next tokens of ``step``, (B, T) each, int64."""
        windows = self._tokens.gather(self.starts(step), self._block_size + 1)  # (B, T + 1)
        return windows[:, :-1], windows[:, 1:]


def consecutive_batches(
    tokens: Tokens | Tensor, *, block_size: int, batch_size: int, overlap: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut ``tokens`` into windows that predict every token after the first ``overlap`` + 1 once.

    Args:
        tokens: (N,).
        block_size: T, tokens in a window.
        batch_size: Windows at a time.
        overlap: Tokens at a window's start that the window before it has predicted; they are
            context only. Fewer than ``block_size``.

    Yields:
        Inputs and next tokens, (B, T) each; the last batch has fewer rows, and what is left over
        after it comes as one row shorter than ``block_size``.
    """
    tokens = as_tokens(tokens)
    stride = block_size - overlap
    count = max((len(tokens) - 1 - overlap) // stride, 0)
    for first in range(0, count, batch_size):
        starts = np.arange(first, min(first + batch_size, count)) * stride
        rows = tokens.gather(starts, block_size + 1)  # (B, T + 1)
        yield rows[:, :-1], rows[:, 1:]
    left = len(tokens) - count * stride
    if left - 1 > overlap:
        row = tokens.gather(np.array([count * stride]), left)  # (1, left)
        yield row[:, :-1], row[:, 1:]


def evaluation_batch_size(window_size: int, vocab_size: int) -> int:
    """Return how many windows of ``window_size`` tokens to score at a time, at least 1."""
    return max(min(EVAL_TOKENS, EVAL_LOGITS // vocab_size) // window_size, 1)


def as_tokens(tokens: Tokens | npt.NDArray[np.int32] | Tensor) -> Tokens:
    """Return ``tokens`` as they are, or those of an array of ids, (N,), without a copy."""
    if isinstance(tokens, np.ndarray):
        return MemoryTokens(torch.from_numpy(tokens))
    return MemoryTokens(tokens) if isinstance(tokens, Tensor) else tokens
