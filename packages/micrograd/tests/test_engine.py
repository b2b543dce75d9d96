import copy
import pickle
from typing import Any

import pytest
import torch
from micrograd import Value, grad, linear


def test_the_same_expression_in_pytorch_gives_the_same_value_and_gradients() -> None:
    def expression(a: Any, b: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + (b + a).relu()
        d = d + 3 * d + (b - a).relu()
        e = c - d
        return e**2 / 2.0 + 10.0 / e**2

    a, b = Value(-4.0), Value(2.0)
    y = expression(a, b)
    y.backward()
    at, bt = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-4.0, 2.0))
    yt = expression(at, bt)
    yt.backward()
    assert y.data == pytest.approx(yt.item(), rel=1e-12)
    assert [a.grad, b.grad] == pytest.approx([at.grad.item(), bt.grad.item()], rel=1e-12)


def test_gradients_of_leaves_add_up_over_backward_calls() -> None:
    x = Value(3.0)
    y = x * x
    z = y * x
    z.backward()
    z.backward()
    assert x.grad == 2 * 3 * 3.0**2
    assert y.grad == 3.0


def test_a_deep_chain_can_be_built_differentiated_pickled_and_copied() -> None:
    first = x = Value(0.0)
    for _ in range(50_000):
        x = x + 1
    pair = pickle.loads(pickle.dumps((first, x)))
    for start, end in (pair, copy.deepcopy((first, x)), (first, x)):
        end.backward()
        assert (start.grad, end.data) == (1.0, 50_000.0)


def test_second_derivative() -> None:
    x = Value(2.0)
    (slope,) = grad(x**3, [x], create_graph=True)
    (curvature,) = grad(slope, [x])
    assert (slope.data, curvature.data) == (12.0, 12.0)


def test_a_cut_off_neuron_passes_nothing_on() -> None:
    w, x, b = Value(1.0), Value(-2.0), Value(0.5)
    (y,) = linear([((w,), b)], [x], relu=True)
    y.backward()
    assert (y.data, w.grad, x.grad, b.grad) == (0.0, 0.0, 0.0, 0.0)
