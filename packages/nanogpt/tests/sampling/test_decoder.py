"""The step in NumPy gives the logits and the cache of the model's own forward."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nanogpt.models.gpt import GPT, KVCache
from nanogpt.models.mlp import MLP
from nanogpt.sampling import decoder
from nanogpt.sampling.decoder import Decoder, can_decode

CPU = torch.device("cpu")
IDS = torch.randint(23, (1, 16), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("prefill", [1, 5, 15])
def test_logits_equal_those_of_the_model(
    build_gpt: Callable[..., GPT], shape: dict[str, Any], prefill: int
) -> None:
    model = build_gpt(**shape)
    cache, step = KVCache(model.config, 1, CPU), Decoder(model).step
    with torch.inference_mode():
        expected = model(IDS)[0]
        model(IDS[:, :prefill], cache)
    for position in range(prefill, 16):
        logits = step(int(IDS[0, position]), cache)
        assert logits.dtype == np.float32
        scale = expected[position].abs().max().item()
        np.testing.assert_allclose(logits, expected[position], rtol=0, atol=1e-5 * max(1, scale))
    assert cache.length == 16


def test_takes_turns_with_the_model_on_one_cache(
    build_gpt: Callable[..., GPT], shape: dict[str, Any]
) -> None:
    model = build_gpt(**shape)
    cache, step = KVCache(model.config, 1, CPU), Decoder(model).step
    with torch.inference_mode():
        expected = model(IDS)[0]
        for position in range(16):
            if position % 2:
                logits = model(IDS[:, position : position + 1], cache)[0, 0].numpy()
            else:
                logits = step(int(IDS[0, position]), cache)
            np.testing.assert_allclose(logits, expected[position], rtol=0, atol=1e-4)


def test_large_matrices_in_parts_give_the_same(
    build_gpt: Callable[..., GPT], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_gpt()
    monkeypatch.setattr(decoder, "ONE_THREAD", 100)  # up to eleven parts, of unequal size
    in_parts = Decoder(model)
    monkeypatch.undo()
    for token in (3, 22):
        whole = Decoder(model).step(token, KVCache(model.config, 1, CPU))
        parts = in_parts.step(token, KVCache(model.config, 1, CPU))
        np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-4)


def test_full_cache_is_refused(build_gpt: Callable[..., GPT]) -> None:
    model = build_gpt()
    cache = KVCache(model.config, 1, CPU)
    cache.length = 16
    with pytest.raises(ValueError, match="holds 16 tokens already, its block_size"):
        Decoder(model).step(1, cache)


def test_applies_to_small_float32_gpts_on_the_cpu(
    build_gpt: Callable[..., GPT], mlp: MLP, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_decode(build_gpt())
    assert not can_decode(mlp)
    assert not can_decode(build_gpt().bfloat16())
    assert not can_decode(build_gpt().to("meta"))
    monkeypatch.setattr(decoder, "MAX_PARAMETERS", 1000)
    assert not can_decode(build_gpt())
