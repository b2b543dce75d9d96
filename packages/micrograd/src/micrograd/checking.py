"""Checking gradients against differences: is the derivative what the function's values say?

The central difference ``(f(x + h) - f(x - h)) / 2h`` has an error of about ``h**2`` from the curve
and of ``1e-16 / h`` from rounding; ``h = 6e-6 * max(1, |x|)`` balances the two, which leaves some
ten good digits on smooth functions. At a kink it gives the mean of both sides and the check fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING

from micrograd.engine import Value, no_grad
from micrograd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEP = 6e-6


@dataclass(frozen=True)
class Entry:
    """One input: where it was, and its derivative both ways."""

    index: int
    x: float
    analytic: float
    numeric: float

    @property
    def error(self) -> float:
        """The difference, relative to the derivatives where these exceed 1; nan if one is nan."""
        scale = max(1.0, abs(self.analytic), abs(self.numeric))
        return abs(self.analytic - self.numeric) / scale


@dataclass(frozen=True)
class GradcheckReport:
    """The outcome: one entry per input."""

    entries: list[Entry]
    tolerance: float

    @property
    def worst(self) -> Entry:
        """The entry with the largest error; one that is nan comes first."""
        return max(self.entries, key=lambda e: inf if isnan(e.error) else e.error)

    @property
    def passed(self) -> bool:
        """Whether all errors are within the tolerance."""
        return self.worst.error <= self.tolerance

    def __str__(self) -> str:
        worst = self.worst
        return (
            f"gradcheck {'passed' if self.passed else 'FAILED'}, {len(self.entries)} inputs, "
            f"tolerance {self.tolerance:g}; worst: input {worst.index} at {worst.x:g}, "
            f"backward {worst.analytic:.10g}, differences {worst.numeric:.10g}, "
            f"error {worst.error:.2g}"
        )


def gradcheck(
    function: Callable[[list[Value]], Value], point: Sequence[float], *, tolerance: float = 1e-6
) -> GradcheckReport:
    """Compare the gradient of `function` at `point` with central differences.

    Args:
        function: Takes a list of Values, one per number of `point`, and returns one.
        point: Where to check; best not at a kink.
        tolerance: Of the error as `Entry.error` defines it.

    Raises:
        InputError: `point` is empty.
    """
    if not point:
        raise InputError("gradcheck needs at least one input")
    xs = [Value(x) for x in point]
    function(xs).backward()
    entries = [Entry(i, x.data, x.grad, _difference(function, point, i)) for i, x in enumerate(xs)]
    return GradcheckReport(entries, tolerance)


def _difference(function: Callable[[list[Value]], Value], point: Sequence[float], i: int) -> float:
    high, low = list(point), list(point)
    high[i] += _STEP * max(1.0, abs(point[i]))
    low[i] -= _STEP * max(1.0, abs(point[i]))
    with no_grad():
        rise = function([Value(x) for x in high]).data - function([Value(x) for x in low]).data
    return rise / (high[i] - low[i])
