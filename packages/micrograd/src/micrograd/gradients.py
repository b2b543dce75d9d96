"""Gradients as a function, and gradients of gradients.

``backward()`` leaves floats in every node's ``grad``. `grad` returns the derivatives instead, with
``create_graph=True`` as Values that can be differentiated again. Second derivatives cost what a
gradient costs, times the number of rows that are asked for; a Hessian-vector product needs no
Hessian.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from micrograd.engine import NEURONS, Value, computed_nodes, no_grad
from micrograd.functions import dot
from micrograd.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence


def grad(y: Value, xs: Sequence[Value], *, create_graph: bool = False) -> list[Value]:
    """Return the derivative of `y` by each of `xs`, without touching any ``grad``.

    Args:
        y: The result.
        xs: Nodes that it may depend on; the derivative by one that it does not use is 0.
        create_graph: Make the derivatives Values with a graph of their own, so that they can be
            differentiated again. Otherwise they are leaves.
    """
    adjoints = {y: Value(1.0)}
    with nullcontext() if create_graph else no_grad():
        for node in computed_nodes(y):
            upstream = adjoints.get(node)
            if upstream is None:
                continue
            locals_ = _expressions(node) if create_graph else node.local_gradients
            for operand, local in zip(node.operands, locals_, strict=False):
                is_one = isinstance(local, float) and local == 1.0
                part = upstream if is_one else upstream * local
                known = adjoints.get(operand)
                adjoints[operand] = part if known is None else known + part
    return [adjoints[x] if x in adjoints else Value(0.0) for x in xs]


def _expressions(node: Value) -> Sequence[Value | float]:
    """Return the local gradients of a node as expressions, to be differentiated again."""
    if node.op in NEURONS:
        weights, inputs, bias = node._operands
        expressions = (*inputs, *weights, *([] if bias is None else [1.0]))
    elif node.op == "sum":
        return node.local_gradients
    else:
        expressions = OPERATIONS[node.op].derivatives(node, *node._operands)
    return expressions[: len(node.local_gradients)]


def hessian_vector(y: Value, xs: Sequence[Value], vector: Sequence[float]) -> list[float]:
    """Return H v, where H is the Hessian of `y` by `xs`: the gradient of (gradient of y) . v."""
    slope = dot(grad(y, xs, create_graph=True), vector)
    return [h.data for h in grad(slope, xs)]
