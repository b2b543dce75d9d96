"""``micrograd gradcheck``: compare gradients with differences."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tyro

from micrograd.checking import Entry, gradcheck
from micrograd.console import print_json, print_table
from micrograd.errors import InputError
from micrograd.expression import Expression, parse_point
from micrograd.functions import dot, linear, sum_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from micrograd.engine import Value

    Function = Callable[[list[Value]], Value]

# One formula per operation, and where its random points may lie.
_ANYWHERE = [
    *("a + b", "a - b", "a * b", "a / b", "a ** 3", "2 ** a", "-a", "abs(a)", "exp(a)", "sin(a)"),
    *("cos(a)", "tanh(a)", "erf(a)", "sigmoid(a)", "softplus(a)", "relu(a)", "leaky_relu(a)"),
    *("gelu(a)", "maximum(a, b)", "minimum(a, b)"),
]
_POSITIVE = ["a ** b", "log(a)", "sqrt(a)"]
_WIDE: dict[str, Function] = {
    "sum of 5": sum_values,
    "dot of 2": lambda x: dot(x[:2], x[2:4], x[4]),
    "relu neuron": lambda x: linear([(tuple(x[:2]), x[4])], x[2:4], relu=True)[0],
}


@dataclass(frozen=True, kw_only=True)
class Gradcheck:
    """Compare the gradients of a formula, or of every operation, with central differences.

    Exits with code 1 if one differs. Example: micrograd gradcheck "tanh(a*b) / c" --at a=1 b=2 c=3
    """

    expression: tyro.conf.Positional[str | None] = None
    """A formula of variables; every operation at random points when not given."""
    at: tuple[str, ...] = ()
    """Where to check, as NAME=NUMBER."""
    points: int = 20
    """Random points per operation."""
    tolerance: float = 1e-6
    """Largest error, relative to the derivative where that exceeds 1."""
    seed: int = 0
    """Of the random points."""
    json: bool = False
    """Print one JSON object instead of the table."""

    def __post_init__(self) -> None:
        if self.points < 1 or not self.tolerance > 0.0:
            raise InputError(
                f"expected at least 1 point and a tolerance above 0, got {self.points} and "
                f"{self.tolerance}"
            )


def run(config: Gradcheck) -> int:
    """Check, print the table, and return the exit code."""
    if config.expression is None:
        rows = _every_operation(config)
    else:
        rows = _one_formula(config.expression, parse_point(config.at))
    passed = all(entry.error <= config.tolerance for entry in rows.values())
    if config.json:
        print_json({"passed": passed, "rows": {name: _json(e) for name, e in rows.items()}})
    else:
        head = ["operation" if config.expression is None else "variable"]
        print_table(
            [*head, "at", "backward", "differences", "error"],
            [
                [name, f"{e.x:.6g}", f"{e.analytic:.10g}", f"{e.numeric:.10g}", f"{e.error:.1e}"]
                for name, e in rows.items()
            ],
            caption="all gradients agree" if passed else "GRADIENTS DIFFER",
        )
    return 0 if passed else 1


def _every_operation(config: Gradcheck) -> dict[str, Entry]:
    """Return the worst entry of each operation over the random points."""
    rng = random.Random(config.seed)
    functions: list[tuple[str, Function, int, float]] = [
        *((text, *_function(text), -2.5) for text in _ANYWHERE),
        *((text, *_function(text), 0.2) for text in _POSITIVE),
        *((name, function, 5, -2.5) for name, function in _WIDE.items()),
    ]
    worst = {}
    for name, function, n, low in functions:
        points = [[rng.uniform(low, 2.5) for _ in range(n)] for _ in range(config.points)]
        entries = [gradcheck(function, point).worst for point in points]
        worst[name] = max(entries, key=lambda entry: entry.error)
    return worst


def _one_formula(text: str, point: dict[str, float]) -> dict[str, Entry]:
    names = Expression(text).variables
    missing = [name for name in names if name not in point]
    if missing or not names:
        need = f"a number for {missing[0]!r}: add --at {missing[0]}=1" if missing else "a variable"
        raise InputError(f"gradcheck of {text!r} needs {need}")
    report = gradcheck(_function(text)[0], [point[name] for name in names])
    return {names[entry.index]: entry for entry in report.entries}


def _function(text: str) -> tuple[Function, int]:
    """Return a formula as a function of the list of its variables, and their number."""
    formula = Expression(text)
    names = formula.variables
    return lambda xs: formula(dict(zip(names, xs, strict=True))), len(names)


def _json(entry: Entry) -> dict[str, float]:
    return {
        "at": entry.x,
        "backward": entry.analytic,
        "differences": entry.numeric,
        "error": entry.error,
    }
