"""AdamW with GPT's decay groups, and the learning rate schedule."""

import math

import torch
from torch import nn

from nanogpt.training.config import TrainConfig


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """Return AdamW that decays matrices and leaves biases and norms alone.

    Fused: one kernel per group instead of a dozen per parameter, on the CPU as on the GPU.
    """
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=True
    )


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the rate of ``step``: linear up to the peak, then a cosine down to the minimum.

    The cosine ends at ``max_steps`` (Loshchilov and Hutter 2017, "SGDR", without restarts).
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / (config.warmup_steps + 1)
    length = max(config.max_steps - config.warmup_steps, 1)
    progress = min((step - config.warmup_steps) / length, 1.0)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return config.min_learning_rate + cosine * (config.learning_rate - config.min_learning_rate)
