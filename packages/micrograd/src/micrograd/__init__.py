"""A scalar autograd engine and neural-network library that a person reads in an evening."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from micrograd import pickling as _pickling  # noqa: F401  # teaches pickle and copy about Value
from micrograd.checking import gradcheck
from micrograd.engine import Value, no_grad
from micrograd.errors import DrawingError, InputError, MicrogradError, ShapeError, ValueTypeError
from micrograd.functions import dot, linear, maximum, minimum, sum_values
from micrograd.gradients import grad, hessian_vector
from micrograd.nn import MLP, Layer, Module, Neuron
from micrograd.optim import SGD, Adam

if TYPE_CHECKING:
    from micrograd.pictures.animation import animate_boundary
    from micrograd.pictures.drawing import draw
    from micrograd.pictures.plots import plot_boundary

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "DrawingError",
    "InputError",
    "Layer",
    "MicrogradError",
    "Module",
    "Neuron",
    "ShapeError",
    "Value",
    "ValueTypeError",
    "animate_boundary",
    "dot",
    "draw",
    "grad",
    "gradcheck",
    "hessian_vector",
    "linear",
    "maximum",
    "minimum",
    "no_grad",
    "plot_boundary",
    "sum_values",
]

# Pictures load graphviz and matplotlib, which takes longer than the rest: only when asked for.
_PICTURES = {
    "animate_boundary": "micrograd.pictures.animation",
    "draw": "micrograd.pictures.drawing",
    "plot_boundary": "micrograd.pictures.plots",
}


def __getattr__(name: str) -> Any:
    if name in _PICTURES:
        return getattr(import_module(_PICTURES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
