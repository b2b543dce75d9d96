"""What a model reads of a text that grows, and the logits that follow.

Within ``block_size`` a cached step computes one row of attention instead of the whole square. Once
the context is full, the older half is forgotten and the newer half read again at positions from 0,
because a GPT's cache holds what was computed at absolute positions and cannot be shifted. That
costs one pass per ``block_size / 2`` tokens, where sliding by one token would cost one pass for
each. The rule is the same without the cache, so both give the same tokens. An MLP has no cache, and
so its context slides by one.

Letters in the shapes: B rows, T tokens of context, V tokens in the vocabulary.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nanogpt.models.config import MLPConfig, ModelConfig
from nanogpt.models.gpt import GPT, KVCache
from nanogpt.models.registry import Model
from nanogpt.sampling.decoder import Decoder, can_decode
from nanogpt.sampling.filters import Tokens

Logits = npt.NDArray[np.float32]


def window(context: Tokens, config: ModelConfig) -> Tokens:
    """Return what a model of this shape reads of (B, T) ``context``: see the top of this file."""
    length, block_size = context.shape[1], config.block_size
    if isinstance(config, MLPConfig):
        return context[:, -block_size:]
    if length > block_size:
        return context[:, -(block_size // 2) - 1 :]
    return context


class WholeReader:
    """Reads the whole context at every step.

    Args:
        model: In evaluation mode afterwards.
    """

    def __init__(self, model: Model) -> None:
        self._model = model.eval()

    def next_logits(self, context: Tokens) -> Logits:
        """Return the logits of the token after (B, T) ``context``, (B, V)."""
        return _forward(self._model, context, None)


class CachedReader:
    """Reads of a context that grew by one token that token alone, and any other one as a whole.

    One row of a small model on the CPU goes through `Decoder`, all else through the model.

    Args:
        model: In evaluation mode afterwards.
    """

    def __init__(self, model: GPT) -> None:
        self._model = model.eval()
        self._decoder = Decoder(model) if can_decode(model) else None
        self._cache: KVCache | None = None

    def next_logits(self, context: Tokens) -> Logits:
        """Return the logits of the token after (B, T) ``context``, (B, V)."""
        B, T = context.shape
        if self._cache is None or self._cache.length + 1 != T:
            self._cache = KVCache(self._model.config, B, self._model.wte.weight.device)
            return _forward(self._model, context, self._cache)
        if self._decoder is not None and B == 1:
            return self._decoder.step(int(context[0, -1]), self._cache)[None]
        return _forward(self._model, context[:, -1:], self._cache)


@torch.inference_mode()
def _forward(model: Model, context: Tokens, cache: KVCache | None) -> Logits:
    idx = torch.from_numpy(context).to(model.wte.weight.device)  # (B, T)
    logits: Tensor = model(idx) if cache is None else model(idx, cache)  # (B, T, V)
    return logits[:, -1].float().cpu().numpy()
