"""Formulas as text, such as ``tanh(a*b + c)``, evaluated with Values.

Only arithmetic, the functions of `FUNCTIONS` and names of variables are understood; nothing else of
Python is run.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from micrograd.engine import Value
from micrograd.errors import InputError
from micrograd.functions import maximum, minimum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": Value.exp,
    "log": Value.log,
    "sqrt": Value.sqrt,
    "sin": Value.sin,
    "cos": Value.cos,
    "tanh": Value.tanh,
    "erf": Value.erf,
    "sigmoid": Value.sigmoid,
    "softplus": Value.softplus,
    "relu": Value.relu,
    "leaky_relu": Value.leaky_relu,
    "gelu": Value.gelu,
    "abs": abs,
    "maximum": maximum,
    "minimum": minimum,
}
_OPERATORS: dict[type[ast.operator | ast.unaryop], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


class Expression:
    """A formula that was read and can be evaluated.

    Args:
        text: Python's syntax for arithmetic.

    Raises:
        InputError: The text is no such formula.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = getattr(error, "msg", error)
            raise InputError(f"cannot read the expression {text!r}: {reason}") from error
        called = {id(node.func) for node in ast.walk(self._body) if isinstance(node, ast.Call)}
        names = [n for n in ast.walk(self._body) if isinstance(n, ast.Name) and id(n) not in called]
        self.variables = sorted({name.id for name in names})

    def __call__(self, values: Mapping[str, Value]) -> Value:
        """Return the result for the given variables.

        Raises:
            InputError: A variable is missing, or the formula uses what is not understood.
        """
        result = self._evaluate(self._body, values)
        return result if isinstance(result, Value) else Value(result)

    def _evaluate(self, node: ast.expr, values: Mapping[str, Value]) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in values:
                return values[name]
            case ast.Name(id=name):
                raise InputError(
                    f"no number given for {name!r} in {self.text!r}: add --at {name}=1"
                )
            case ast.UnaryOp(op=op, operand=x) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self._evaluate(x, values))
            case ast.BinOp(left=a, op=op, right=b) if type(op) in _OPERATORS:
                left = self._evaluate(a, values)
                # A number between two numbers is not yet a Value, whose rules for 1/0 we want.
                left = left if isinstance(left, Value) else Value(left)
                return _OPERATORS[type(op)](left, self._evaluate(b, values))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                return self._call(name, [self._evaluate(arg, values) for arg in args])
        raise InputError(
            f"cannot use {ast.unparse(node)!r} in {self.text!r}: known are + - * / ** and the "
            f"functions {', '.join(FUNCTIONS)}"
        )

    def _call(self, name: str, arguments: list[Any]) -> Any:
        first = [x if isinstance(x, Value) else Value(x) for x in arguments[:1]]
        try:
            return FUNCTIONS[name](*first, *arguments[1:])
        except TypeError as error:
            raise InputError(f"wrong arguments of {name} in {self.text!r}: {error}") from error


def parse_point(assignments: tuple[str, ...]) -> dict[str, float]:
    """Read ``name=number`` pairs.

    Raises:
        InputError: One is not of that form, or a name has two numbers.
    """
    point = {}
    for assignment in assignments:
        name, _, number = (part.strip() for part in assignment.partition("="))
        if name in point:
            raise InputError(f"--at gives {name!r} twice")
        try:
            point[name] = float(number)
        except ValueError:
            name = ""
        if not name.isidentifier():
            raise InputError(f"--at expects NAME=NUMBER, got {assignment!r}")
    return point
