"""What each operation computes: one row of `OPERATIONS` per operation, on plain floats.

A row holds two functions.

``forward(*data)`` takes the operands' floats and returns the result with the local gradients, the
derivative of the result by each operand at that point. The engine stores them with the node, so
that a backward pass only multiplies and adds.

``derivatives(z, *operands)`` gives the same local gradients once more, but as expressions over
`Value` objects, ``z`` being the result's node. Only ``grad(..., create_graph=True)`` asks for
them: being Values they can be differentiated again. A float among them is a constant.

Three conventions hold in all rows:

* Floats obey IEEE 754. Python raises on ``1/0``, ``log(0)`` or an overflow; here they give inf or
  nan, as C and PyTorch do.
* A local gradient that is missing at the end of the tuple means that its operand takes no gradient
  at all, whatever comes from above. That is not the same as 0.0, because ``0.0 * inf`` is nan.
* At a kink: relu'(0) = 0, leaky_relu'(0) = slope, abs'(0) = 0, and equal operands of ``maximum``
  or ``minimum`` take one half each. These are PyTorch's choices.

Who walks a graph meets these names in ``node.op``. Operands are in the order written, except:
``**number`` is a power whose exponent was a plain number: operands (base, exponent), and the
exponent takes no gradient; ``leaky_relu`` has operands (x, slope), and the slope takes none;
``maximum`` and ``minimum`` have the one that won first. Besides there are ``sum``, and the neurons
``dot`` and ``dot_relu`` (see `functions`), whose local gradients need no row; a leaf's op is "".
"""

from __future__ import annotations

import math
from math import inf, nan
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from micrograd.engine import Value

Locals = tuple[float, ...]


class Operation(NamedTuple):
    """One operation: its floats, and its local gradients as expressions."""

    forward: Callable[..., tuple[float, Locals]]
    derivatives: Callable[..., tuple[Value | float, ...]]


# --- arithmetic ---------------------------------------------------------------------------------


def divide(a: float, b: float) -> float:
    """Return ``a / b``, where a division by zero gives inf or nan."""
    if b:
        return a / b
    return nan if a == 0.0 or math.isnan(a) else math.copysign(inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """Return C's ``pow(a, b)``: real, so a negative base with a broken exponent gives nan."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -inf if a < 0.0 and b % 2.0 == 1.0 else inf
    except ValueError:
        if a:
            return nan
        return math.copysign(inf, a) if b % 2.0 == 1.0 else inf


def _div(a: float, b: float) -> tuple[float, Locals]:
    z = divide(a, b)
    return z, (divide(1.0, b), -divide(z, b))


def _pow(a: float, b: float) -> tuple[float, Locals]:
    z = power(a, b)
    by_base = 0.0 if b == 0.0 else b * power(a, b - 1.0)
    by_exponent = 0.0 if a == 0.0 and b >= 0.0 else z * log(a)
    return z, (by_base, by_exponent)


def _pow_derivatives(z: Value, a: Value, b: Value) -> tuple[Value | float, ...]:
    by_base = 0.0 if b.data == 0.0 else b * a ** (b - 1.0)
    by_exponent = 0.0 if a.data == 0.0 and b.data >= 0.0 else z * a.log()
    return by_base, by_exponent


def _pow_number(a: float, b: float) -> tuple[float, Locals]:
    """``a ** b`` with a plain number as exponent, which takes no gradient."""
    return power(a, b), (() if b == 0.0 else (b * power(a, b - 1.0),))


def _pow_number_derivatives(_z: Value, a: Value, b: Value) -> tuple[Value | float, ...]:
    return (0.0 if b.data == 0.0 else b.data * a ** (b.data - 1.0),)


# --- functions of one number --------------------------------------------------------------------


def exp(x: float) -> float:
    """Return e to the x; inf where that is too large for a float."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def log(x: float) -> float:
    """Return the natural logarithm: -inf at 0, nan below."""
    if x > 0.0:
        return math.log(x)
    return -inf if x == 0.0 else nan


def _sqrt(x: float) -> tuple[float, Locals]:
    z = math.sqrt(x) if x >= 0.0 else nan
    return z, (divide(0.5, z),)


def _sin(x: float) -> tuple[float, Locals]:
    return (math.sin(x), (math.cos(x),)) if math.isfinite(x) else (nan, (nan,))


def _cos(x: float) -> tuple[float, Locals]:
    return (math.cos(x), (-math.sin(x),)) if math.isfinite(x) else (nan, (nan,))


def _exp(x: float) -> tuple[float, Locals]:
    z = exp(x)
    return z, (z,)


def _tanh(x: float) -> tuple[float, Locals]:
    z = math.tanh(x)
    return z, (1.0 - z * z,)


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e^-x), written so that neither end overflows."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = exp(x)
    return e / (1.0 + e)


def _sigmoid(x: float) -> tuple[float, Locals]:
    z = sigmoid(x)
    return z, (z * (1.0 - z),)


def softplus(x: float) -> float:
    """Return log(1 + e^x), written so that it neither overflows nor loses digits."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x))) if not math.isnan(x) else nan


_HALF_SQRT = math.sqrt(0.5)
_ERF_SLOPE = 2.0 / math.sqrt(math.pi)
_NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)


def _gelu(x: float) -> tuple[float, Locals]:
    """Return x · Φ(x), with the exact normal distribution Φ (not the tanh approximation)."""
    below = 0.5 * math.erfc(-x * _HALF_SQRT)
    return x * below, (below + x * (_NORMAL_PEAK * math.exp(-0.5 * x * x)),)


def _gelu_derivatives(_z: Value, x: Value) -> tuple[Value | float, ...]:
    below = 0.5 * (1.0 + (x * _HALF_SQRT).erf())
    return (below + x * (_NORMAL_PEAK * (-0.5 * x * x).exp()),)


def _abs(x: float) -> tuple[float, Locals]:
    return abs(x), (float((x > 0.0) - (x < 0.0)),)


def _relu(x: float) -> tuple[float, Locals]:
    return (0.0, ()) if x <= 0.0 else (x, (1.0,))


def _leaky_relu(x: float, slope: float) -> tuple[float, Locals]:
    return (x, (1.0,)) if x > 0.0 else (x * slope, (slope,))


def _maximum(winner: float, loser: float) -> tuple[float, Locals]:
    """The engine passes the operand that wins first; the other takes no gradient."""
    if winner == loser:
        return winner, (0.5, 0.5)
    if math.isnan(winner) or math.isnan(loser):
        return nan, (1.0, 1.0)
    return winner, (1.0,)


def _constants(z: Value, *_operands: Value) -> tuple[Value | float, ...]:
    """Return the stored local gradients: the operation is linear, or piecewise so."""
    return z.local_gradients


OPERATIONS: dict[str, Operation] = {
    "+": Operation(lambda a, b: (a + b, (1.0, 1.0)), _constants),
    "-": Operation(lambda a, b: (a - b, (1.0, -1.0)), _constants),
    "*": Operation(lambda a, b: (a * b, (b, a)), lambda _z, a, b: (b, a)),
    "/": Operation(_div, lambda z, _a, b: (1.0 / b, -(z / b))),
    "**": Operation(_pow, _pow_derivatives),
    "**number": Operation(_pow_number, _pow_number_derivatives),
    "neg": Operation(lambda x: (-x, (-1.0,)), _constants),
    "abs": Operation(_abs, _constants),
    "exp": Operation(_exp, lambda z, _x: (z,)),
    "log": Operation(lambda x: (log(x), (divide(1.0, x),)), lambda _z, x: (1.0 / x,)),
    "sqrt": Operation(_sqrt, lambda z, _x: (0.5 / z,)),
    "sin": Operation(_sin, lambda _z, x: (x.cos(),)),
    "cos": Operation(_cos, lambda _z, x: (-x.sin(),)),
    "tanh": Operation(_tanh, lambda z, _x: (1.0 - z * z,)),
    "sigmoid": Operation(_sigmoid, lambda z, _x: (z * (1.0 - z),)),
    "softplus": Operation(lambda x: (softplus(x), (sigmoid(x),)), lambda _z, x: (x.sigmoid(),)),
    "erf": Operation(
        lambda x: (math.erf(x), (_ERF_SLOPE * math.exp(-x * x),)),
        lambda _z, x: (_ERF_SLOPE * (-(x * x)).exp(),),
    ),
    "gelu": Operation(_gelu, _gelu_derivatives),
    "relu": Operation(_relu, _constants),
    "leaky_relu": Operation(_leaky_relu, _constants),
    "maximum": Operation(_maximum, _constants),
    "minimum": Operation(_maximum, _constants),
}
