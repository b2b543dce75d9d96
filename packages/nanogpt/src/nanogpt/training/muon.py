"""Muon: momentum whose update is made orthogonal, for the matrices inside the layers.

The momentum of a matrix is replaced by the nearest matrix with all singular values near 1, so that
rare directions move as far as frequent ones (Jordan et al. 2024, "Muon"). The update is scaled by
``0.2 sqrt(max(rows, columns))``, which gives it the size of AdamW's (Liu et al. 2025, "Muon is
scalable for LLM training"): one learning rate and one weight decay serve both optimizers.

The orthogonalisation, five products of small matrices per parameter, is what a step costs. All
blocks of one shape are therefore stacked and multiplied together: for a GPT of 4 layers two batches
instead of sixteen matrices. Queries, keys and values are three matrices, though GPT-2 stores them
as one, and are orthogonalised apart. In float32 on the CPU, where bfloat16 is often slower.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor

# A quintic whose slope at 0 is steep, so that five steps lift small singular values to about 1;
# they end between 0.7 and 1.2, which serves as well as 1 (Jordan et al. 2024).
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Updates matrices by their orthogonalised Nesterov momentum.

    Args:
        params: (parameter, blocks): each parameter is a (R, C) matrix, made of ``blocks`` matrices
            of equal shape one below the other.
        lr: Step size, on AdamW's scale.
        momentum: Decay of the mean gradient.
        weight_decay: Share of the weight, times ``lr``, that a step takes away.
    """

    def __init__(
        self,
        params: Iterable[tuple[Tensor, int]],
        *,
        lr: float,
        momentum: float,
        weight_decay: float,
    ) -> None:
        by_blocks: defaultdict[int, list[Tensor]] = defaultdict(list)
        for parameter, blocks in params:
            by_blocks[blocks].append(parameter)
        groups = [{"params": tensors, "blocks": blocks} for blocks, tensors in by_blocks.items()]
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Make one step; ``closure`` is called first, as torch's interface wants it."""
        loss = None if closure is None else closure()
        stacks: defaultdict[torch.Size, list[tuple[Tensor, Tensor, dict[str, Any]]]]
        stacks = defaultdict(list)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                update = self._momentum(parameter, group["momentum"])
                for target, block in zip(
                    parameter.chunk(group["blocks"]), update.chunk(group["blocks"]), strict=True
                ):
                    tall = block.size(0) > block.size(1)
                    flat = (target.T, block.T) if tall else (target, block)
                    stacks[flat[0].shape].append((*flat, group))
        for shape, entries in stacks.items():
            directions = orthogonalize(torch.stack([block for _, block, _ in entries]))
            scale = 0.2 * max(shape) ** 0.5
            for (target, _, group), direction in zip(entries, directions, strict=True):
                target.mul_(1 - group["lr"] * group["weight_decay"])
                target.add_(direction, alpha=-group["lr"] * scale)
        return loss

    def _momentum(self, parameter: Tensor, momentum: float) -> Tensor:
        """Take the gradient in and return the Nesterov momentum, of the parameter's shape."""
        state, grad = self.state[parameter], parameter.grad
        assert grad is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        mean: Tensor = state["momentum"].lerp_(grad, 1 - momentum)
        return grad.lerp(mean, momentum)


def orthogonalize(matrices: Tensor) -> Tensor:
    """Return (N, R, C) matrices, R <= C, with their singular values moved to about 1.

    Five steps of a Newton-Schulz iteration, X <- aX + (bA + cA^2)X with A = XX^T, which needs
    products only (Jordan et al. 2024). Directions with a singular value of 0 stay at 0.
    """
    a, b, c = _COEFFICIENTS
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)  # singular values up to 1
    for _ in range(_STEPS):
        gram = x @ x.mT  # (N, R, R)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.to(matrices.dtype)
