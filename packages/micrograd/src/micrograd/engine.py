"""The autograd engine: a `Value` is a number that remembers how it was computed.

Each operation makes one node. A node holds its number (``data``), its gradient (``grad``), the
nodes it was made from (``operands``), and, for each of those, the derivative of its own number by
theirs (``local_gradients``, floats worked out together with the number). That is all the chain rule
needs: ``backward()`` visits the nodes from the newest to the oldest, and adds ``local_gradient
* grad`` to the gradient of each operand.

Why it is built so:

* *Floats are stored, not closures.* A node refers only to older nodes, so there are no reference
  cycles: a finished step is freed at once, Python's cycle collector finds nothing to do, and nodes
  can be pickled and copied.
* *Age gives the order.* An operand is older than every node made from it, so newest to oldest is a
  topological order. There is no recursion: memory is the only limit on depth. And the order of
  additions is fixed: the same program gives the same bits.
* *Nodes are wide.* A neuron is one ``dot`` node (``dot_relu`` with its activation), not dozens of
  ``*`` and ``+`` nodes; neurons of a layer share the tuple of their inputs.
* *The price.* Local gradients are worked out even if nobody calls ``backward()``; `no_grad` turns
  that off. Gradients of gradients need them as expressions: `gradients.grad` builds these on
  request, from the table in `operations`.

The ``grad`` of a leaf adds up over calls of ``backward()`` until it is set to zero. The ``grad`` of
a computed node is that of the last call. Setting ``data`` changes no node that was made before.
"""

from __future__ import annotations

import operator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from micrograd.errors import ValueTypeError
from micrograd.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A neuron keeps its operands as (tuple of weights, tuple of inputs, bias or None), and its local
# gradients as two lists, the numbers of (weights, inputs), or as () where relu cut it off.
# `Value.operands` and `Value.local_gradients` show them flat, as those of any other node.
NEURONS = frozenset({"dot", "dot_relu"})

_new_value = object.__new__
_next_age = count().__next__
_age = operator.attrgetter("_age")


class Value:
    """A number in a computation, and the gradient of a result by it.

    Args:
        data: Any real number; kept as a float.
        label: A name, for drawings.

    Raises:
        ValueTypeError: `data` is no real number.
    """

    __slots__ = ("_age", "_local_gradients", "_operands", "data", "grad", "label", "op")
    __array_ufunc__ = None  # `np.float64(2) * v` is a Value, not an array that holds one

    def __init__(self, data: float, label: str = "") -> None:
        self.data = data if data.__class__ is float else _as_float(data)
        self.grad = 0.0
        self.label = label
        self.op = ""
        self._operands: tuple[Any, ...] = ()
        self._local_gradients: tuple[Any, ...] = ()
        self._age = _next_age()

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data!r}, grad={self.grad!r}{label})"

    @property
    def operands(self) -> tuple[Value, ...]:
        """The nodes that this one was computed from; empty for a leaf.

        A neuron has its n weights, then its n inputs, then its bias if there is one.
        """
        if self.op not in NEURONS:
            return self._operands
        weights, inputs, bias = self._operands
        return (*weights, *inputs) if bias is None else (*weights, *inputs, bias)

    @property
    def local_gradients(self) -> tuple[float, ...]:
        """The derivative of this node by each operand, in order.

        It may be shorter than `operands`: those left out at the end take no gradient.
        """
        if self.op not in NEURONS or not self._local_gradients:
            return self._local_gradients
        weights, inputs = self._local_gradients
        return (*inputs, *weights) if self._operands[2] is None else (*inputs, *weights, 1.0)

    # --- gradients --------------------------------------------------------------------------------

    def backward(self) -> None:
        """Add the derivative of this number by every leaf to that leaf's ``grad``.

        The ``grad`` of every computed node is set to the derivative by it.
        """
        nodes = computed_nodes(self)
        for node in nodes:
            node.grad = 0.0
        self.grad += 1.0
        for node in nodes:
            grad = node.grad
            if node.op not in NEURONS:
                for operand, local in zip(node._operands, node._local_gradients, strict=False):
                    operand.grad += local * grad
            # A finite result has finite operands, to which a gradient of 0 would only add 0.
            elif grad or not isfinite(node.data):
                _backward_neuron(node, grad)

    def zero_grad(self) -> None:
        """Set ``grad`` to zero on this node and on all that it was computed from."""
        for node in graph_nodes(self):
            node.grad = 0.0

    def detach(self) -> Value:
        """Return a new leaf with the same number, through which no gradient passes."""
        return Value(self.data, self.label)

    # --- arithmetic; `operations` says what each operation computes -------------------------------

    def __add__(self, other: Value | float) -> Value:
        return _binary("+", self, other)

    def __radd__(self, other: float) -> Value:
        return _binary("+", other, self)

    def __sub__(self, other: Value | float) -> Value:
        return _binary("-", self, other)

    def __rsub__(self, other: float) -> Value:
        return _binary("-", other, self)

    def __mul__(self, other: Value | float) -> Value:
        return _binary("*", self, other)

    def __rmul__(self, other: float) -> Value:
        return _binary("*", other, self)

    def __truediv__(self, other: Value | float) -> Value:
        return _binary("/", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return _binary("/", other, self)

    def __pow__(self, other: Value | float) -> Value:
        return _binary("**" if isinstance(other, Value) else "**number", self, other)

    def __rpow__(self, other: float) -> Value:
        return _binary("**", other, self)

    def __neg__(self) -> Value:
        return apply("neg", self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return apply("abs", self)

    # --- functions --------------------------------------------------------------------------------

    def exp(self) -> Value:
        """Return e to this power."""
        return apply("exp", self)

    def log(self) -> Value:
        """Return the natural logarithm."""
        return apply("log", self)

    def sqrt(self) -> Value:
        """Return the square root."""
        return apply("sqrt", self)

    def sin(self) -> Value:
        """Return the sine."""
        return apply("sin", self)

    def cos(self) -> Value:
        """Return the cosine."""
        return apply("cos", self)

    def tanh(self) -> Value:
        """Return the hyperbolic tangent."""
        return apply("tanh", self)

    def erf(self) -> Value:
        """Return the error function."""
        return apply("erf", self)

    def sigmoid(self) -> Value:
        """Return 1 / (1 + e^-x)."""
        return apply("sigmoid", self)

    def softplus(self) -> Value:
        """Return log(1 + e^x)."""
        return apply("softplus", self)

    def relu(self) -> Value:
        """Return x above 0, and 0 below."""
        return apply("relu", self)

    def leaky_relu(self, slope: float = 0.01) -> Value:
        """Return x above 0, and ``slope * x`` below."""
        return apply("leaky_relu", self, Value(slope))

    def gelu(self) -> Value:
        """Return x times the standard normal distribution's Φ(x), in its exact form."""
        return apply("gelu", self)

    # --- looking at the number: no gradient passes through the answer -----------------------------

    def __lt__(self, other: Value | float) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Value | float) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Value | float) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Value | float) -> bool:
        return _compare(operator.ge, self, other)

    def __eq__(self, other: object) -> bool:
        return _compare(operator.eq, self, other)

    __hash__ = object.__hash__  # equal numbers in different nodes stay different keys

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __float__(self) -> float:
        return self.data


# What computed nodes are made as, in this thread; None makes leaves.
node_class: ContextVar[type[Value] | None] = ContextVar("node_class", default=Value)


@contextmanager
def no_grad() -> Iterator[None]:
    """Make leaves only, in this thread, while the block runs: faster, and nothing is kept."""
    token = node_class.set(None)
    try:
        yield
    finally:
        node_class.reset(token)


# --- walking the graph ---------------------------------------------------------------------------


def graph_nodes(root: Value) -> list[Value]:
    """Return `root` and all that it was computed from, newest first: users before operands."""
    return sorted(
        {root, *(x for node in computed_nodes(root) for x in node.operands)},
        key=_age,
        reverse=True,
    )


def computed_nodes(root: Value) -> list[Value]:
    """Return the nodes of the graph that have operands, newest first.

    A neuron's weights and inputs are tuples that it shares with other neurons. A tuple that was
    searched is not searched again; otherwise that would take most of the time of a training step.
    """
    found = [root] if root._operands else []
    seen = set(found)
    seen_tuples: set[int] = set()
    for node in found:  # grows while we walk it
        operands = node._operands
        if node.op in NEURONS:
            weights, inputs, bias = operands
            operands = () if bias is None or not bias._operands else (bias,)
            if id(weights) not in seen_tuples:
                seen_tuples.add(id(weights))
                operands += weights
            if id(inputs) not in seen_tuples:
                seen_tuples.add(id(inputs))
                operands += inputs
        for operand in operands:
            if operand._operands and operand not in seen:
                seen.add(operand)
                found.append(operand)
    found.sort(key=_age, reverse=True)
    return found


def _backward_neuron(node: Value, grad: float) -> None:
    if not node._local_gradients:
        return
    weights, inputs, bias = node._operands
    pairs = zip(weights, inputs, *node._local_gradients, strict=True)
    for weight, x, w_data, x_data in pairs:
        weight.grad += x_data * grad
        x.grad += w_data * grad
    if bias is not None:
        bias.grad += grad


# --- making nodes --------------------------------------------------------------------------------


def make_node(
    data: float, op: str, operands: tuple[Any, ...], local_gradients: tuple[Any, ...]
) -> Value:
    """Return a computed node, or a leaf under `no_grad`."""
    made_as = node_class.get()
    node = _new_value(made_as or Value)
    node.data = data
    node.grad = 0.0
    node.label = ""
    node._age = _next_age()
    if made_as:
        node.op = op
        node._operands = operands
        node._local_gradients = local_gradients
    else:
        node.op = ""
        node._operands = node._local_gradients = ()
    return node


def apply(op: str, *operands: Value) -> Value:
    """Return the node of one of the `operations.OPERATIONS`."""
    data, local_gradients = OPERATIONS[op].forward(*[operand.data for operand in operands])
    return make_node(data, op, operands, local_gradients)


def _binary(op: str, a: Any, b: Any) -> Value:
    """Apply `op` to two Values, one of which may be a number."""
    if not isinstance(a, Value):
        if not isinstance(a, (float, int, Real)):
            return cast("Value", NotImplemented)  # Python then asks the other operand
        a = Value(float(a))
    if not isinstance(b, Value):
        if not isinstance(b, (float, int, Real)):
            return cast("Value", NotImplemented)
        b = Value(float(b))
    data, local_gradients = OPERATIONS[op].forward(a.data, b.data)
    return make_node(data, op, (a, b), local_gradients)


def _compare(relation: Callable[[float, float], bool], a: Value, b: Any) -> bool:
    if not isinstance(b, (Value, float, int, Real)):
        return cast("bool", NotImplemented)
    return relation(a.data, b.data if isinstance(b, Value) else float(b))


def _as_float(x: object) -> float:
    if isinstance(x, Real):
        return float(x)
    raise ValueTypeError(f"expected a real number, got {x!r} ({type(x).__name__})")
