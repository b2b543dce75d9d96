"""Tracing: run a function once on Values that watch what happens to them.

A `Traced` value computes as any other Value does, so a function written for the engine needs no
change. Two things differ, because the graph will be replayed with other numbers:

* A comparison, or a test such as ``if v:``, is kept as a `Guard`. Replaying checks that each row
  of numbers gives the same answer; otherwise the function would have built another graph.
* Taking the number out (``v.data``, ``float(v)``) is refused. What is computed from it outside the
  engine would be frozen in the graph, and wrong for all other numbers.
"""

from __future__ import annotations

import linecache
import operator
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from micrograd.engine import Value, make_node, node_class
from micrograd.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Where a node's number is read to compute another node.
_ENGINE = frozenset({"micrograd.engine", "micrograd.functions"})
_slot = vars(Value)["data"]


class Guard(NamedTuple):
    """A comparison that the function made, and its answer."""

    relation: str
    """lt, le, gt, ge, eq or ne."""
    left: Value
    right: Value
    answer: bool
    where: str
    """The line of code that compares, with its file and number."""


_guards: ContextVar[list[Guard] | None] = ContextVar("guards", default=None)


class Traced(Value):
    """A Value that knows that it will be replayed with other numbers."""

    __slots__ = ()

    @property
    def data(self) -> float:
        """The number, for the engine only."""
        caller = sys._getframe(1)
        if caller.f_globals.get("__name__") not in _ENGINE:
            _refuse("reading .data", _line_of(caller))
        if node_class.get() is None:
            _refuse("computing under no_grad()", _first_line_outside(caller))
        return number_of(self)

    @data.setter
    def data(self, number: float) -> None:
        caller = sys._getframe(1)
        if caller.f_globals.get("__name__") not in _ENGINE:
            _refuse("setting .data", _line_of(caller))
        _slot.__set__(self, number)

    @property
    def local_gradients(self) -> tuple[float, ...]:
        """Refused: they are numbers."""
        _refuse("taking a gradient", _first_line_outside(sys._getframe(1)))

    def backward(self) -> None:
        """Refused: a compiled function does that itself."""
        _refuse("taking a gradient", _line_of(sys._getframe(1)))

    def detach(self) -> Value:
        """Return the same number, through which no gradient passes."""
        return make_node(number_of(self), "detach", (self,), ())

    def __float__(self) -> float:
        _refuse("taking the number with float()", _line_of(sys._getframe(1)))

    def __bool__(self) -> bool:
        return _guard(operator.ne, self, 0.0)

    def __lt__(self, other: Value | float) -> bool:
        return _guard(operator.lt, self, other)

    def __le__(self, other: Value | float) -> bool:
        return _guard(operator.le, self, other)

    def __gt__(self, other: Value | float) -> bool:
        return _guard(operator.gt, self, other)

    def __ge__(self, other: Value | float) -> bool:
        return _guard(operator.ge, self, other)

    def __eq__(self, other: object) -> bool:
        return _guard(operator.eq, self, other)

    def __ne__(self, other: object) -> bool:
        return _guard(operator.ne, self, other)

    __hash__ = object.__hash__


@contextmanager
def tracing() -> Iterator[list[Guard]]:
    """Make computed nodes `Traced`, and collect the guards, while the block runs in this thread."""
    guards: list[Guard] = []
    tokens = node_class.set(Traced), _guards.set(guards)
    try:
        yield guards
    finally:
        node_class.reset(tokens[0])
        _guards.reset(tokens[1])


def number_of(value: Value) -> float:
    """Return a node's number, traced or not."""
    number: float = _slot.__get__(value)
    return number


def _guard(relation: Callable[[Any, Any], bool], left: Value, other: Any) -> bool:
    if isinstance(other, Value):
        right = other
    else:
        try:
            right = Value(other)
        except TypeError:
            return cast("bool", NotImplemented)  # Python then asks the other operand
    answer: bool = relation(number_of(left), number_of(right))
    guards = _guards.get()
    if guards is not None:
        where = _line_of(sys._getframe(2))
        guards.append(Guard(relation.__name__, left, right, answer, where))
    return answer


def _refuse(what: str, where: str) -> NoReturn:
    raise TraceError(
        f"{what} inside a compiled function would freeze one number in the compiled code: {where}; "
        "compute with the Value itself, or with .detach()"
    )


def _first_line_outside(frame: Any) -> str:
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("micrograd."):
        frame = frame.f_back
    return _line_of(frame)


def _line_of(frame: Any) -> str:
    path, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(path, number, frame.f_globals).strip()
    return f"`{text}` ({path}, line {number})" if text else f"{path}, line {number}"
