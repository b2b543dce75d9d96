"""What a run costs while it runs: the share of the device's arithmetic, and why memory ran out."""

import torch

from nanogpt.estimate.flops import flops_per_token
from nanogpt.estimate.hardware import peak_flops
from nanogpt.estimate.memory import training_memory
from nanogpt.models.config import GPTConfig
from nanogpt.training.trainer import Trainer

_BILLION = 1e9


def utilization(trainer: Trainer, tokens_per_second: float) -> float | None:
    """Return the model FLOPs utilization (Chowdhery et al. 2022, "PaLM", appendix B).

    That is the arithmetic of the model's matrix products over the peak of the devices; none where
    the peak is not known.
    """
    shape = trainer.model.config
    if trainer.device.type != "cuda" or not isinstance(shape, GPTConfig):
        return None
    dtype = str(trainer.precision.dtype).removeprefix("torch.")
    peak = peak_flops(torch.cuda.get_device_name(trainer.device), dtype)
    if peak is None:
        return None
    flops = flops_per_token(shape, trainer.model.vocab_size) * tokens_per_second
    return flops / (peak * trainer.processes.count)


def memory_advice(trainer: Trainer) -> str:
    """Return what a step of ``trainer`` needs, by part, and what would lower it."""
    shape, config = trainer.model.config, trainer.config
    advice = "raise --gradient-accumulation, or lower --batch-size, --block-size or --n-layer"
    if not isinstance(shape, GPTConfig):
        return "lower --batch-size, --n-hidden or --n-predict"
    rows = config.batch_size // trainer.passes // trainer.processes.count
    parts = training_memory(
        shape,
        trainer.model.vocab_size,
        rows,
        precision="float32" if trainer.precision.dtype == torch.float32 else "bfloat16",
        optimizer=config.optimizer,
        strategy=config.strategy,
        devices=trainer.processes.count,
    )
    listed = ", ".join(f"{name} {size / _BILLION:.1f}" for name, size in parts.items())
    total = sum(parts.values()) / _BILLION
    return f"a step over {rows:,} rows at a time needs about {total:.1f} GB ({listed}); {advice}"
