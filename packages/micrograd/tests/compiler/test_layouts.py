"""Where the numbers of a layer lie in its argument must not matter, only how they are reached."""

from typing import Any

import numpy as np
import pytest

from micrograd import dot, linear, sum_values
from micrograd.compiler import compile as compile_function

N, K, B = 3, 4, 5
RNG = np.random.default_rng(0)
LAYOUTS = {
    "rows": (np.arange(12).reshape(N, K), "w[0:12].reshape(3, 4)"),
    "columns": (np.arange(12).reshape(K, N).T, "w[0:12].reshape(4, 3).T"),
    "with the bias last": (np.arange(15).reshape(N, 5)[:, :4], "w[0:15].reshape(3, 5)[:, :4]"),
    "with the bias first": (np.arange(15).reshape(N, 5)[:, 1:], "w[1:16].reshape(3, 5)[:, :4]"),
    "at the very end": (np.arange(15, 30).reshape(N, 5)[:, 1:], "w[15:30].reshape(3, 5)[:, 1:5]"),
    "backwards": (np.arange(12)[::-1].reshape(N, K), "gathered1.reshape(3, 4"),
    "every other": (np.arange(0, 24, 2).reshape(N, K), "gathered1.reshape(3, 4"),
    "shuffled": (RNG.permutation(30)[:12].reshape(N, K), "gathered1.reshape(3, 4"),
    "with repeats": (
        np.array([[0, 0, 1, 2], [3, 0, 1, 2], [3, 3, 3, 9]]),
        "gathered1.reshape(3, 4",
    ),
    "the same weight": (np.full((N, K), 7), "gathered1.reshape(3, 4"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_anywhere_in_an_argument(layout: str) -> None:
    table, text = LAYOUTS[layout]

    @compile_function(batched="x", wrt=("w", "x"), reduce="sum")
    def layer(w: Any, x: Any) -> Any:
        neurons = linear([(tuple([w[i] for i in row]), None) for row in table.tolist()], x)
        return sum_values([z * z for z in neurons])

    w, x = RNG.normal(size=30), RNG.normal(size=(B, K))
    value, gradients = layer.value_and_grad(w, x)
    z = x @ w[table].T
    by_w = np.zeros(30)
    np.add.at(by_w, table, 2 * z.T @ x)
    assert value == pytest.approx((z * z).sum(), rel=1e-12)
    np.testing.assert_allclose(gradients["w"], by_w, rtol=1e-12)
    np.testing.assert_allclose(gradients["x"], 2 * z @ w[table], rtol=1e-12)
    assert text in layer.source


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [0, 2], [1, 1, 1], [2, 0, 2, 3, 1]])
def test_inputs_in_any_order(order: list[int]) -> None:
    @compile_function(batched="x", wrt=("w", "x"), reduce="sum")
    def neuron(w: Any, x: Any) -> Any:
        return dot(w, [x[i] for i in order])

    w, x = RNG.normal(size=len(order)), RNG.normal(size=(B, K))
    value, gradients = neuron.value_and_grad(w, x)
    assert value == pytest.approx((x[:, order] @ w).sum(), rel=1e-12)
    by_x = np.zeros(K)
    np.add.at(by_x, order, w)
    np.testing.assert_allclose(gradients["w"], x[:, order].sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(gradients["x"], np.tile(by_x, (B, 1)), rtol=1e-12)


def test_products_of_what_depends_on_the_row() -> None:
    @compile_function(batched=("x", "bias"), wrt=("x", "bias"), reduce="none")
    def products(x: Any, bias: Any) -> Any:
        neurons = linear([((x[0], x[1]), bias), ((x[2], x[3]), None)], [x[1], x[0]], relu=True)
        return neurons[0] + neurons[1] + dot(x, x)

    x, bias = RNG.normal(size=(B, K)), RNG.normal(size=B)
    value, gradients = products.value_and_grad(x, bias)
    one, two = 2 * x[:, 0] * x[:, 1] + bias, x[:, 2] * x[:, 1] + x[:, 3] * x[:, 0]
    expected = np.maximum(one, 0) + np.maximum(two, 0) + (x * x).sum(axis=1)
    by_x = 2 * x + (two > 0)[:, None] * np.stack([x[:, 3], x[:, 2], x[:, 1], x[:, 0]], axis=1)
    by_x[:, :2] += 2 * (one > 0)[:, None] * x[:, [1, 0]]
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(gradients["x"], by_x, rtol=1e-12)
    assert gradients["bias"].tolist() == (one > 0).tolist()


def test_arguments_may_have_the_names_that_the_code_uses() -> None:
    def f(B: Any, where: Any, value: Any, layer1: Any, d_where: Any) -> Any:
        return dot([B, where[0], value], [layer1, d_where, where[1]]).relu()

    compiled = compile_function(f, batched="where")
    _, gradients = compiled.value_and_grad(1.0, [[2.0, 1.0], [4.0, 1.0]], 3.0, 4.0, 5.0)
    assert gradients == {"B": 4.0, "value": 1.0, "layer1": 1.0, "d_where": 3.0}
