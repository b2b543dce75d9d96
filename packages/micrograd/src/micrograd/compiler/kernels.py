"""Each operation in NumPy: the text of its line of code, and those of its gradients.

In the texts ``{a}`` and ``{b}`` are the operands, ``{z}`` the result and ``{d}`` the gradient of
the result. They say exactly what `operations` says of floats, special cases included. An operand
with no text takes no gradient at all.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Kernel(NamedTuple):
    """The line that computes an operation, and the gradient of each operand."""

    forward: str
    backward: tuple[str | None, ...]


# Powers are NumPy's float_power: its power takes sqrt for an exponent of 0.5, which differs from
# Python's at -inf (nan, not inf) and at -0.0.
KERNELS = {
    "+": Kernel("{a} + {b}", ("{d}", "{d}")),
    "-": Kernel("{a} - {b}", ("{d}", "-{d}")),
    "*": Kernel("{a} * {b}", ("{d} * {b}", "{d} * {a}")),
    "/": Kernel("{a} / {b}", ("{d} * (1.0 / {b})", "{d} * -({z} / {b})")),
    "**": Kernel(
        "float_power({a}, {b})",
        ("{d} * power_by_base({a}, {b})", "{d} * power_by_exponent({z}, {a}, {b})"),
    ),
    "**number": Kernel("float_power({a}, {b})", ("{d} * ({b} * float_power({a}, {b} - 1.0))",)),
    "neg": Kernel("-{a}", ("-{d}",)),
    "abs": Kernel("abs({a})", ("{d} * abs_slope({a})",)),
    "exp": Kernel("exp({a})", ("{d} * {z}",)),
    "log": Kernel("log({a})", ("{d} * (1.0 / {a})",)),
    "sqrt": Kernel("sqrt({a})", ("{d} * (0.5 / {z})",)),
    "sin": Kernel("sin({a})", ("{d} * cos({a})",)),
    "cos": Kernel("cos({a})", ("{d} * -sin({a})",)),
    "tanh": Kernel("tanh({a})", ("{d} * (1.0 - {z} * {z})",)),
    "sigmoid": Kernel("sigmoid({a})", ("{d} * ({z} * (1.0 - {z}))",)),
    "softplus": Kernel("softplus({a})", ("{d} * sigmoid({a})",)),
    "erf": Kernel("erf({a})", ("{d} * erf_slope({a})",)),
    "gelu": Kernel("gelu({a})", ("{d} * gelu_slope({a})",)),
    "relu": Kernel("maximum({a}, 0.0)", ("where({a} <= 0.0, 0.0, {d})",)),
    "leaky_relu": Kernel(
        "where({a} > 0.0, {a}, {a} * {b})", ("{d} * where({a} > 0.0, 1.0, {b})", None)
    ),
    "maximum": Kernel("maximum({a}, {b})", ("share({a}, {b}, {d})", "share({b}, {a}, {d})")),
    "minimum": Kernel("minimum({a}, {b})", ("share({b}, {a}, {d})", "share({a}, {b}, {d})")),
    "detach": Kernel("{a}", (None,)),
}
# Where the exponent is known, the general power is slow and says little.
POWERS = {
    0.0: Kernel("float_power({a}, 0.0)", (None,)),
    2.0: Kernel("{a} * {a}", ("{d} * (2.0 * {a})",)),
}


def abs_slope(x: Array) -> Array:
    """Return the derivative of `abs`: 0 at 0, and at nan."""
    return np.where(np.isnan(x), 0.0, np.sign(x))


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x), written so that neither end overflows."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)


def softplus(x: Array) -> Array:
    """Return log(1 + e^x), written so that it neither overflows nor loses digits."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def power_by_base(a: Array, b: Array) -> Array:
    """Return the derivative of ``a ** b`` by a."""
    return np.where(b == 0.0, 0.0, b * np.float_power(a, b - 1.0))


def power_by_exponent(z: Array, a: Array, b: Array) -> Array:
    """Return the derivative of ``z = a ** b`` by b."""
    return np.where((a == 0.0) & (b >= 0.0), 0.0, z * np.log(a))


def share(a: Array, b: Array, d: Array) -> Array:
    """Return a's share of the gradient of ``maximum(a, b)``, and b's of ``minimum(a, b)``."""
    passes = (a > b) | np.isnan(a) | np.isnan(b)
    return np.where(passes, d, np.where(a == b, 0.5 * d, 0.0))


_erf = np.frompyfunc(math.erf, 1, 1)  # NumPy has none; this calls Python's once per number
_erfc = np.frompyfunc(math.erfc, 1, 1)


def erf(x: Array) -> Array:
    """Return the error function."""
    return _floats(_erf(x))


def erf_slope(x: Array) -> Array:
    """Return the derivative of `erf`."""
    return 2.0 / math.sqrt(math.pi) * np.exp(-x * x)


def gelu(x: Array) -> Array:
    """Return x · Φ(x), with the exact normal distribution Φ."""
    return x * _normal(x)


def gelu_slope(x: Array) -> Array:
    """Return the derivative of `gelu`."""
    return _normal(x) + x * (1.0 / math.sqrt(2.0 * math.pi) * np.exp(-0.5 * x * x))


def _normal(x: Array) -> Array:
    return 0.5 * _floats(_erfc(-x * math.sqrt(0.5)))


def _floats(x: Any) -> Array:
    return np.asarray(x, dtype=np.float64)


def weights_by_parts(d: Array, x: Array, cut: Array) -> Array:
    """Return ``d @ x.T`` without the products of neurons that relu cut off.

    Those are zeros, unless an input is infinite or nan: a neuron that was cut off then passes
    nothing on, while 0 * inf is nan. Shapes (neurons, rows), (inputs, rows), (neurons, rows).
    """
    return np.stack([np.where(c, 0.0, e * x).sum(axis=1) for e, c in zip(d, cut, strict=True)])


def inputs_by_parts(w: Array, d: Array, cut: Array) -> Array:
    """Return ``w.T @ d`` likewise. Shapes (neurons, inputs), (neurons, rows), (neurons, rows)."""
    total = np.zeros((w.shape[1], d.shape[1]))
    for v, e, c in zip(w, d, cut, strict=True):
        total += np.where(c, 0.0, np.outer(v, e))
    return total
