"""The training recipe. Free of torch, so that ``nanogpt --help`` answers at once."""

import math
from dataclasses import dataclass

from nanogpt.errors import ConfigError

SEEDS = 2**32
"""Number of seeds; with a step number beside it, a seed still fits torch's 64 bits."""


@dataclass(frozen=True)
class TrainConfig:
    """How to train."""

    max_steps: int = 1500
    """Optimizer steps in all."""
    batch_size: int = 12
    """Blocks per step, B."""
    learning_rate: float = 4e-3
    """Peak of the schedule, after the warm-up; 1e-3 and less for models ten times as large."""
    min_learning_rate: float = 1e-4
    """End of the cosine, reached at the last step."""
    warmup_steps: int = 100
    """Steps of linear rise to the peak."""
    weight_decay: float = 0.1
    """Decay of the matrices; biases and norms have none."""
    beta1: float = 0.9
    """AdamW's decay of the mean gradient."""
    beta2: float = 0.99
    """AdamW's decay of the squared gradient; small batches want it above GPT-3's 0.95."""
    grad_clip: float = 1.0
    """Largest norm of the gradient; a larger one is scaled down to it."""
    eval_interval: int = 750
    """Steps between evaluations on the whole validation split, and between checkpoints."""
    log_interval: int = 50
    """Steps between records of the training loss."""
    seed: int = 1337
    """Decides the initial weights, the batches and the dropout."""

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        self._check_counts()
        self._check_rates()

    def _check_counts(self) -> None:
        for name in ("max_steps", "batch_size", "eval_interval", "log_interval"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.batch_size > 1_000_000:
            raise ConfigError(f"batch_size must be at most 1,000,000, got {self.batch_size:,}")
        if self.warmup_steps < 0:
            raise ConfigError(f"warmup_steps must be 0 or more, got {self.warmup_steps}")
        if not 0 <= self.seed < SEEDS:
            raise ConfigError(f"seed must be from 0 to {SEEDS - 1:,}, got {self.seed:,}")

    def _check_rates(self) -> None:
        for name in ("weight_decay", "min_learning_rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name} must be 0 or more and finite, got {getattr(self, name)}")
        for name in ("learning_rate", "grad_clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name} must be above 0 and finite, got {getattr(self, name)}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if self.min_learning_rate > self.learning_rate:
            raise ConfigError(
                f"min_learning_rate must not exceed learning_rate, got {self.min_learning_rate:g} "
                f"and {self.learning_rate:g}"
            )
