"""Draw tokens one after another.

Within ``block_size`` a cached step computes one row of attention instead of the whole square. Once
the context is full, the older half is forgotten and the newer half read again at positions from 0,
because GPT-2's positions are absolute: what the cache holds cannot be shifted. That costs one pass
per ``block_size / 2`` tokens, where sliding by one token would cost one pass for each. The rule is
the same without the cache, so both give the same tokens.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT, KVCache
from nanogpt.models.registry import Model
from nanogpt.sampling.config import SamplingConfig


def generate(
    model: Model, prompt: Sequence[int], config: SamplingConfig, *, use_cache: bool = True
) -> Iterator[int]:
    """Yield tokens that follow ``prompt``, each as soon as it is drawn.

    The same seed gives the same tokens wherever the logits are the same.

    Args:
        model: In evaluation mode afterwards.
        prompt: Token ids; of more than ``block_size``, the end is read.
        config: How many tokens, and how to draw them.
        use_cache: Keep keys and values instead of computing them again.

    Raises:
        ValueError: The prompt is empty.
    """
    if not len(prompt):
        raise ValueError("the prompt must hold at least one token")
    random = torch.Generator().manual_seed(config.seed)
    block_size = model.config.block_size
    context = list(prompt)[-block_size:]
    reader = _Reader(model, use_cache=use_cache)
    for _ in range(config.num_tokens):
        if len(context) > block_size:
            context = context[-(block_size // 2) - 1 :]
        token = _draw(reader.next_logits(context), config, random)
        context.append(token)
        yield token


class _Reader:
    """Gives the logits after a context that grows by one token or starts anew."""

    def __init__(self, model: Model, *, use_cache: bool) -> None:
        self._model = model.eval()
        self._use_cache = use_cache and isinstance(model, GPT)
        self._device = model.wte.weight.device
        self._cache: KVCache | None = None

    @torch.inference_mode()
    def next_logits(self, context: list[int]) -> Tensor:
        """Return the logits of the token after ``context``, (V,), on the CPU in float32."""
        config = self._model.config
        if (
            isinstance(config, GPTConfig)
            and self._use_cache
            and (self._cache is None or self._cache.length + 1 != len(context))
        ):
            self._cache = KVCache(config, 1, self._device)
        seen = self._cache.length if self._cache is not None else 0
        idx = torch.tensor([context[seen:]], device=self._device)  # (1, T)
        logits: Tensor = self._model(idx, *filter(None, [self._cache]))  # (1, T, V)
        return logits[0, -1].float().cpu()


def _draw(logits: Tensor, config: SamplingConfig, random: torch.Generator) -> int:
    """Return one token id drawn from (V,) ``logits``."""
    if config.temperature == 0:
        return int(logits.argmax())
    # At most 0 and divided by no less than float32 can hold: no temperature gives inf or NaN.
    temperature = max(config.temperature, torch.finfo(logits.dtype).tiny)
    logits = (logits - logits.max()) / temperature
    if config.top_k is not None and config.top_k < len(logits):
        kth = logits.topk(config.top_k).values[-1]
        logits = logits.masked_fill(logits < kth, -torch.inf)
    return int(torch.multinomial(logits.softmax(0), 1, generator=random))
