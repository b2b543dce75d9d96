"""Which token is taken for which: counts of (token, prediction) pairs."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class TokenAccuracy:
    """How well one token of the vocabulary is predicted where it stands in the text."""

    token: int
    """Its id."""
    count: int
    """Times it was the token to predict."""
    correct: int
    """Times it was predicted there."""
    mistaken_for: int | None
    """The token most often predicted in its place; none if it was always predicted."""
    mistaken_count: int
    """Times that other token was predicted in its place."""

    @property
    def accuracy(self) -> float:
        """Share of its occurrences that were predicted: recall."""
        return self.correct / self.count

    def to_dict(self) -> dict[str, Any]:
        """Return all of the above as JSON types."""
        return {**asdict(self), "accuracy": self.accuracy}


class Confusion:
    """Counts that grow batch by batch.

    Args:
        vocab_size: V; the counts are V x V.
    """

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._counts = torch.zeros(vocab_size * vocab_size, dtype=torch.int64)

    def add(self, targets: Tensor, predicted: Tensor) -> None:
        """Count (M,) targets and what was predicted for them, (M,), int64 on the CPU."""
        pairs = targets * self._vocab_size + predicted
        self._counts += torch.bincount(pairs, minlength=len(self._counts))

    def per_token(self) -> tuple[TokenAccuracy, ...]:
        """Return a row for every target seen, most frequent first, ties by id."""
        counts = self._counts.view(self._vocab_size, self._vocab_size)
        totals = counts.sum(1)  # (V,)
        correct = counts.diagonal().clone()  # (V,)
        mistaken_count, mistaken_for = (counts - correct.diag()).max(1)
        columns = (totals, correct, mistaken_for, mistaken_count)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        seen = [
            TokenAccuracy(token, count, hits, other if others else None, others)
            for token, (count, hits, other, others) in enumerate(rows)
            if count
        ]
        return tuple(sorted(seen, key=lambda row: -row.count))
