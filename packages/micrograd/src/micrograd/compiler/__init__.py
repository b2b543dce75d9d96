"""Compiled mode: a scalar function, traced once, becomes NumPy code for a batch of rows."""

from micrograd.compiler.arguments import FlatParameters
from micrograd.compiler.function import CompiledFunction, compile  # noqa: A004  # the name in PyTorch

__all__ = ["CompiledFunction", "FlatParameters", "compile"]
