"""Shapes of the models. Free of torch, so that ``nanogpt --help`` answers at once.

Both shapes say how a window of the corpus is read: ``window_size`` tokens go in, and the first
``overlap`` of them are context only, without a prediction of their own.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from nanogpt.errors import ConfigError

Norm = Literal["layernorm", "rmsnorm"]
Activation = Literal["gelu", "relu2"]
Positions = Literal["learned", "rope"]


@dataclass(frozen=True)
class GPTConfig:
    """Shape of a GPT-2; the size of the vocabulary comes from the tokenizer."""

    kind: ClassVar[str] = "gpt"
    """Name under which a checkpoint stores it."""

    block_size: int = 64
    """Longest context in tokens, T."""
    n_layer: int = 4
    """Number of transformer blocks."""
    n_head: int = 4
    """Attention heads per block; divides n_embd."""
    n_embd: int = 128
    """Width of the residual stream, C."""
    dropout: float = 0.0
    """Probability of dropping an activation in training; 0 suits runs of a few epochs."""
    n_kv_head: int | None = None
    """Heads of keys and values, shared by groups of query heads (Ainslie et al. 2023); divides
    n_head. As many as n_head if not given."""
    positions: Positions = "learned"
    """'learned' as in GPT-2, or 'rope': queries and keys rotated by position (Su et al. 2021)."""
    norm: Norm = "layernorm"
    """'layernorm' as in GPT-2, or 'rmsnorm': no mean, no bias (Zhang and Sennrich 2019)."""
    qk_norm: bool = False
    """Normalise each head's queries and keys, which bounds the scores (Henry et al. 2020)."""
    activation: Activation = "gelu"
    """'gelu' as in GPT-2 (the tanh form), or 'relu2', the square of ReLU (So et al. 2021)."""
    bias: bool = True
    """Biases in linear layers and norms, as in GPT-2."""

    def __post_init__(self) -> None:
        """Refuse a shape that cannot be built."""
        for name in ("block_size", "n_layer", "n_head", "n_embd"):
            if not 1 <= getattr(self, name) <= 1_000_000:
                raise ConfigError(f"{name} must be from 1 to 1,000,000, got {getattr(self, name)}")
        if self.n_embd % self.n_head:
            raise ConfigError(
                f"n_embd must be a multiple of n_head, got {self.n_embd} and {self.n_head}"
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be in [0, 1), got {self.dropout}")
        if self.n_kv_head is not None and (self.n_kv_head < 1 or self.n_head % self.n_kv_head):
            raise ConfigError(
                f"n_kv_head must divide n_head, got {self.n_kv_head} and {self.n_head}"
            )
        if self.positions == "rope" and self.n_embd // self.n_head % 2:
            raise ConfigError(
                f"rope rotates pairs, so n_embd / n_head must be even, got {self.n_embd} and "
                f"{self.n_head}"
            )

    @property
    def window_size(self) -> int:
        """Tokens of the corpus that one row of a batch reads."""
        return self.block_size

    @property
    def overlap(self) -> int:
        """Positions at a window's start that have no prediction."""
        return 0


@dataclass(frozen=True)
class MLPConfig:
    """Shape of a neural language model in the manner of Bengio et al. 2003.

    The default learns tiny Shakespeare in minutes: 53% of the held-out characters. With the weights
    of each place learned apart, a longer context learns more slowly: after the same 53 s on one
    core, 48% with 16 characters and 45% with 32.
    """

    kind: ClassVar[str] = "mlp"
    """Name under which a checkpoint stores it."""

    block_size: int = 12
    """Characters of context, T."""
    n_embd: int = 32
    """Width of a character's embedding, C."""
    n_hidden: int = 512
    """Width of the hidden layers."""
    n_layer: int = 2
    """Residual layers after the first one."""
    dropout: float = 0.1
    """Probability of dropping a hidden activation in training."""
    n_predict: int = 16
    """Predictions per row of a batch: neighbouring positions share their embeddings."""

    def __post_init__(self) -> None:
        """Refuse a shape that cannot be built."""
        for name in ("block_size", "n_embd", "n_hidden", "n_layer", "n_predict"):
            if not 1 <= getattr(self, name) <= 1_000_000:
                raise ConfigError(f"{name} must be from 1 to 1,000,000, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be in [0, 1), got {self.dropout}")

    @property
    def window_size(self) -> int:
        """Tokens of the corpus that one row of a batch reads."""
        return self.block_size - 1 + self.n_predict

    @property
    def overlap(self) -> int:
        """Positions at a window's start that have no prediction: their context is too short."""
        return self.block_size - 1


ModelConfig = GPTConfig | MLPConfig
