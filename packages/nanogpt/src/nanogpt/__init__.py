"""GPT-2 from scratch in PyTorch: tokenize, train, resume and sample.

The names below are the public interface. Each is imported at first use, so that ``import nanogpt``
and ``nanogpt --help`` do not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nanogpt.checkpoint import Checkpoint
    from nanogpt.data.corpus import read_corpus
    from nanogpt.data.splits import Splits
    from nanogpt.errors import NanogptError
    from nanogpt.models.config import GPTConfig
    from nanogpt.models.gpt import GPT, KVCache
    from nanogpt.sampling.config import SamplingConfig
    from nanogpt.sampling.generate import generate
    from nanogpt.tokenizers.base import Tokenizer
    from nanogpt.tokenizers.char import CharTokenizer
    from nanogpt.training.config import TrainConfig
    from nanogpt.training.trainer import Trainer

__all__ = [
    "GPT",
    "CharTokenizer",
    "Checkpoint",
    "GPTConfig",
    "KVCache",
    "NanogptError",
    "SamplingConfig",
    "Splits",
    "Tokenizer",
    "TrainConfig",
    "Trainer",
    "generate",
    "read_corpus",
]

_HOME = {
    "GPT": "nanogpt.models.gpt",
    "CharTokenizer": "nanogpt.tokenizers.char",
    "Checkpoint": "nanogpt.checkpoint",
    "GPTConfig": "nanogpt.models.config",
    "KVCache": "nanogpt.models.gpt",
    "NanogptError": "nanogpt.errors",
    "SamplingConfig": "nanogpt.sampling.config",
    "Splits": "nanogpt.data.splits",
    "Tokenizer": "nanogpt.tokenizers.base",
    "TrainConfig": "nanogpt.training.config",
    "Trainer": "nanogpt.training.trainer",
    "generate": "nanogpt.sampling.generate",
    "read_corpus": "nanogpt.data.corpus",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nanogpt' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
