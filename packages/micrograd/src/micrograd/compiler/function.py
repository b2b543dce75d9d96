"""Compiled functions: traced at their first call, from then on NumPy."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import update_wrapper
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from micrograd.compiler.arguments import Argument, Slot, batched_argument, shared_argument
from micrograd.compiler.graph import Graph, Leaf
from micrograd.compiler.source import Program, Reduce, write_program
from micrograd.compiler.tracing import tracing
from micrograd.engine import Value
from micrograd.errors import InputError, ShapeError, TraceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST_KEPT = 32  # programs per function; each keeps its modules alive


@dataclass
class _Kept:
    """A program for arguments of certain kinds."""

    graph: Graph
    slots: list[Slot]
    program: Program
    by_parts: Program | None
    items: list[Any]
    """The arguments of the trace: while we hold a module, its id means no other."""


class CompiledFunction:
    """A scalar function as NumPy code; see `compile`."""

    def __init__(
        self,
        function: Callable[..., Any],
        batched: Sequence[str],
        wrt: Sequence[str],
        reduce: Reduce,
    ) -> None:
        update_wrapper(self, function)
        self._function = function
        self._name = getattr(function, "__name__", type(function).__name__)
        self._signature = _signature(function, self._name)
        self._names = list(self._signature.parameters)
        for name in (*batched, *wrt):
            if name not in self._names:
                raise InputError(
                    f"{self._name} has no argument {name!r}; it has {', '.join(self._names)}"
                )
        if reduce not in {"mean", "sum", "none"}:
            raise InputError(f"reduce must be mean, sum or none, got {reduce!r}")
        shared = [name for name in self._names if name not in batched]
        self._batched = frozenset(batched)
        self._wrt = frozenset(wrt or shared or self._names)
        self._reduce: Reduce = reduce
        self._kept: dict[Any, _Kept] = {}
        self._latest: _Kept | None = None
        self._lock = Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value."""
        arguments = self._read(args, kwargs)
        with np.errstate(all="ignore"):
            return self._program(arguments).program.forward(*[a.numbers for a in arguments])[0]

    def value_and_grad(self, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and its derivatives by the name of the argument.

        Each has the argument's own shape: a float for a number, (n,) for a module or a sequence.
        """
        arguments = self._read(args, kwargs)
        value, gradients = self._compute(arguments)
        return value, {
            name: argument.gradient(gradients[name])
            for name, argument in zip(self._names, arguments, strict=True)
            if name in gradients
        }

    def backward(self, *args: Any, **kwargs: Any) -> Any:
        """Add the derivatives to the ``grad`` of the Values in the arguments; return the value."""
        arguments = self._read(args, kwargs)
        value, gradients = self._compute(arguments)
        for name, argument in zip(self._names, arguments, strict=True):
            if name in gradients and not argument.batched:
                for leaf, gradient in zip(argument.values, gradients[name].flat, strict=True):
                    if isinstance(leaf, Value):
                        leaf.grad += float(gradient)
        return value

    @property
    def source(self) -> str:
        """The code that ran, or was made, last."""
        if self._latest is None:
            raise TraceError(f"{self._name} has no code yet: it is traced when it is first called")
        return self._latest.program.source

    # --- one call --------------------------------------------------------------------------------

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Argument]:
        """Return all arguments in order; the batched ones agree on the number of rows."""
        if kwargs or len(args) != len(self._names):
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args = tuple(bound.arguments.values())
        arguments = []
        rows: dict[str, int] = {}
        for name, item in zip(self._names, args, strict=True):
            if name in self._batched:
                argument = batched_argument(name, item)
                rows[name] = argument.numbers.shape[1]
            else:
                argument = shared_argument(name, item)
            arguments.append(argument)
        if len(set(rows.values())) > 1:
            raise ShapeError(f"the batched arguments differ in their number of rows: {rows}")
        return arguments

    def _compute(self, arguments: list[Argument]) -> tuple[Any, dict[str, Any]]:
        """Return the value, and the gradients as the program gives them."""
        kept = self._program(arguments)
        numbers = [argument.numbers for argument in arguments]
        with np.errstate(all="ignore"):
            value, saved = kept.program.forward(*numbers)
            gradients = kept.program.backward(saved)
            if kept.program.has_cuts and not all(np.isfinite(g).all() for g in gradients):
                gradients = self._by_parts(kept).backward(saved)
        taking = [slot.name for slot in kept.slots if slot.takes_gradient]
        return value, dict(zip(taking, gradients, strict=True))

    # --- programs --------------------------------------------------------------------------------

    def _program(self, arguments: list[Argument]) -> _Kept:
        key = tuple([argument.kind for argument in arguments])
        kept = self._kept.get(key)
        if kept is None:
            kept = self._trace(arguments)
            with self._lock:
                self._kept[key] = kept
                while len(self._kept) > _MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        self._latest = kept
        return kept

    def _trace(self, arguments: list[Argument]) -> _Kept:
        slots = [
            Slot(name, len(argument.numbers), argument.batched, name in self._wrt)
            for name, argument in zip(self._names, arguments, strict=True)
        ]
        leaves: dict[Value, Leaf] = {}
        inputs = []
        for i, (argument, slot) in enumerate(zip(arguments, slots, strict=True)):
            item, traced = argument.traced()
            inputs.append(item)
            leaves.update(
                {x: Leaf(i, j, slot.batched, slot.takes_gradient) for j, x in enumerate(traced)}
            )
        begin = Value(0.0)
        with tracing() as guards:
            output = self._function(*inputs)
        if not isinstance(output, Value):
            raise TraceError(f"{self._name} must return one Value, got a {type(output).__name__}")
        graph = Graph(output, guards, leaves, begin)
        program = write_program(self._name, graph, slots, self._reduce)
        return _Kept(graph, slots, program, None, [a.item for a in arguments])

    def _by_parts(self, kept: _Kept) -> Program:
        if kept.by_parts is None:
            kept.by_parts = write_program(
                self._name, kept.graph, kept.slots, self._reduce, by_parts=True
            )
        return kept.by_parts


def _signature(function: Callable[..., Any], name: str) -> inspect.Signature:
    """Return the arguments that are traced: all but those that `functools.partial` has set."""
    traced = []
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        if parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}:
            traced.append(parameter)
        elif parameter.kind != parameter.KEYWORD_ONLY or parameter.default is parameter.empty:
            raise InputError(
                f"{name} cannot be compiled: {parameter} is not one argument that is passed by "
                "position; write a function that takes each argument by its name"
            )
    return signature.replace(parameters=traced)


@overload
def compile(  # noqa: A001  # see below
    function: Callable[..., Any],
    *,
    batched: str | Sequence[str] = (),
    wrt: str | Sequence[str] = (),
    reduce: Reduce = "mean",
) -> CompiledFunction: ...
@overload
def compile(  # noqa: A001  # see below
    *,
    batched: str | Sequence[str] = (),
    wrt: str | Sequence[str] = (),
    reduce: Reduce = "mean",
) -> Callable[[Callable[..., Any]], CompiledFunction]: ...
def compile(  # noqa: A001  # the name in PyTorch, and the field's
    function: Callable[..., Any] | None = None,
    *,
    batched: str | Sequence[str] = (),
    wrt: str | Sequence[str] = (),
    reduce: Reduce = "mean",
) -> Any:
    """Compile a scalar function; also a decorator, with or without arguments.

    The function is traced at the first call for each kind of arguments (shapes, modules): it runs
    once on Values, and the graph becomes straight-line NumPy code, forward and backward. What it
    reads besides its arguments, such as a global or a random number, stays as it was then.

    Args:
        function: It takes numbers, Values, modules, arrays or sequences of these, and returns one
            Value. It may branch on Values: a later call whose numbers would take another branch
            raises a `TraceError` instead of following the wrong one.
        batched: The arguments that are arrays with one row per sample, axis 0; the function gets
            one row.
        wrt: The arguments to differentiate by; by default all that are not batched, or all if
            every one is.
        reduce: What becomes of the values of the rows: their mean, their sum, or ``"none"``: an
            array of one value per row, whose gradients are those of the sum.

    Raises:
        InputError: The function has no such argument, or `reduce` is none of the three.
    """

    def decorate(function: Callable[..., Any]) -> CompiledFunction:
        return CompiledFunction(function, _tuple(batched), _tuple(wrt), reduce)

    return decorate if function is None else decorate(function)


def _tuple(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
