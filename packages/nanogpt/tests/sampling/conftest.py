"""Models for these tests: small, with logits that differ enough to be worth comparing."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nanogpt.models.config import GPTConfig, MLPConfig
from nanogpt.models.gpt import GPT
from nanogpt.models.mlp import MLP

VOCAB_SIZE = 23

SHAPES: dict[str, dict[str, Any]] = {
    "gpt2": {},
    "rope": {"positions": "rope"},
    "rmsnorm": {"norm": "rmsnorm"},
    "qk_norm": {"qk_norm": True},
    "relu2": {"activation": "relu2"},
    "no_bias": {"bias": False},
    "grouped": {"n_kv_head": 2},
    "one_kv_head": {"n_kv_head": 1},
    "all": {
        "positions": "rope",
        "norm": "rmsnorm",
        "qk_norm": True,
        "activation": "relu2",
        "bias": False,
        "n_kv_head": 2,
    },
}
"""Options of GPTConfig, each once and all together; a test that takes `shape` runs for each."""


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def shape(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = request.param
    return options


@pytest.fixture(scope="session")
def build_gpt() -> Callable[..., GPT]:
    """Return a function that builds a GPT of any shape; biases and norms are not 0 and 1."""

    def build(block_size: int = 16, n_embd: int = 16, **options: Any) -> GPT:
        config = GPTConfig(block_size=block_size, n_layer=2, n_head=4, n_embd=n_embd, **options)
        generator = torch.Generator().manual_seed(0)
        model = GPT(config, VOCAB_SIZE, generator)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 2:
                    parameter.mul_(20)
                else:
                    parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
        return model.eval()

    return build


@pytest.fixture(scope="session")
def mlp() -> MLP:
    """Return an MLP that reads six tokens."""
    config = MLPConfig(block_size=6, n_embd=8, n_hidden=16, n_layer=2)
    model = MLP(config, VOCAB_SIZE, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(20)
    return model.eval()
