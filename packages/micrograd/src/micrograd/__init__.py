"""A scalar autograd engine and neural-network library that a person reads in an evening."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from micrograd import pickling as _pickling  # noqa: F401  # teaches pickle and copy about Value
from micrograd.checking import gradcheck
from micrograd.engine import Value, no_grad
from micrograd.errors import (
    DrawingError,
    InputError,
    MicrogradError,
    ShapeError,
    TraceError,
    ValueTypeError,
)
from micrograd.functions import dot, linear, maximum, minimum, sum_values
from micrograd.gradients import grad, hessian_vector
from micrograd.nn import MLP, Layer, Module, Neuron
from micrograd.optim import SGD, Adam

if TYPE_CHECKING:
    from micrograd.compiler.arguments import FlatParameters
    from micrograd.compiler.function import CompiledFunction, compile  # noqa: A004  # as in PyTorch
    from micrograd.pictures.animation import animate_boundary
    from micrograd.pictures.drawing import draw
    from micrograd.pictures.plots import plot_boundary

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "CompiledFunction",
    "DrawingError",
    "FlatParameters",
    "InputError",
    "Layer",
    "MicrogradError",
    "Module",
    "Neuron",
    "ShapeError",
    "TraceError",
    "Value",
    "ValueTypeError",
    "animate_boundary",
    "compile",
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

# Loaded when asked for: NumPy, matplotlib and graphviz take longer to import than all the rest.
_LAZY = {
    "CompiledFunction": "micrograd.compiler.function",
    "FlatParameters": "micrograd.compiler.arguments",
    "animate_boundary": "micrograd.pictures.animation",
    "compile": "micrograd.compiler.function",
    "draw": "micrograd.pictures.drawing",
    "plot_boundary": "micrograd.pictures.plots",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
