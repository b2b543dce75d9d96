"""``nanogpt estimate``."""

import json
from typing import Any

from rich.console import Console

from nanogpt.commands.config import Estimate
from nanogpt.errors import ConfigError
from nanogpt.estimate.flops import flops_per_token
from nanogpt.estimate.hardware import CPU_MFU, DEVICES, peak_flops
from nanogpt.estimate.memory import Precision, kv_cache_memory, training_memory
from nanogpt.estimate.parameters import count_parameters


def estimate(command: Estimate, out: Console, err: Console) -> None:
    """Print on ``out`` what the training that ``command`` describes would cost."""
    dtype = _dtype(command)
    peak, memory, mfu = _hardware(command, dtype, err)
    result = _result(command, dtype, peak, memory, mfu)
    if command.json:
        out.out(json.dumps(result), highlight=False)
        return
    _show(result, command, out)


def _dtype(command: Estimate) -> Precision:
    """Return the number format of the matrix products, as training chooses it."""
    if command.training.precision != "auto":
        return command.training.precision
    if command.device == "cpu":
        return "float32"
    peaks = DEVICES[command.device].teraflops
    if "bfloat16" in peaks:
        return "bfloat16"
    return "float16" if "float16" in peaks else "float32"


def _hardware(command: Estimate, dtype: Precision, err: Console) -> tuple[float, int | None, float]:
    """Return peak operations per second, memory, and the share of the peak to expect."""
    if command.device == "cpu":
        from nanogpt.estimate.cpu import (  # noqa: PLC0415  torch, which no other device needs
            measure_peak_flops,
            total_memory,
        )

        with err.status("measuring a matrix product"):
            peak: float | None = measure_peak_flops(dtype)
        memory, mfu = total_memory(), CPU_MFU
    else:
        device = DEVICES[command.device]
        peak, memory, mfu = peak_flops(command.device, dtype), device.memory, device.mfu
    if peak is None:
        known = ", ".join(DEVICES[command.device].teraflops)
        raise ConfigError(f"no peak of {command.device} in {dtype} is known; it has {known}")
    return peak, memory, command.mfu or mfu


def _result(
    command: Estimate, dtype: Precision, peak: float, memory: int | None, mfu: float
) -> dict[str, Any]:
    model, training, vocab_size = command.model, command.training, command.vocab_size
    parameters = count_parameters(model, vocab_size)
    total = sum(parameters.values())
    tokens = training.batch_size * model.block_size
    flops = flops_per_token(model, vocab_size)
    speed = command.devices * peak * mfu
    parts = training_memory(
        model,
        vocab_size,
        training.batch_size // training.gradient_accumulation // command.devices,
        precision=dtype,
        optimizer=training.optimizer,
        strategy=training.strategy,
        devices=command.devices,
    )
    return {
        "parameters": parameters,
        "parameters_total": total,
        "parameters_without_embeddings": total
        - parameters["token embedding"]
        - parameters["position embedding"],
        "tokens_per_step": tokens,
        "flops_per_token": flops,
        "flops_per_step": flops * tokens,
        "memory_bytes": parts,
        "memory_bytes_total": sum(parts.values()),
        "kv_cache_bytes": kv_cache_memory(model),
        "device": command.device,
        "devices": command.devices,
        "precision": dtype,
        "device_memory_bytes": memory,
        "peak_flops": peak,
        "mfu": mfu,
        "tokens_per_second": speed / flops,
        "seconds_per_step": flops * tokens / speed,
        "seconds": training.max_steps * flops * tokens / speed,
    }


def _show(result: dict[str, Any], command: Estimate, out: Console) -> None:
    def line(name: str, value: str) -> None:
        out.print(f"{name:<24}{value}", markup=False, highlight=False, soft_wrap=True)

    line("parameters", f"{result['parameters_total']:,}")
    for name, count in result["parameters"].items():
        line(f"  {name}", f"{count:,}")
    line("  without embeddings", f"{result['parameters_without_embeddings']:,}")
    line("arithmetic", f"{result['flops_per_token']:.3g} FLOPs per token, forward and backward")
    line("  per step", f"{result['flops_per_step']:.3g} on {result['tokens_per_step']:,} tokens")
    each = " on each device" if command.devices > 1 else ""
    line("memory in training", _size(result["memory_bytes_total"]) + each + _fits(result))
    for name, count in result["memory_bytes"].items():
        line(f"  {name}", _size(count))
    line("memory in sampling", f"{_size(result['kv_cache_bytes'])} of keys and values per text")
    line(
        "speed",
        f"{result['tokens_per_second']:,.0f} tokens/s at {result['mfu']:.0%} of "
        f"{result['peak_flops'] / 1e12:.3g} TFLOP/s ({_devices(command)}, {result['precision']})",
    )
    line("  per step", _duration(result["seconds_per_step"]))
    line(f"  {command.training.max_steps:,} steps", _duration(result["seconds"]))


def _devices(command: Estimate) -> str:
    return f"{command.devices} x {command.device}" if command.devices > 1 else command.device


def _fits(result: dict[str, Any]) -> str:
    memory = result["device_memory_bytes"]
    if memory is None:
        return ""
    verb = "fits into" if result["memory_bytes_total"] < memory else "exceeds"
    return f", {verb} {_size(memory)}"


def _size(count: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count / 1e3:,.1f} kB"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    for unit, scale in (("days", 172_800), ("h", 7200), ("min", 120)):
        if seconds >= scale:
            return f"{seconds / {'days': 86_400, 'h': 3600, 'min': 60}[unit]:,.1f} {unit}"
    return f"{seconds:.1f} s"
