"""Estimates against the models themselves: their parameters, their operations, their memory."""

import subprocess
import sys
import weakref
from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from nanogpt.estimate.flops import flops_per_token, forward_flops_per_token
from nanogpt.estimate.hardware import DEVICES, DeviceKind, peak_flops
from nanogpt.estimate.memory import kv_cache_memory, training_memory
from nanogpt.estimate.parameters import count_parameters
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT, KVCache, cross_entropy
from nanogpt.training.config import OptimizerName, TrainConfig
from nanogpt.training.optimizer import build_optimizers

BASE = GPTConfig(block_size=32, n_layer=2, n_head=4, n_embd=64)
VOCAB_SIZE = 50
OPTIONS: list[dict[str, Any]] = [
    {},
    {"positions": "rope"},
    {"norm": "rmsnorm"},
    {"qk_norm": True},
    {"activation": "relu2"},
    {"bias": False},
    {"n_kv_head": 2},
    {"positions": "rope", "norm": "rmsnorm", "qk_norm": True, "bias": False, "n_kv_head": 1},
]


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_parameters_are_those_of_the_model(option: dict[str, Any]) -> None:
    config = replace(BASE, **option)
    model = GPT(config, VOCAB_SIZE)
    counted = count_parameters(config, VOCAB_SIZE)
    assert sum(counted.values()) == sum(p.numel() for p in model.parameters())
    for part, module in [("attention", ".attn.c_"), ("MLP", ".mlp."), ("token embedding", "wte")]:
        expected = sum(p.numel() for name, p in model.named_parameters() if module in name)
        assert counted[part] == expected, part


@pytest.mark.parametrize(
    ("n_layer", "n_head", "n_embd", "parameters"),
    [
        (12, 12, 768, 124_439_808),
        (24, 16, 1024, 354_823_168),
        (36, 20, 1280, 774_030_080),
        (48, 25, 1600, 1_557_611_200),
    ],
)
def test_published_sizes(n_layer: int, n_head: int, n_embd: int, parameters: int) -> None:
    config = GPTConfig(block_size=1024, n_layer=n_layer, n_head=n_head, n_embd=n_embd)
    assert sum(count_parameters(config, 50257).values()) == parameters


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_flops_are_those_that_torch_counts(option: dict[str, Any]) -> None:
    """torch counts matrix products and attention over the whole square, as we do."""
    config = replace(BASE, **option)
    model = GPT(config, VOCAB_SIZE)
    idx = torch.randint(VOCAB_SIZE, (3, 33))
    tokens = 3 * 32
    # The flash kernel of the CPU is unknown to the counter, so attention runs as plain products.
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        with FlopCounterMode(display=False) as forward:
            loss = cross_entropy(model(idx[:, :-1]), idx[:, 1:])
        with FlopCounterMode(display=False) as backward:
            loss.backward()  # type: ignore[no-untyped-call]
    forward_expected = forward_flops_per_token(config, VOCAB_SIZE) * tokens
    assert forward.get_total_flops() == forward_expected
    expected = flops_per_token(config, VOCAB_SIZE) * tokens
    assert forward.get_total_flops() + backward.get_total_flops() == expected


class LiveMemory(TorchDispatchMode):
    """Follows the bytes of all storages that are alive, and their peak."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._follow(tensor.untyped_storage())
        return result

    def _follow(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


def measured_peak(config: GPTConfig, vocab_size: int, batch_size: int) -> int:
    """Return the peak of a second training step: by then the optimizer has its moments."""
    with LiveMemory() as memory:
        model = GPT(config, vocab_size)
        optimizer = build_optimizers(model, TrainConfig()).adamw
        idx = torch.randint(vocab_size, (batch_size, config.block_size + 1))
        for _ in range(2):
            memory.peak = memory.live
            loss = cross_entropy(model(idx[:, :-1]), idx[:, 1:])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return memory.peak


@pytest.mark.parametrize("option", OPTIONS, ids=str)
@pytest.mark.parametrize(
    ("vocab_size", "batch_size"), [(50, 64), (4000, 16), (50, 1)], ids=["wide", "vocab", "small"]
)
def test_memory_is_near_what_training_takes(
    option: dict[str, Any], vocab_size: int, batch_size: int
) -> None:
    config = replace(BASE, block_size=64, **option)
    estimated = sum(training_memory(config, vocab_size, batch_size).values())
    measured = measured_peak(config, vocab_size, batch_size)
    assert 0.9 < estimated / measured < 1.1


def test_kv_cache_is_what_it_stores() -> None:
    for option in ({}, {"n_kv_head": 2}):
        config = replace(BASE, **option)
        store = KVCache(config, 3, torch.device("cpu"))._store
        assert kv_cache_memory(config, 3) == store.nbytes


def test_half_precision_halves_what_it_can() -> None:
    whole = training_memory(BASE, VOCAB_SIZE, 8)
    half = training_memory(BASE, VOCAB_SIZE, 8, precision="bfloat16")
    assert half["activations"] < whole["activations"]
    assert half["optimizer"] == whole["optimizer"] == 2 * whole["gradients"]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_moments_are_those_that_the_optimizer_keeps(
    option: dict[str, Any], optimizer: OptimizerName
) -> None:
    config = replace(BASE, **option)
    model = GPT(config, VOCAB_SIZE)
    optimizers = build_optimizers(model, TrainConfig(optimizer=optimizer))
    idx = torch.randint(VOCAB_SIZE, (2, 33))
    cross_entropy(model(idx[:, :-1]), idx[:, 1:]).backward()  # type: ignore[no-untyped-call]
    for one in optimizers.all:
        one.step()
    kept = sum(
        moment.nbytes
        for parameter in model.parameters()
        for name, moment in optimizers.moments(parameter).items()
        if name != "step"
    )
    assert training_memory(config, VOCAB_SIZE, 2, optimizer=optimizer)["optimizer"] == kept


def test_several_devices_copy_or_shard_the_model() -> None:
    alone = training_memory(BASE, VOCAB_SIZE, 8)
    copied = training_memory(BASE, VOCAB_SIZE, 8, strategy="ddp", devices=4)
    assert copied == alone | {"gradients": 2 * alone["gradients"]}  # and their buffers
    sharded = training_memory(BASE, VOCAB_SIZE, 8, strategy="fsdp", devices=4)
    for part in ("weights", "gradients", "optimizer"):
        assert sharded[part] == alone[part] // 4
    assert sharded["activations"] == alone["activations"]
    assert training_memory(BASE, VOCAB_SIZE, 8, strategy="fsdp") == alone


@pytest.mark.parametrize(
    ("name", "dtype", "peak"),
    [
        ("NVIDIA A100-SXM4-40GB", "bfloat16", 312e12),
        ("NVIDIA A100-SXM4-80GB", "float32", 19.5e12),
        ("NVIDIA A100 80GB PCIe", "tf32", 156e12),
        ("NVIDIA H100 80GB HBM3", "bfloat16", 989.4e12),
        ("NVIDIA H100 PCIe", "bfloat16", 756e12),
        ("NVIDIA H200", "float16", 989.4e12),
        ("NVIDIA L4", "bfloat16", 121e12),
        ("Tesla T4", "float16", 65e12),
        ("Tesla T4", "bfloat16", None),
        ("NVIDIA GeForce RTX 3090", "bfloat16", 71e12),
        ("NVIDIA GeForce RTX 4090", "tf32", 82.6e12),
        ("NVIDIA L40S", "bfloat16", None),
        ("NVIDIA GeForce RTX 3090 Ti", "bfloat16", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "bfloat16", None),
        ("a100-40gb", "bfloat16", 312e12),
        ("", "float32", None),
    ],
)
def test_peak_by_the_name_that_torch_gives(name: str, dtype: str, peak: float | None) -> None:
    assert peak_flops(name, dtype) == (None if peak is None else pytest.approx(peak))


def test_command_line_offers_every_device() -> None:
    assert set(get_args(DeviceKind)) == {"cpu", *DEVICES}


def test_estimate_of_a_gpu_needs_no_torch() -> None:
    code = (
        "import sys; from nanogpt.cli import main\n"
        "main(['estimate', '--device', 'h200', '--json'])\n"
        "sys.exit(3 if 'torch' in sys.modules else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
