"""A scalar autograd engine and neural-network library that a person reads in an evening."""

from micrograd import pickling as _pickling  # noqa: F401  # teaches pickle and copy about Value
from micrograd.engine import Value, no_grad
from micrograd.errors import DrawingError, InputError, MicrogradError, ShapeError, ValueTypeError
from micrograd.functions import dot, linear, maximum, minimum, sum_values
from micrograd.gradients import grad, hessian_vector
from micrograd.nn import MLP, Layer, Module, Neuron
from micrograd.optim import SGD, Adam

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
    "dot",
    "grad",
    "hessian_vector",
    "linear",
    "maximum",
    "minimum",
    "no_grad",
    "sum_values",
]
