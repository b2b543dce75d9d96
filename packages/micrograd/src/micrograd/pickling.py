"""Pickling and copying of graphs of any depth.

Pickle and deepcopy follow references by recursion, and fail some hundred nodes deep. Here a node
first writes all that it was computed from, oldest first: when each node comes after its operands,
there is nothing left to descend into. Nodes that were shared stay shared.
"""

from __future__ import annotations

import copyreg
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from micrograd.engine import Value, computed_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

# Set while the older nodes are written: these must not start the same again.
_inside: ContextVar[bool] = ContextVar("inside", default=False)


class _Older:
    """Pickles as the list of all nodes that a node was computed from, oldest first."""

    def __init__(self, node: Value) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._nodes()

    def _nodes(self) -> Iterator[Value]:
        _inside.set(True)
        try:
            yield from reversed(computed_nodes(self.node)[1:])
        finally:
            _inside.set(False)


def _reduce(node: Value) -> tuple[Any, ...]:
    older = None if _inside.get() else _Older(node)
    made = (node.data, node.op, node._operands, node._local_gradients)
    return _restore, (older, made, node.grad, node.label)


def _restore(_older: object, made: tuple[Any, ...], grad: float, label: str) -> Value:
    """Make the node again; its operands were made before, so they are older again."""
    node = Value(0.0, label)
    node.data, node.op, node._operands, node._local_gradients = made
    node.grad = grad
    return node


copyreg.pickle(Value, _reduce)
