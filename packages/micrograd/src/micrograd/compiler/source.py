"""The program as Python source: a function that computes the value, and one for the gradients."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from micrograd.compiler import kernels
from micrograd.compiler.blocks import Block
from micrograd.compiler.plan import Plan
from micrograd.compiler.steps import Gather, MatrixProduct
from micrograd.compiler.writer import Names, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.arguments import Slot
    from micrograd.compiler.graph import Graph

Reduce = Literal["mean", "sum", "none"]

_NUMPY = (
    *("abs", "add", "cos", "empty", "exp", "float_power", "full", "inf", "log", "maximum"),
    *("minimum", "nan", "ones", "sin", "sqrt", "tanh", "where", "zeros"),
)
_OWN = (
    *("abs_slope", "erf", "erf_slope", "gelu", "gelu_slope", "inputs_by_parts", "power_by_base"),
    *("power_by_exponent", "share", "sigmoid", "softplus", "weights_by_parts"),
)
_OTHER = ("B", "value", "saved", "forward", "backward", "float", *keyword.kwlist)


@dataclass(frozen=True)
class Program:
    """A compiled function.

    Attributes:
        source: Its code.
        has_cuts: Whether relu is part of a matrix product. A neuron that was cut off passes nothing
            on, while the product computes 0 * inf where a number is infinite or nan. If a gradient
            is not finite, a program that was written `by_parts` has to compute it.
        forward: From the arguments' blocks to the value, and what `backward` needs.
        backward: From that to the gradients of the arguments that take one, in order.
    """

    source: str
    has_cuts: bool
    forward: Callable[..., tuple[Any, tuple[Any, ...]]]
    backward: Callable[..., tuple[kernels.Array, ...]]


def write_program(
    name: str, graph: Graph, slots: Sequence[Slot], reduce: Reduce, *, by_parts: bool = False
) -> Program:
    """Return the program of a graph."""
    names = Names([*_NUMPY, *_OWN, *_OTHER])
    arguments = [
        Block(names.exactly(slot.name), slot.size, slot.batched, slot.takes_gradient)
        for slot in slots
    ]
    plan = Plan(graph, arguments, names)
    constants: dict[str, Any] = {**plan.constants}
    forward, backward = Writer(names, constants), Writer(names, constants, by_parts=by_parts)
    _write_forward(forward, plan, arguments, reduce)
    _write_backward(backward, plan, arguments, reduce)
    body = _functions([block.name for block in arguments], forward.lines, backward.lines)
    shapes = ", ".join(f"{block.name} {block.shape}" for block in arguments)
    head = [f'"""{name}, compiled for {shapes}."""', "", *_head(body, constants)]
    source = "\n".join([*head, "", "", *body, ""])
    space: dict[str, Any] = {**constants}
    exec(compile(source, f"<compiled {name}>", "exec"), space)  # noqa: S102  # written above
    has_cuts = any(isinstance(step, MatrixProduct) and step.relu for step in plan.steps)
    return Program(source, has_cuts, space["forward"], space["backward"])


def _write_forward(to: Writer, plan: Plan, arguments: Sequence[Block], reduce: Reduce) -> None:
    batched = [block for block in arguments if block.batched]
    if batched:
        to.line(f"B = {batched[0].name}.shape[1]")
    for step in plan.steps:
        step.forward(to)
    out = plan.output.text
    if plan.output.block.batched:
        total = f"float({out}.sum())"
        text = {"mean": f"{total} / B", "sum": total, "none": f"{out}[0].copy()"}
    else:
        one = f"{out}.item()"
        many = {"mean": one, "sum": f"{one} * B", "none": f"full(B, {one})"}
        text = many if batched else dict.fromkeys(many, one)
    to.line(f"value = {text[reduce]}")


def _write_backward(to: Writer, plan: Plan, arguments: Sequence[Block], reduce: Reduce) -> None:
    block = plan.output.block
    if block.takes_gradient:
        rows = any(argument.batched for argument in arguments)
        if block.batched:
            seed = "full((1, B), 1.0 / B)" if reduce == "mean" else "ones((1, B))"
        else:
            seed = "full((1, 1), float(B))" if rows and reduce != "mean" else "ones((1, 1))"
        to.add_rows(plan.output, seed, n=1, batched=block.batched)
    for step in reversed(plan.steps):
        unused = isinstance(step, Gather) and not to.has_gradient(step.block)
        if getattr(step, "block", block).takes_gradient and not unused:
            step.backward(to)
    results = [to.gradient(argument) for argument in arguments if argument.takes_gradient]
    to.line(f"return {_tuple(results)}")


def _functions(arguments: list[str], forward: list[str], backward: list[str]) -> list[str]:
    """Return the two functions; `forward` also returns all that `backward` uses."""
    assigned = re.findall(r"^(\w+) = ", "\n".join(forward), re.MULTILINE)
    used = set(re.findall(r"\w+", "\n".join(backward)))
    saved = _tuple([name for name in dict.fromkeys([*arguments, *assigned]) if name in used])
    return [
        f"def forward({', '.join(arguments)}):",
        *(f"    {line}" for line in forward),
        f"    return value, {saved}",
        "",
        "",
        "def backward(saved):",
        f"    {saved} = saved",
        *(f"    {line}" for line in backward),
    ]


def _head(body: list[str], constants: dict[str, Any]) -> list[str]:
    """Return the imports, and what the code finds by name."""
    words = set(re.findall(r"\w+", "\n".join(body)))
    lines = []
    for module, known in (("numpy", _NUMPY), ("micrograd.compiler.kernels", _OWN)):
        imported = sorted(words.intersection(known))
        lines += [f"from {module} import {', '.join(imported)}"] if imported else []
    for name, content in constants.items():
        is_array = isinstance(content, np.ndarray)
        lines.append(
            f"# {name}: array of shape {content.shape}" if is_array else f"# {name}: {content}"
        )
    return lines


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"
