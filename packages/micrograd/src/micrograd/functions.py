"""Operations on several Values: neurons, sums, the larger and the smaller of two."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from micrograd.engine import Value, apply, make_node
from micrograd.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def linear(
    neurons: Iterable[tuple[Sequence[Value], Value | None]],
    inputs: Iterable[Value | float],
    *,
    relu: bool = False,
) -> tuple[Value, ...]:
    """Return ``w1*x1 + ... + wn*xn + bias`` for each neuron: one node per neuron.

    Args:
        neurons: The (weights, bias) of each; weights are best a tuple, the bias may be None.
        inputs: As many as each neuron has weights.
        relu: Turn negative results into 0, in the same node; it then passes no gradient on.

    Raises:
        ShapeError: A neuron has not as many weights as there are inputs.
    """
    xs = as_values(inputs)
    x_data = [x.data for x in xs]
    op = "dot_relu" if relu else "dot"
    nodes = []
    for weights, bias in neurons:
        if not isinstance(weights, tuple):
            weights = as_values(weights)  # noqa: PLW2901  # a tuple can be shared, a list changed
        if len(weights) != len(xs):
            raise ShapeError(f"expected {len(weights)} inputs, one per weight, got {len(xs)}")
        w_data = [w.data for w in weights]
        data = sum(map(operator.mul, w_data, x_data), 0.0 if bias is None else bias.data)
        operands = (weights, xs, bias)
        if relu and data <= 0.0:
            nodes.append(make_node(0.0, op, operands, ()))
        else:
            nodes.append(make_node(data, op, operands, (w_data, x_data)))
    return tuple(nodes)


def dot(
    weights: Iterable[Value | float], inputs: Iterable[Value | float], bias: Value | None = None
) -> Value:
    """Return ``w1*x1 + ... + wn*xn + bias`` as one node; errors as in `linear`."""
    return linear([(as_values(weights), bias)], inputs)[0]


def sum_values(values: Iterable[Value | float]) -> Value:
    """Return the sum of all values as one node; 0 for none."""
    operands = as_values(values)
    return make_node(sum([v.data for v in operands], 0.0), "sum", operands, (1.0,) * len(operands))


def maximum(a: Value | float, b: Value | float) -> Value:
    """Return the larger of two; nan if either is nan. Equal operands share the gradient."""
    a, b = as_values((a, b))
    return apply("maximum", b, a) if b.data > a.data else apply("maximum", a, b)


def minimum(a: Value | float, b: Value | float) -> Value:
    """Return the smaller of two; nan if either is nan. Equal operands share the gradient."""
    a, b = as_values((a, b))
    return apply("minimum", b, a) if b.data < a.data else apply("minimum", a, b)


def as_values(values: Iterable[Value | float]) -> tuple[Value, ...]:
    """Return a tuple of Values, in which every plain number has become a leaf."""
    return tuple([v if isinstance(v, Value) else Value(v) for v in values])
