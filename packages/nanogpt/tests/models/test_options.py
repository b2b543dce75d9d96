"""The options of GPT, each against a reference; the cache and the gradients with every one."""

import os
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import (
    GPT,
    CausalSelfAttention,
    KVCache,
    build_norm,
    cross_entropy,
    rope_angles,
    rotate,
)

VOCAB_SIZE = 61
BASE = GPTConfig(block_size=24, n_layer=2, n_head=4, n_embd=32)
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "rope": {"positions": "rope"},
    "rmsnorm": {"norm": "rmsnorm"},
    "qk_norm": {"qk_norm": True},
    "relu2": {"activation": "relu2"},
    "no bias": {"bias": False},
    "grouped queries": {"n_kv_head": 2},
    "one key head": {"n_kv_head": 1},
    "all": {
        "positions": "rope",
        "norm": "rmsnorm",
        "qk_norm": True,
        "activation": "relu2",
        "bias": False,
        "n_kv_head": 2,
    },
}
each_option = pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS.keys())


def random_model(config: GPTConfig) -> GPT:
    """Return a model whose every parameter, norms and biases included, matters."""
    torch.manual_seed(0)
    model = GPT(config, VOCAB_SIZE)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def random_ids(*shape: int) -> Tensor:
    return torch.randint(VOCAB_SIZE, shape, generator=torch.Generator().manual_seed(1))


@each_option
@pytest.mark.parametrize("parts", [[1] * 24, [7, 1, 1, 15], [3, 5, 16]], ids=str)
def test_cached_logits_equal_uncached(option: dict[str, Any], parts: list[int]) -> None:
    config = replace(BASE, **option)
    model = random_model(config).eval()
    idx = random_ids(2, 24)
    cache = KVCache(config, 2, torch.device("cpu"))
    with torch.no_grad():
        expected = model(idx)
        logits = [model(part, cache) for part in idx.split(parts, dim=1)]
    torch.testing.assert_close(torch.cat(logits, dim=1), expected, rtol=0, atol=1e-5)


@each_option
def test_every_parameter_learns(option: dict[str, Any]) -> None:
    model = GPT(replace(BASE, **option), VOCAB_SIZE, torch.Generator().manual_seed(0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    idx = random_ids(4, 25)
    losses = []
    for _ in range(5):
        loss = cross_entropy(model(idx[:, :-1]), idx[:, 1:])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@each_option
def test_half_precision_trains(option: dict[str, Any]) -> None:
    model = random_model(replace(BASE, **option))
    idx = random_ids(2, 25)
    exact = cross_entropy(model(idx[:, :-1]), idx[:, 1:])
    with torch.autocast("cpu", torch.bfloat16):
        loss = cross_entropy(model(idx[:, :-1]), idx[:, 1:])
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(exact.item(), rel=0.02)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("option", ["none", "all"])
def test_compiled_in_one_graph(option: str) -> None:
    torch.compiler.reset()
    model = random_model(replace(BASE, **OPTIONS[option])).eval()
    idx = random_ids(2, 24)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(idx), model(idx), rtol=0, atol=1e-5)


def test_options_at_their_defaults_are_gpt2() -> None:
    names = set(GPT(BASE, VOCAB_SIZE).state_dict())
    layer = {
        f"{module}.{part}"
        for module in ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
        for part in ("weight", "bias")
    }
    expected = {f"h.{n}.{name}" for n in range(2) for name in layer}
    assert names == expected | {"wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias"}


def test_no_bias_is_left_without_bias() -> None:
    model = GPT(replace(BASE, bias=False, qk_norm=True), VOCAB_SIZE)
    assert not [name for name, _ in model.named_parameters() if name.endswith("bias")]


def load_attention(theirs: nn.Module, ours: CausalSelfAttention) -> None:
    """Give ``ours`` the weights of an attention of Llama or Qwen."""
    get = theirs.get_parameter
    weights = [get(f"{name}_proj.weight") for name in ("q", "k", "v")]
    with torch.no_grad():
        ours.c_attn.weight.copy_(torch.cat(weights))
        ours.c_proj.weight.copy_(get("o_proj.weight"))
        if ours.q_norm is not None and ours.k_norm is not None:
            ours.q_norm.weight.copy_(get("q_norm.weight"))
            ours.k_norm.weight.copy_(get("k_norm.weight"))


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_attention_equals_llama_and_qwen(family: str) -> None:
    """RMSNorm before it, RoPE, grouped queries; Qwen3 with QK-norm as well."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers.models.llama import modeling_llama
    from transformers.models.llama.configuration_llama import LlamaConfig
    from transformers.models.qwen3 import modeling_qwen3
    from transformers.models.qwen3.configuration_qwen3 import Qwen3Config

    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "vocab_size": VOCAB_SIZE,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 24,
        "rms_norm_eps": 1e-5,
        "attn_implementation": "sdpa",
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    if family == "llama":
        model = modeling_llama.LlamaModel(LlamaConfig(**shape))
    else:
        model = modeling_qwen3.Qwen3Model(Qwen3Config(**shape))
    layer = model.layers[0]
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    config = replace(BASE, **(OPTIONS["all"] | {"qk_norm": family == "qwen3"}))
    norm, ours = build_norm(config), CausalSelfAttention(config, 0)
    norm.load_state_dict(layer.input_layernorm.state_dict())
    load_attention(layer.self_attn, ours)

    x = torch.randn(2, 24, 32)
    angles = model.rotary_emb(x, torch.arange(24)[None])
    expected, _ = layer.self_attn(layer.input_layernorm(x), angles, attention_mask=None)
    torch.testing.assert_close(
        ours(norm(x), rope_angles(config), None), expected, rtol=0, atol=1e-5
    )


def test_rotated_products_depend_on_distance_alone() -> None:
    angles = rope_angles(BASE)
    q, k = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 24, 8)
    scores = (rotate(q, angles) @ rotate(k, angles).transpose(2, 3))[0, 0]  # (24, 24)
    for distance in (-5, 0, 3):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=0, atol=1e-5)
    torch.testing.assert_close(rotate(q, angles).norm(dim=-1), q.norm(dim=-1))


def test_first_position_is_not_rotated() -> None:
    x = torch.randn(1, 2, 1, 8)
    assert torch.equal(rotate(x, rope_angles(BASE)[:, :1]), x)


def test_rmsnorm_is_its_formula() -> None:
    norm = build_norm(replace(BASE, norm="rmsnorm"))
    x = torch.randn(3, 5, 32) * 4
    expected = x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x), expected)
    torch.testing.assert_close(norm(x), nn.RMSNorm(32, eps=1e-5)(x))


def test_grouped_queries_equal_repeated_heads() -> None:
    grouped = random_model(replace(BASE, n_kv_head=2)).eval()
    whole = GPT(BASE, VOCAB_SIZE).eval()
    state = grouped.state_dict()
    for name in [name for name in state if ".attn.c_attn." in name]:
        q, k, v = state[name].split([32, 16, 16])
        # Query heads 0 and 1 share the first key head, 2 and 3 the second.
        k, v = (part.unflatten(0, (2, 8)).repeat_interleave(2, 0).flatten(0, 1) for part in (k, v))
        state[name] = torch.cat([q, k, v])
    whole.load_state_dict(state)
    idx = random_ids(2, 24)
    torch.testing.assert_close(grouped(idx), whole(idx), rtol=0, atol=1e-5)


def test_cache_of_grouped_queries_is_smaller() -> None:
    cache = KVCache(replace(BASE, n_kv_head=1), 3, torch.device("cpu"))
    k, _ = cache.extend(0, torch.ones(3, 1, 2, 8), torch.ones(3, 1, 2, 8))
    assert k.shape == (3, 1, 2, 8)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"n_kv_head": 3}, "n_kv_head must divide n_head, got 3 and 4"),
        ({"n_kv_head": 0}, "n_kv_head must divide n_head, got 0 and 4"),
        ({"positions": "rope", "n_embd": 12}, "n_embd / n_head must be even, got 12 and 4"),
    ],
)
def test_impossible_option_is_refused(field: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(BASE, **field)
