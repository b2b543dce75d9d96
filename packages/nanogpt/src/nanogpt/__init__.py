"""GPT-2 from scratch in PyTorch: tokenize, train, resume and sample.

The names below are the public interface. Each is imported at first use, so that ``import nanogpt``
and ``nanogpt --help`` do not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nanogpt.checkpoint import Checkpoint
    from nanogpt.data.config import CorpusConfig
    from nanogpt.data.corpus import read_corpus
    from nanogpt.data.load import load_corpus
    from nanogpt.data.prepare import prepare
    from nanogpt.data.splits import Splits
    from nanogpt.errors import NanogptError
    from nanogpt.evaluation.evaluate import Evaluation, evaluate_model
    from nanogpt.models.config import GPTConfig, MLPConfig
    from nanogpt.models.gpt import GPT, KVCache
    from nanogpt.models.mlp import MLP
    from nanogpt.sampling.config import SamplingConfig
    from nanogpt.sampling.generate import generate, generate_batch
    from nanogpt.sampling.text import stream_text
    from nanogpt.tokenizers.base import Tokenizer
    from nanogpt.tokenizers.bpe import BpeTokenizer
    from nanogpt.tokenizers.char import CharTokenizer
    from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer
    from nanogpt.training.config import TrainConfig
    from nanogpt.training.trainer import Trainer

__all__ = [
    "GPT",
    "MLP",
    "BpeTokenizer",
    "CharTokenizer",
    "Checkpoint",
    "CorpusConfig",
    "Evaluation",
    "GPTConfig",
    "Gpt2Tokenizer",
    "KVCache",
    "MLPConfig",
    "NanogptError",
    "SamplingConfig",
    "Splits",
    "Tokenizer",
    "TrainConfig",
    "Trainer",
    "evaluate_model",
    "generate",
    "generate_batch",
    "load_corpus",
    "prepare",
    "read_corpus",
    "stream_text",
]

_HOME = {
    "BpeTokenizer": "nanogpt.tokenizers.bpe",
    "CharTokenizer": "nanogpt.tokenizers.char",
    "Checkpoint": "nanogpt.checkpoint",
    "CorpusConfig": "nanogpt.data.config",
    "Evaluation": "nanogpt.evaluation.evaluate",
    "GPT": "nanogpt.models.gpt",
    "GPTConfig": "nanogpt.models.config",
    "Gpt2Tokenizer": "nanogpt.tokenizers.gpt2",
    "KVCache": "nanogpt.models.gpt",
    "MLP": "nanogpt.models.mlp",
    "MLPConfig": "nanogpt.models.config",
    "NanogptError": "nanogpt.errors",
    "SamplingConfig": "nanogpt.sampling.config",
    "Splits": "nanogpt.data.splits",
    "Tokenizer": "nanogpt.tokenizers.base",
    "TrainConfig": "nanogpt.training.config",
    "Trainer": "nanogpt.training.trainer",
    "evaluate_model": "nanogpt.evaluation.evaluate",
    "generate": "nanogpt.sampling.generate",
    "generate_batch": "nanogpt.sampling.generate",
    "load_corpus": "nanogpt.data.load",
    "prepare": "nanogpt.data.prepare",
    "read_corpus": "nanogpt.data.corpus",
    "stream_text": "nanogpt.sampling.text",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nanogpt' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
