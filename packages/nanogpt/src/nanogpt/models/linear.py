"""A linear layer whose products can be computed in bfloat16 on a CPU, and nothing else.

CPUs with bfloat16 instructions (AVX512_BF16, AMX) multiply matrices in it about twice as fast as in
float32. Autocast wastes that: it also moves GELU, attention and what lies between into bfloat16,
where torch's CPU kernels are slow. Here a layer takes and gives float32; only its three products
(outputs, gradients of inputs and of weights) are in bfloat16, with sums in float32.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program


class Linear(nn.Linear):
    """`nn.Linear`, in training with products in bfloat16 where `bfloat16_products` is set."""

    bfloat16_products: bool = False
    """Whether to; what is evaluated or sampled stays in float32."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., M, in_features) to (..., M, out_features)."""
        if not (self.bfloat16_products and self.training):
            return super().forward(x)
        y: Tensor = _BFloat16Product.apply(x, self.weight)
        bias: Tensor | None = self.bias  # torch's types say that there always is one
        return y if bias is None else y + bias


class _BFloat16Product(torch.autograd.Function):
    """x W^T of float32 matrices, computed in bfloat16."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        x_half, weight_half = x.bfloat16(), weight.bfloat16()
        ctx.save_for_backward(x_half, weight_half)
        return F.linear(x_half, weight_half).float()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x_half, weight_half = ctx.saved_tensors
        half = grad.bfloat16()
        rows, inputs = half.flatten(0, -2), x_half.flatten(0, -2)  # (M, out), (M, in)
        return (half @ weight_half).float(), (rows.T @ inputs).float()
