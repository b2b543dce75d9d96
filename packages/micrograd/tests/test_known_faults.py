"""The faults that users of the original micrograd report, one test for each."""

import copy
import hashlib
import math
import pickle
import random
import subprocess
import sys

import pytest

from micrograd import MLP, Layer, Neuron, ShapeError, Value, grad


def gradient(y: Value, x: Value) -> float:
    y.backward()
    return x.grad


def test_recursion_limit_a_chain_of_100_000_nodes_is_differentiated() -> None:
    x = y = Value(1.0)
    for _ in range(100_000):
        y = y + 1
    assert gradient(y, x) == 1.0


def test_two_to_the_power_of_a_value() -> None:
    x = Value(3.0)
    y = 2**x
    assert y.data == 8.0
    assert gradient(y, x) == pytest.approx(8.0 * math.log(2.0), rel=1e-15)


def test_value_to_the_power_of_a_value() -> None:
    a, b = Value(2.0), Value(3.0)
    y = a**b
    y.backward()
    assert (y.data, a.grad) == (8.0, 3 * 2.0**2)
    assert b.grad == pytest.approx(8.0 * math.log(2.0), rel=1e-15)


def test_zero_to_the_power_of_minus_one_is_infinite() -> None:
    x = Value(0.0)
    y = x**-1
    assert y.data == math.inf
    assert gradient(y, x) == -math.inf


def test_gradient_of_x_to_the_power_of_zero_at_zero() -> None:
    x = Value(0.0)
    y = x**0
    assert y.data == 1.0
    assert gradient(y, x) == 0.0


def test_negative_base_with_a_broken_exponent_stays_real() -> None:
    x = Value(-8.0)
    y = x ** (1 / 3)
    assert math.isnan(y.data)
    assert math.isnan(gradient(y, x))


def test_second_backward_adds_the_same_gradient_again() -> None:
    x = Value(3.0)
    y = x * x
    z = y * y + y
    expected = 4 * 3.0**3 + 2 * 3.0
    for times in (1, 2, 3):
        z.backward()
        assert x.grad == times * expected
        assert y.grad == 2 * 9.0 + 1


def test_single_neuron_layers_inside_an_mlp() -> None:
    model = MLP(3, [1, 1, 4, 1])
    y = model([1.0, 2.0, 3.0])
    y.backward()
    assert isinstance(y, Value)
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2


@pytest.mark.parametrize("inputs", [[1.0], [1.0, 2.0, 3.0], []])
def test_an_input_of_the_wrong_length_is_an_error(inputs: list[float]) -> None:
    rng = random.Random(0)
    for model in (MLP(2, [4, 1]), Layer(2, 3, rng=rng), Neuron(2, rng=rng)):
        with pytest.raises(
            ShapeError, match=rf"expected 2 inputs, one per weight, got {len(inputs)}"
        ):
            model(inputs)


def test_two_runs_with_one_seed_give_the_same_bits() -> None:
    program = (
        "from micrograd import datasets, MLP\n"
        "from micrograd.training import Recipe, fit\n"
        "model = MLP(2, [8, 8, 1], seed=3)\n"
        "losses = fit(model, datasets.moons(40, seed=3), Recipe(steps=20)).losses\n"
        "print([x.hex() for x in losses], [p.data.hex() for p in model.parameters()])\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout
        for _ in range(2)
    ]
    assert len(runs[0]) > 1000
    assert hashlib.sha256(runs[0]).digest() == hashlib.sha256(runs[1]).digest()


def test_nodes_can_be_pickled_and_copied() -> None:
    x = Value(2.0, "x")
    y = (x * 3 + x.exp()).tanh()
    y.backward()
    for x2, y2 in (pickle.loads(pickle.dumps((x, y))), copy.deepcopy((x, y))):
        assert (x2.data, x2.grad, x2.label, y2.data) == (x.data, x.grad, "x", y.data)
        assert x2 is not x
        z = y2 * 2
        x2.grad = 0.0
        z.backward()
        assert x2.grad == 2 * x.grad


@pytest.mark.parametrize("x", [1000.0, -1000.0, 1e308, -1e308])
def test_tanh_and_its_like_do_not_overflow(x: float) -> None:
    sign = math.copysign(1.0, x)
    assert Value(x).tanh().data == sign
    assert Value(x).sigmoid().data == (sign + 1) / 2
    assert Value(x).softplus().data == max(x, 0.0)
    assert Value(x).exp().data == (math.inf if x > 0 else 0.0)
    for function in (Value.tanh, Value.sigmoid, Value.softplus):
        v = Value(x)
        assert grad(function(v), [v])[0].data in (0.0, 1.0)
