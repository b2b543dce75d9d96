"""Shapes of the models. Free of torch, so that ``nanogpt --help`` answers at once."""

from dataclasses import dataclass

from nanogpt.errors import ConfigError


@dataclass(frozen=True)
class GPTConfig:
    """Shape of a GPT-2; the size of the vocabulary comes from the tokenizer."""

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
