"""The state that a run continues from, in a form that fits any number of processes.

Weights and moments are stored whole and under the parameter's name. So a run may go on with
another strategy or another number of processes than it was saved with; hyperparameters are not
part of it, they come from the configuration. A sharded model is collected tensor by tensor, and
only process 0 keeps the result, on the CPU: no GPU need hold the whole of it.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from nanogpt.training.optimizer import Optimizers
from nanogpt.training.parallel import sharded_like, whole


def model_state(model: nn.Module, *, keep: bool) -> dict[str, Tensor]:
    """Return name -> whole tensor, or nothing unless ``keep``; all processes must call it."""
    return _collect(model.state_dict().items(), keep=keep)


def load_model_state(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Copy whole tensors into ``model``, which may be sharded.

    Raises:
        KeyError: A tensor is missing.
    """
    with torch.no_grad():
        for name, value in model.state_dict().items():
            value.copy_(sharded_like(state[name], value))


def optimizer_state(
    model: nn.Module, optimizers: Optimizers, *, keep: bool
) -> dict[str, dict[str, Tensor]]:
    """Return name -> moment -> whole tensor, or no moments unless ``keep``.

    All processes must call it.
    """
    return {
        name: _collect(optimizers.moments(parameter).items(), keep=keep)
        for name, parameter in model.named_parameters()
    }


def load_optimizer_state(
    model: nn.Module, optimizers: Optimizers, state: dict[str, dict[str, Any]]
) -> None:
    """Give every parameter its moments back.

    Raises:
        KeyError: A parameter is missing.
        ValueError: A moment has another shape than its parameter, or is one of another optimizer.
    """
    for name, parameter in model.named_parameters():
        moments = state[name]
        expected = optimizers.moment_names(parameter)
        if set(moments) not in ({*expected}, set()):
            raise ValueError(f"{name} has {sorted(moments)}, expected {sorted(expected)}")
        for key, value in moments.items():
            if value.dim() and value.shape != parameter.shape:
                raise ValueError(f"{key} of {name} has shape {tuple(value.shape)}")
        if moments:
            restored = {k: sharded_like(v.clone(), parameter) for k, v in moments.items()}
            optimizers.set_moments(parameter, restored)


def _collect(tensors: Iterable[tuple[str, Tensor]], *, keep: bool) -> dict[str, Tensor]:
    collected = {}
    for name, tensor in tensors:
        full = whole(tensor).detach()  # in step with the other processes, kept or not
        if keep:
            collected[name] = full.cpu() if isinstance(tensor, DTensor) else full
    return collected
