"""The training recipe. Free of torch, so that ``nanogpt --help`` answers at once."""

import math
from dataclasses import dataclass
from typing import Literal

from nanogpt.errors import ConfigError

SEEDS = 2**32
"""Number of seeds; with a step number beside it, a seed still fits torch's 64 bits."""

OptimizerName = Literal["adamw", "muon"]
ScheduleName = Literal["cosine", "wsd"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Strategy = Literal["ddp", "fsdp"]


@dataclass(frozen=True)
class TrainConfig:
    """How to train."""

    max_steps: int = 1500
    """Optimizer steps in all."""
    batch_size: int = 12
    """Blocks per optimizer step, B, over all processes and passes."""
    gradient_accumulation: int = 1
    """Passes that a step's blocks are split into, to fit memory; several processes share them."""
    optimizer: OptimizerName = "adamw"
    """'adamw', or 'muon' for the matrices of the layers and AdamW for the rest."""
    learning_rate: float = 4e-3
    """Peak of the schedule, after the warm-up; 1e-3 and less for models ten times as large."""
    matrix_learning_rate: float | None = None
    """Peak for the matrices under Muon; learning_rate if not given."""
    min_learning_rate: float | None = None
    """End of the schedule; a fortieth of learning_rate if not given."""
    schedule: ScheduleName = "cosine"
    """'cosine', or 'wsd': stay at the peak, then fall in a straight line (warm-up-stable-decay)."""
    warmup_steps: int = 100
    """Steps of linear rise to the peak."""
    decay_share: float = 0.2
    """Share of the steps in which 'wsd' falls."""
    weight_decay: float = 0.1
    """Decay of the matrices; biases and norms have none."""
    beta1: float = 0.9
    """AdamW's decay of the mean gradient."""
    beta2: float = 0.99
    """AdamW's decay of the squared gradient; small batches want it above GPT-3's 0.95."""
    momentum: float = 0.95
    """Muon's decay of the mean gradient."""
    grad_clip: float = 1.0
    """Largest norm of the gradient; a larger one is scaled down to it."""
    precision: Precision = "auto"
    """Of the arithmetic: 'auto' takes bfloat16 or float16 on a CUDA GPU, float32 elsewhere. On a
    CPU with AVX512_BF16 or AMX, 'bfloat16' speeds up the linear layers."""
    compile: bool = False
    """Compile the model with torch.compile: slower to start, faster steps; on the CPU it needs a
    C++ compiler."""
    strategy: Strategy = "ddp"
    """Under torchrun: 'ddp' copies the model to every process, 'fsdp' shards it over them."""
    eval_interval: int = 750
    """Steps between evaluations on the validation split; each is followed by a checkpoint."""
    eval_tokens: int | None = None
    """Tokens of the validation split to evaluate on, from its start; all of it if not given."""
    checkpoint_interval: int | None = None
    """Steps between further checkpoints; none if not given."""
    keep_checkpoints: int = 1
    """Newest checkpoints to keep, beside the one with the lowest validation loss."""
    log_interval: int = 50
    """Steps between records of the training loss."""
    sample_tokens: int = 150
    """Length of the text that the model writes after each evaluation; 0 for none."""
    seed: int = 1337
    """Decides the initial weights, the batches and the dropout."""

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        self._check_counts()
        self._check_rates()

    def _check_counts(self) -> None:
        at_least_one = (
            "max_steps",
            "batch_size",
            "gradient_accumulation",
            "eval_interval",
            "keep_checkpoints",
            "log_interval",
        )
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("checkpoint_interval", "eval_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        if self.batch_size > 1_000_000:
            raise ConfigError(f"batch_size must be at most 1,000,000, got {self.batch_size:,}")
        if self.batch_size % self.gradient_accumulation:
            raise ConfigError(
                f"batch_size must be a multiple of gradient_accumulation, got {self.batch_size} "
                f"and {self.gradient_accumulation}"
            )
        for name in ("warmup_steps", "sample_tokens"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if not 0 <= self.seed < SEEDS:
            raise ConfigError(f"seed must be from 0 to {SEEDS - 1:,}, got {self.seed:,}")

    def _check_rates(self) -> None:
        for name in ("weight_decay", "min_learning_rate"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ConfigError(f"{name} must be 0 or more and finite, got {value}")
        for name in ("learning_rate", "matrix_learning_rate", "grad_clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(f"{name} must be above 0 and finite, got {value}")
        for name in ("beta1", "beta2", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if not 0 < self.decay_share <= 1:
            raise ConfigError(f"decay_share must be in (0, 1], got {self.decay_share}")
        if self.final_learning_rate > self.learning_rate:
            raise ConfigError(
                f"min_learning_rate must not exceed learning_rate, got "
                f"{self.final_learning_rate:g} and {self.learning_rate:g}"
            )

    @property
    def final_learning_rate(self) -> float:
        """End of the schedule."""
        if self.min_learning_rate is None:
            return self.learning_rate / 40
        return self.min_learning_rate
