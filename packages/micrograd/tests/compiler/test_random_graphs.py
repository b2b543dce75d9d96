"""Compiled against eager on random programs: values and gradients, row by row."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from micrograd import Value, linear, maximum, minimum, sum_values
from micrograd.compiler import compile as compile_function
from micrograd.compiler.kernels import KERNELS
from micrograd.engine import graph_nodes
from micrograd.operations import OPERATIONS

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "maximum": maximum,
    "minimum": minimum,
}
UNARY = (
    *("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "sigmoid", "softplus", "relu"),
    *("leaky_relu", "gelu", "__neg__", "__abs__"),
)
EXPONENTS = (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0)
SPECIAL = (0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-3, -30.0, 800.0, -800.0)
NOT_FINITE = (math.inf, -math.inf, math.nan)


@dataclass(frozen=True)
class Program:
    """Instructions (operation, places of operands); the last result is the output."""

    instructions: tuple[tuple[str, tuple[int, ...]], ...]

    def __call__(self, p: Any, x: Any, y: Any) -> Value:
        values: list[Any] = [*p, *x, y]
        for op, places in self.instructions:
            operands = [values[i % len(values)] for i in places]
            values.extend(_apply(op, operands, places[0]))
        return sum_values([v * (1.0 if i % 3 else -1.0) for i, v in enumerate(values[-3:])])


def _apply(op: str, operands: list[Any], choice: int) -> list[Any]:
    if op in BINARY:
        return [BINARY[op](*operands[:2])]
    if op in UNARY:
        return [getattr(operands[0], op)()]
    if op == "number":
        return [operands[0] ** EXPONENTS[choice % len(EXPONENTS)], 2.0 - operands[1] * 0.5]
    if op == "constant":
        return [operands[0] ** Value(2.0), 3.0 ** operands[1]]
    if op == "sum":
        return [sum_values(operands)]
    weights, inputs = operands[:4], operands[4:6]
    neurons = [((weights[0], weights[1]), operands[6]), ((weights[2], weights[3]), operands[7])]
    bias = None if choice % 2 else "bias"
    return [*linear([(w, bias and b) for w, b in neurons], inputs, relu=op == "layer_relu")]


OPS = (*BINARY, *UNARY, "number", "constant", "sum", *(["layer", "layer_relu"] * 4))
instructions = st.tuples(st.sampled_from(OPS), st.tuples(*[st.integers(0, 30)] * 8))
programs = st.lists(instructions, min_size=1, max_size=7).map(lambda x: Program(tuple(x)))


def arrays(*shape: int, points: tuple[float, ...]) -> Any:
    numbers = st.one_of(st.sampled_from(points), st.floats(-3, 3).map(lambda v: round(v, 3)))
    size = math.prod(shape)
    return st.lists(numbers, min_size=size, max_size=size).map(lambda v: np.array(v).reshape(shape))


def eager(program: Any, p: Any, x: Any, y: Any) -> tuple[Any, Any, Any, Any, float]:
    """Return values, gradients by p (over all rows), x, y, and the largest number on the way."""
    parameters = [Value(v) for v in p]
    values, by_x, by_y, largest = [], [], [], 1.0
    for x_row, y_row in zip(x, y, strict=True):
        xs, target = [Value(v) for v in x_row], Value(y_row)
        out = program(parameters, xs, target)
        out.backward()
        values.append(out.data)
        by_x.append([v.grad for v in xs])
        by_y.append(target.grad)
        sizes = (abs(n) for node in graph_nodes(out) for n in (node.data, node.grad))
        largest = max(largest, *filter(math.isfinite, sizes))
    return values, [v.grad for v in parameters], by_x, by_y, largest


def check(program: Any, p: Any, x: Any, y: Any) -> None:
    values, by_p, by_x, by_y, largest = eager(program, p, x, y)
    function = compile_function(
        program.__call__, batched=("x", "y"), wrt=("p", "x", "y"), reduce="none"
    )
    value, gradients = function.value_and_grad(p, x, y)
    by_shared = gradients["p"]
    if len(x) > 1:
        # What does not depend on the row is computed once, and takes the sum of the rows'
        # gradients. Where that is not finite, it may be inf instead of nan.
        by_shared = np.where(np.isfinite(by_shared) | np.isfinite(by_p), by_shared, by_p)
    for name, ours, expected in (
        ("value", value, values),
        ("p", by_shared, by_p),
        ("x", gradients["x"], by_x),
        ("y", gradients["y"], by_y),
    ):
        message = f"{name}\n{function.source}"
        np.testing.assert_allclose(
            ours, expected, rtol=1e-12, atol=1e-13 * largest, err_msg=message
        )


@settings(max_examples=200, deadline=None)
@given(
    programs,
    arrays(4, points=SPECIAL),
    st.integers(1, 3).flatmap(lambda n: arrays(n, 3, points=SPECIAL)),
)
def test_values_and_gradients_are_those_of_the_engine(program: Program, p: Any, table: Any) -> None:
    check(program, p, table[:, :2], table[:, 2])


ROOT = Program((("number", (2,) + (2,) * 7),))
"""The square root of the third parameter, written as a power."""


@settings(max_examples=200, deadline=None)
@example(ROOT, np.array([0.0, 0.0, -math.inf, 0.0]), np.zeros((1, 3)))
@example(ROOT, np.array([0.0, 0.0, -0.0, 0.0]), np.zeros((1, 3)))
@given(
    programs,
    arrays(4, points=SPECIAL + NOT_FINITE),
    st.integers(1, 3).flatmap(lambda n: arrays(n, 3, points=SPECIAL + NOT_FINITE)),
)
def test_inf_and_nan_go_the_same_ways(program: Program, p: Any, table: Any) -> None:
    check(program, p, table[:, :2], table[:, 2])


def test_every_operation_of_the_engine_has_a_kernel() -> None:
    assert set(KERNELS) == {*OPERATIONS, "detach"}
