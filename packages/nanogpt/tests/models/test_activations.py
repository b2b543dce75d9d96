"""Our activations against torch's, values and gradients."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812  its name in every PyTorch program

from nanogpt.models.activations import gelu_tanh, relu_squared


def test_gelu_equals_torch() -> None:
    x = torch.linspace(-12, 12, 4801, requires_grad=True)
    exact = x.detach().double().requires_grad_()
    ours, theirs = gelu_tanh(x), F.gelu(exact, approximate="tanh")
    torch.testing.assert_close(ours, theirs.float(), rtol=0, atol=1e-6)
    (ours_grad,) = torch.autograd.grad(ours.sum(), x)
    (theirs_grad,) = torch.autograd.grad(theirs.sum(), exact)
    torch.testing.assert_close(ours_grad, theirs_grad.float(), rtol=0, atol=2e-6)


@given(st.floats(-1e6, 1e6, width=32))
def test_gelu_of_any_number_equals_torch(value: float) -> None:
    x = torch.tensor([value])
    torch.testing.assert_close(gelu_tanh(x), F.gelu(x, approximate="tanh"), rtol=1e-6, atol=1e-6)


def test_gelu_gradient_is_that_of_its_values() -> None:
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gelu_tanh, (x,))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_gelu_in_half_precision(dtype: torch.dtype) -> None:
    x = torch.linspace(-6, 6, 101, dtype=dtype, requires_grad=True)
    y = gelu_tanh(x)
    y.sum().backward()
    assert y.dtype == dtype
    exact = F.gelu(x.float(), approximate="tanh")
    torch.testing.assert_close(y.float(), exact, rtol=0.02, atol=0.02)


def test_gelu_leaves_its_input_alone() -> None:
    x = torch.randn(3, 4).T  # not contiguous
    before = x.clone()
    gelu_tanh(x)
    assert torch.equal(x, before)


def test_relu_squared_is_its_formula() -> None:
    x = torch.tensor([-2.0, 0.0, 0.5, 3.0], requires_grad=True)
    y = relu_squared(x)
    y.sum().backward()
    assert y.tolist() == [0, 0, 0.25, 9]
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 2 * 0.5, 2 * 3]
