"""The state that a run continues from, in a form that fits any number of processes.

Weights and moments are stored whole and under the parameter's name. So a run may go on with
another strategy or another number of processes than it was saved with; hyperparameters are not
part of it, they come from the configuration.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nanogpt.training.optimizer import Optimizers
from nanogpt.training.parallel import sharded_like, whole


def model_state(model: nn.Module) -> dict[str, Tensor]:
    """Return name -> whole tensor; all processes must call it."""
    return {name: whole(value).detach() for name, value in model.state_dict().items()}


def load_model_state(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Copy whole tensors into ``model``, which may be sharded.

    Raises:
        KeyError: A tensor is missing.
    """
    with torch.no_grad():
        for name, value in model.state_dict().items():
            value.copy_(sharded_like(state[name], value))


def optimizer_state(model: nn.Module, optimizers: Optimizers) -> dict[str, dict[str, Tensor]]:
    """Return name -> moment -> whole tensor; all processes must call it."""
    return {
        name: {key: whole(value) for key, value in optimizers.moments(parameter).items()}
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
