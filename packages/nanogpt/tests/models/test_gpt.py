"""GPT against Hugging Face's GPT-2 with the same weights, and the properties of its parts."""

import math
import os
from typing import Any

import pytest
import torch
from torch import Tensor

from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT, KVCache, cross_entropy
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate

VOCAB_SIZE = 97
CONFIG = GPTConfig(block_size=32, n_layer=3, n_head=4, n_embd=48)
TRANSPOSED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")  # GPT-2 stores them as (in, out)


@pytest.fixture(scope="module")
def hugging_face() -> Any:
    """A GPT-2 of Hugging Face with random weights and biases; nothing is downloaded."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=VOCAB_SIZE,
        n_positions=CONFIG.block_size,
        n_layer=CONFIG.n_layer,
        n_head=CONFIG.n_head,
        n_embd=CONFIG.n_embd,
        bos_token_id=0,
        eos_token_id=0,
    )
    torch.manual_seed(0)
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.fixture(scope="module")
def ours(hugging_face: Any) -> GPT:
    model = GPT(CONFIG, VOCAB_SIZE)
    model.load_state_dict(
        {
            name: weight.T if name.endswith(TRANSPOSED) else weight
            for name, weight in hugging_face.transformer.state_dict().items()
        }
    )
    return model.eval()


def random_ids(*shape: int, seed: int = 1) -> Tensor:
    return torch.randint(VOCAB_SIZE, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("length", [1, 2, 31, 32])
def test_logits_and_loss_equal_hugging_face(hugging_face: Any, ours: GPT, length: int) -> None:
    idx = random_ids(5, length + 1)
    with torch.no_grad():
        logits = ours(idx[:, :-1])
        expected = hugging_face(idx[:, :-1]).logits
        # Hugging Face shifts labels by itself, so the loss compares on all but the last position.
        loss = cross_entropy(logits[:, :-1], idx[:, 1:-1]) if length > 1 else None
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    if loss is not None:
        with torch.no_grad():
            reference = hugging_face(idx[:, :-1], labels=idx[:, :-1]).loss
        assert loss.item() == pytest.approx(reference.item(), abs=1e-5)


def test_gradients_equal_hugging_face(hugging_face: Any, ours: GPT) -> None:
    idx = random_ids(3, 20)
    cross_entropy(ours(idx[:, :-1]), idx[:, 1:]).backward()
    hugging_face(idx, labels=idx).loss.backward()
    expected = dict(hugging_face.transformer.named_parameters())
    for name, parameter in ours.named_parameters():
        reference = expected[name].grad
        reference = reference.T if name.endswith(TRANSPOSED) else reference
        torch.testing.assert_close(parameter.grad, reference, rtol=1e-4, atol=1e-5)


def test_greedy_generation_equals_hugging_face(hugging_face: Any, ours: GPT) -> None:
    prompt = random_ids(1, 4)
    expected = hugging_face.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=28,
        min_new_tokens=28,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
    )[0, 4:]
    config = SamplingConfig(num_tokens=28, temperature=0)
    assert list(generate(ours, prompt[0].tolist(), config)) == expected.tolist()


def test_no_token_sees_the_future(ours: GPT) -> None:
    idx = random_ids(1, 16)
    changed = idx.clone()
    changed[0, 10:] = (changed[0, 10:] + 1) % VOCAB_SIZE
    with torch.no_grad():
        before, after = ours(idx), ours(changed)
    torch.testing.assert_close(before[:, :10], after[:, :10], rtol=0, atol=1e-6)
    assert not torch.allclose(before[:, 10:], after[:, 10:], atol=1e-2)


@pytest.mark.parametrize("prefill", [1, 7, 31])
def test_cached_logits_equal_uncached(ours: GPT, prefill: int) -> None:
    idx = random_ids(2, 32)
    cache = KVCache(CONFIG, 2, torch.device("cpu"))
    with torch.no_grad():
        expected = ours(idx)
        parts = [ours(idx[:, :prefill], cache)]
        parts += [ours(idx[:, t : t + 1], cache) for t in range(prefill, 32)]
    torch.testing.assert_close(torch.cat(parts, dim=1), expected, rtol=0, atol=1e-5)


def test_context_beyond_block_size_is_refused(ours: GPT) -> None:
    with pytest.raises(ValueError, match="33 tokens exceed block_size 32"):
        ours(random_ids(1, 33))


def test_initial_weights_have_published_scale() -> None:
    config = GPTConfig(block_size=256, n_layer=8, n_head=4, n_embd=256)
    model = GPT(config, 1000, torch.Generator().manual_seed(0))
    residual = 0.02 / math.sqrt(2 * 8)
    for name, parameter in model.named_parameters():
        if "ln_" in name and name.endswith("weight"):
            assert (parameter == 1).all(), name
        elif name.endswith("bias"):
            assert (parameter == 0).all(), name
        else:
            expected = residual if name.endswith("c_proj.weight") else 0.02
            assert parameter.std().item() == pytest.approx(expected, rel=0.02), name


def test_gpt2_small_has_124_million_parameters() -> None:
    with torch.device("meta"):
        model = GPT(GPTConfig(block_size=1024, n_layer=12, n_head=12, n_embd=768), 50257)
    assert sum(parameter.numel() for parameter in model.parameters()) == 124_439_808


def test_dropout_acts_in_training_only() -> None:
    model = GPT(GPTConfig(block_size=8, n_layer=1, n_head=1, n_embd=16, dropout=0.5), VOCAB_SIZE)
    idx = random_ids(1, 8)
    assert not torch.equal(model.train()(idx), model(idx))
    assert torch.equal(model.eval()(idx), model(idx))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"n_layer": 0}, "n_layer must be from 1 to 1,000,000, got 0"),
        ({"block_size": -3}, "block_size must be from 1 to 1,000,000, got -3"),
        ({"n_head": 3}, "n_embd must be a multiple of n_head, got 128 and 3"),
        ({"dropout": 1.0}, "dropout must be in"),
    ],
)
def test_impossible_shape_is_refused(field: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GPTConfig(**field)
