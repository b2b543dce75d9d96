"""The arguments of a compiled function: what kinds there are, and how each becomes an array.

An argument is either one for all rows, or *batched*: an array whose first axis is the batch. Each
becomes an array of shape (numbers, B), where B is 1 for an argument that is not batched. For the
trace, it becomes the same thing with a fresh Value in place of each number.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd.compiler.kernels import Array
from micrograd.compiler.tracing import Traced
from micrograd.engine import Value
from micrograd.errors import ShapeError, ValueTypeError
from micrograd.nn import Module

if TYPE_CHECKING:
    from collections.abc import Iterator


class FlatParameters:
    """A module's parameters as one array, for training loops that never touch a Value.

    Pass it to a compiled function in place of the module. Then a step neither reads the module nor
    writes to it.

    Args:
        module: Its parameters are copied.

    Attributes:
        module: The module.
        numbers: float64, shape (n,): the parameters in the order of ``module.parameters()``, each
            once. Change it as you like; `store` puts it into the module.
        size: n.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.numbers = np.array([p.data for p in parameters_of(module)], dtype=np.float64)
        self.size = len(self.numbers)

    def store(self) -> None:
        """Set the module's parameters from `numbers`."""
        for parameter, number in zip(parameters_of(self.module), self.numbers, strict=True):
            parameter.data = float(number)


@dataclass(frozen=True)
class Slot:
    """A place for an argument in a compiled program."""

    name: str
    size: int
    """Numbers, or numbers per row."""
    batched: bool
    takes_gradient: bool


@dataclass
class Argument:
    """An argument of one call.

    Attributes:
        kind: Equal for two arguments that the same program can take.
        numbers: Shape (numbers, B), or (numbers, 1).
        shape: That of its gradient; for a batched argument that of one row.
        batched: Whether its first axis is the batch.
        item: The argument itself.
    """

    kind: Hashable
    numbers: Array
    shape: tuple[int, ...]
    batched: bool
    item: Any

    @property
    def values(self) -> list[Value | float]:
        """Each number as the Value that holds it, where there is one."""
        return list(_leaves("", _module_or_item(self.item)))

    def gradient(self, gradient: Array) -> Any:
        """Return a gradient of shape (numbers, B) in the argument's own shape."""
        if self.batched:
            return gradient.T.reshape(-1, *self.shape)
        return gradient.reshape(self.shape) if self.shape else float(gradient.item())

    def traced(self) -> tuple[Any, list[Traced]]:
        """Return the argument with a traced Value for each number, and these; row 0 of a batch."""
        leaves = [Traced(float(number)) for number in self.numbers[:, 0]]
        if self.batched or isinstance(self.item, np.ndarray):
            table = np.array([*leaves, None], dtype=object)[:-1].reshape(self.shape)
            return _nested(table.tolist()), leaves
        item = _module_or_item(self.item)
        if len(leaves) != len(list(_leaves("", item))):
            raise ShapeError(
                f"the module has got {len(parameters_of(item))} parameters since its "
                f"{len(leaves)} were made flat: make new FlatParameters"
            )
        return _substitute(item, iter(leaves)), leaves


def batched_argument(name: str, item: Any) -> Argument:
    """Read an argument whose first axis is the batch.

    Raises:
        ShapeError: It has no rows, or rows of different lengths.
        ValueTypeError: It holds something that is no number.
    """
    array = _floats(name, item)
    if array.ndim == 0:
        raise ShapeError(
            f"{name} is batched: expected an array with one row per sample, got one number"
        )
    if not len(array):
        raise ShapeError(f"{name} is batched: expected at least one row, got shape {array.shape}")
    return Argument(
        array.shape[1:], array.reshape(len(array), -1).T, array.shape[1:], batched=True, item=item
    )


def shared_argument(name: str, item: Any) -> Argument:
    """Read an argument that is the same for all rows.

    Raises:
        ShapeError: A `FlatParameters` has not as many numbers as its module has parameters.
        ValueTypeError: It is, or holds, something other than numbers, Values and modules.
    """
    if isinstance(item, FlatParameters):
        numbers = _floats(name, item.numbers)
        if numbers.shape != (item.size,):
            raise ShapeError(f"{name}.numbers: expected shape ({item.size},), got {numbers.shape}")
        kind: Hashable = ("module", id(item.module), item.size)
        return Argument(kind, numbers[:, None], numbers.shape, batched=False, item=item)
    if isinstance(item, np.ndarray):
        array = _floats(name, item)
        kind = "array", array.shape
        return Argument(kind, array.reshape(-1, 1), array.shape, batched=False, item=item)
    leaves = [x.data if isinstance(x, Value) else float(x) for x in _leaves(name, item)]
    numbers = np.array(leaves, dtype=np.float64)[:, None]
    shape = () if isinstance(item, (Value, Real)) else (len(leaves),)
    return Argument(_kind(item), numbers, shape, batched=False, item=item)


def parameters_of(module: Module) -> list[Value]:
    """Return a module's parameters, those that occur twice only once."""
    return list(dict.fromkeys(module.parameters()))


def _floats(name: str, item: Any) -> Array:
    try:
        array = np.asarray(item)
    except ValueError as error:
        raise ShapeError(f"{name}: expected rows of one length: {error}") from error
    if array.dtype != np.float64:
        if array.dtype.kind not in "buif":
            raise ValueTypeError(f"{name}: expected an array of numbers, got {array.dtype} items")
        array = array.astype(np.float64)
    return array


def _leaves(name: str, item: Any) -> Iterator[Value | float]:
    """Yield the numbers of an argument, as Values where they are."""
    if isinstance(item, Module):
        yield from parameters_of(item)
    elif isinstance(item, (list, tuple, np.ndarray)):
        yield from chain.from_iterable(_leaves(name, child) for child in item)
    elif isinstance(item, (Value, Real)):
        yield item  # type: ignore[misc]  # every Real has float()
    else:
        raise ValueTypeError(
            f"{name}: expected a number, a Value, a module, an array or a sequence of these, got "
            f"{type(item).__name__}; set other things with functools.partial before compiling"
        )


def _module_or_item(item: Any) -> Any:
    return item.module if isinstance(item, FlatParameters) else item


def _kind(item: Any) -> Hashable:
    if isinstance(item, Module):
        return "module", id(item), len(parameters_of(item))
    if isinstance(item, np.ndarray):
        return "array", item.shape
    if isinstance(item, (list, tuple)):
        return type(item).__name__, *map(_kind, item)
    return "number"


def _substitute(item: Any, leaves: Iterator[Traced]) -> Any:
    """Return a copy of an argument in which each number is the next of the leaves."""
    if isinstance(item, Module):
        parameters = parameters_of(item)
        memo = {id(parameter): next(leaves) for parameter in parameters}
        return copy.deepcopy(item, memo)  # finds its parameters copied already
    if isinstance(item, (list, tuple, np.ndarray)):
        return tuple([_substitute(child, leaves) for child in item])
    return next(leaves)


def _nested(item: Any) -> Any:
    return tuple(map(_nested, item)) if isinstance(item, list) else item
