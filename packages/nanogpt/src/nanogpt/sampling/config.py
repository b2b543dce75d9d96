"""How to draw tokens. Free of torch, so that ``nanogpt --help`` answers at once."""

import math
from dataclasses import dataclass

from nanogpt.errors import ConfigError


@dataclass(frozen=True)
class SamplingConfig:
    """How to draw the next token."""

    num_tokens: int = 500
    """Tokens to draw; with a character tokenizer, characters."""
    temperature: float = 0.8
    """Below 1 is safer, above 1 wilder; 0 takes the likeliest token each time."""
    top_k: int | None = None
    """Draw among the k likeliest tokens only; among all if not given."""
    top_p: float | None = None
    """Draw among the likeliest tokens that together hold this probability (Holtzman 2019)."""
    repetition_penalty: float = 1.0
    """Above 1, tokens of the context become less likely (Keskar et al. 2019); 1 does nothing."""
    stop: tuple[str, ...] = ()
    """End a text before the first of these strings."""
    seed: int = 0
    """The same seed gives the same text."""

    def __post_init__(self) -> None:
        """Refuse values that nothing can be drawn with."""
        if self.num_tokens < 0:
            raise ConfigError(f"num_tokens must not be negative, got {self.num_tokens}")
        if not 0 <= self.temperature < math.inf:
            raise ConfigError(f"temperature must be 0 or more, got {self.temperature}")
        if not 0 <= self.seed < 2**63:  # what torch can take
            raise ConfigError(f"seed must be in [0, 2^63), got {self.seed}")
        if self.top_k is not None and self.top_k < 1:
            raise ConfigError(f"top_k must be at least 1, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be in (0, 1], got {self.top_p}")
        if not 0 < self.repetition_penalty < math.inf:
            raise ConfigError(
                f"repetition_penalty must be above 0 and finite, got {self.repetition_penalty}"
            )
        if "" in self.stop:
            raise ConfigError("a stop string must not be empty")
