"""Which optimizer moves which parameter."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nanogpt.training.config import TrainConfig
from nanogpt.training.muon import Muon
from nanogpt.training.schedule import learning_rate

_ADAMW_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Optimizers:
    """One or two optimizers that together move every parameter of a model."""

    adamw: torch.optim.AdamW
    muon: Muon | None

    @property
    def all(self) -> list[torch.optim.Optimizer]:
        """Those that exist."""
        return [self.adamw] if self.muon is None else [self.adamw, self.muon]

    def set_learning_rate(self, step: int, config: TrainConfig) -> float:
        """Set the rates of ``step``; return AdamW's."""
        rate = learning_rate(step, config)
        _set_rate(self.adamw, rate)
        if self.muon is not None:
            peak = config.matrix_learning_rate or config.learning_rate
            _set_rate(self.muon, rate * peak / config.learning_rate)
        return rate

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimizer in self.all:
            optimizer.zero_grad()

    def moments(self, parameter: Tensor) -> dict[str, Any]:
        """Return the state that belongs to ``parameter``: name of a moment to its tensor."""
        return next((o.state[parameter] for o in self.all if parameter in o.state), {})

    def moment_names(self, parameter: Tensor) -> tuple[str, ...]:
        """Return the names of the moments that the owner of ``parameter`` keeps."""
        return ("momentum",) if self._owner(parameter) is self.muon else _ADAMW_MOMENTS

    def set_moments(self, parameter: Tensor, moments: dict[str, Tensor]) -> None:
        """Replace the state that belongs to ``parameter``."""
        self._owner(parameter).state[parameter] = moments

    def _owner(self, parameter: Tensor) -> torch.optim.Optimizer:
        return next(
            optimizer
            for optimizer in self.all
            if any(parameter is p for group in optimizer.param_groups for p in group["params"])
        )


def build_optimizers(model: nn.Module, config: TrainConfig) -> Optimizers:
    """Return the optimizers of ``config`` for ``model``.

    AdamW decays matrices and leaves biases and norms alone. Muon, where asked for, takes the
    matrices of the layers ``model.h``; embeddings and output heads stay with AdamW, because their
    rows are tokens, not directions (Jordan et al. 2024).
    """
    matrices = _layer_matrices(model) if config.optimizer == "muon" else {}
    muon = None
    if matrices:
        muon = Muon(
            matrices.values(),
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        )
    others = [p for name, p in model.named_parameters() if name not in matrices]
    groups = [
        {"params": [p for p in others if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in others if p.dim() < 2], "weight_decay": 0.0},
    ]
    # Fused: one kernel per group instead of a dozen per parameter, on the CPU as on the GPU.
    adamw = torch.optim.AdamW(
        groups,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=others[0].device.type in {"cpu", "cuda", "mps"},
    )
    return Optimizers(adamw, muon)


def _layer_matrices(model: nn.Module) -> dict[str, tuple[Tensor, int]]:
    """Return name -> (matrix, number of matrices in it) for the layers of ``model``."""
    found: dict[str, tuple[Tensor, int]] = {}
    for name, parameter in model.named_parameters():
        if name.startswith("h.") and parameter.dim() == 2:
            # Queries, keys and values lie one below the other when they are of equal shape.
            fused = name.endswith("c_attn.weight") and parameter.size(0) == 3 * parameter.size(1)
            found[name] = (parameter, 3 if fused else 1)
    return found


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
