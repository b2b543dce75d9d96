"""The non-linearities between the two layers of a transformer's MLP.

torch's tanh GELU spends most of its time on tanh. On the CPU an MLP of the default shape is small
enough for that to show, so there we write the same function through the logistic sigmoid, which
torch computes several times faster; elsewhere its own kernel reads and writes memory once and wins.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

# GELU(x) = x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks and Gimpel
# 2016). As (1 + tanh(u)) / 2 = sigmoid(2u), it is x s with s = sigmoid(LINEAR x + CUBIC x^3).
LINEAR = 2 * math.sqrt(2 / math.pi)
CUBIC = 0.044715 * LINEAR


def gelu_tanh(x: Tensor) -> Tensor:
    """Return GELU in the tanh form of GPT-2, elementwise; within 1e-6 of ``F.gelu`` in float32."""
    if x.device.type != "cpu":
        return F.gelu(x, approximate="tanh")
    if torch.compiler.is_compiling():  # the compiler fuses the plain formula, and its gradient
        return x * torch.sigmoid(x * (LINEAR + CUBIC * x * x))
    y: Tensor = _SigmoidGELU.apply(x)
    return y


def relu_squared(x: Tensor) -> Tensor:
    """Return max(x, 0)^2, elementwise (So et al. 2021, "Primer")."""
    return F.relu(x).square()


class _SigmoidGELU(torch.autograd.Function):
    """GELU through the sigmoid, each pass over memory counted: four forward, five backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        s = torch.addcmul(x.new_tensor(LINEAR), x, x, value=CUBIC).mul_(x).sigmoid_()
        y = x * s
        ctx.save_for_backward(x, s, y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        # y' = s + x s' with s' = s (1 - s) (LINEAR + 3 CUBIC x^2), and x s (1 - s) = y - y s.
        x, s, y = ctx.saved_tensors
        slope = torch.addcmul(x.new_tensor(LINEAR), x, x, value=3 * CUBIC)
        return slope.mul_(torch.addcmul(y, y, s, value=-1)).add_(s).mul_(grad)
