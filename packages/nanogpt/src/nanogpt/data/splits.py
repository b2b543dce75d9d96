"""Training and validation tokens, and the batches drawn from them.

The corpus is split by position: the last tenth is held out, so that no sentence of it was seen in
training. Batch s is a function of (seed, s) alone. A resumed run therefore needs no data position
but its step number, and evaluating in between cannot change what is trained on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nanogpt.errors import CorpusError

VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Splits:
    """The two parts of a tokenized corpus, int32 vectors on the CPU."""

    train: Tensor
    val: Tensor

    @classmethod
    def by_position(cls, tokens: npt.NDArray[np.int32], block_size: int) -> "Splits":
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
        both = torch.from_numpy(tokens)
        return cls(train=both[:-held_out], val=both[-held_out:])


class BatchSampler:
    """Random blocks of the training tokens, a new batch for every step.

    Args:
        tokens: (N,) training tokens.
        block_size: T.
        batch_size: B.
        seed: With the step, decides the batch.
    """

    def __init__(self, tokens: Tensor, *, block_size: int, batch_size: int, seed: int) -> None:
        self._windows = tokens.unfold(0, block_size + 1, 1)  # (N - T, T + 1), a view
        self._batch_size = batch_size
        self._seed = seed

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the inputs and next tokens of ``step``, (B, T) each, int64."""
        random = np.random.default_rng((self._seed, step))
        starts = random.integers(len(self._windows), size=self._batch_size)
        windows = self._windows[torch.from_numpy(starts)].long()  # (B, T + 1)
        return windows[:, :-1], windows[:, 1:]


def consecutive_batches(
    tokens: Tensor, *, block_size: int, batch_size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut ``tokens`` into blocks side by side, so that all but the first are predicted once.

    Yields:
        Inputs and next tokens, (B, T) each; the last batch has fewer rows, and what is left over
        after it comes as one row shorter than ``block_size``.
    """
    count = (len(tokens) - 1) // block_size
    whole = count * block_size
    inputs = tokens[:whole].view(count, block_size)
    targets = tokens[1 : whole + 1].view(count, block_size)
    for first in range(0, count, batch_size):
        rows = slice(first, first + batch_size)
        yield inputs[rows].long(), targets[rows].long()
    if whole < len(tokens) - 1:
        yield tokens[None, whole:-1].long(), tokens[None, whole + 1 :].long()
