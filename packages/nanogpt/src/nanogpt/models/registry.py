"""From a saved shape to its model."""

from dataclasses import asdict
from typing import Any

import torch

from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig, MLPConfig, ModelConfig
from nanogpt.models.gpt import GPT
from nanogpt.models.mlp import MLP

Model = GPT | MLP


def build_model(
    config: ModelConfig, vocab_size: int, generator: torch.Generator | None = None
) -> Model:
    """Return a new model of this shape; ``generator`` draws its weights."""
    if isinstance(config, MLPConfig):
        return MLP(config, vocab_size, generator)
    return GPT(config, vocab_size, generator)


def config_to_dict(config: ModelConfig) -> dict[str, Any]:
    """Return ``config`` as JSON types, with its ``kind``."""
    return {"kind": config.kind, **asdict(config)}


def config_from_dict(saved: dict[str, Any]) -> ModelConfig:
    """Return the shape that `config_to_dict` described.

    Raises:
        ConfigError: Of no kind that this version knows.
        TypeError: A field has another name.
    """
    fields = dict(saved)
    kind = fields.pop("kind", None)
    for known in (GPTConfig, MLPConfig):
        if kind == known.kind:
            return known(**fields)
    raise ConfigError(f"expected a model of kind 'gpt' or 'mlp', got {kind!r}")
