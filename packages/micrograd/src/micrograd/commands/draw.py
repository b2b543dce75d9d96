"""``micrograd draw``: draw the graph of a formula or of a trained network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from micrograd.console import report
from micrograd.engine import Value, graph_nodes
from micrograd.errors import InputError
from micrograd.expression import Expression, parse_point
from micrograd.files import check_picture_format, replacing
from micrograd.functions import sum_values
from micrograd.nn import MLP


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Draw a formula, or a network that micrograd train saved, with numbers and gradients.

    Examples: micrograd draw "tanh(a*b + c)" --at a=2 b=-3 c=6.5
    and: micrograd draw --model runs/moons/model.json --point 0.5 0.2 --fold layer
    """

    expression: tyro.conf.Positional[str | None] = None
    """A formula of variables."""
    at: tuple[str, ...] = ()
    """The variables of the formula, as NAME=NUMBER."""
    model: Path | None = None
    """A model.json to draw instead."""
    point: tuple[float, ...] = (0.5, 0.25)
    """The inputs of the model."""
    fold: Literal["auto", "none", "neuron", "layer"] = "auto"
    """What shares a box: nothing, a neuron and its weights, a layer; auto: what is readable."""
    max_boxes: int = 300
    """Refuse a drawing with more boxes."""
    out: Path = Path("runs/graph.svg")
    """File to write: .svg, .png or .pdf."""
    json: bool = False
    """Print one JSON object instead of the table."""


def run(config: Draw) -> int:
    """Compute, draw, and print the result with its gradients."""
    from micrograd.pictures.drawing import draw  # noqa: PLC0415  # loads graphviz

    check_picture_format(config.out)
    inputs, result = _formula(config) if config.model is None else _model(config, config.model)
    result.backward()
    picture = draw(result, fold=config.fold, max_boxes=config.max_boxes)
    with replacing(config.out) as temporary:
        temporary.write_bytes(picture.pipe(format=config.out.suffix[1:]))
    gradients = {f"gradient by {x.label}": x.grad for x in inputs}
    nodes = {"nodes": len(graph_nodes(result)), "written": str(config.out)}
    report({"result": result.data, **gradients, **nodes}, as_json=config.json)
    return 0


def _formula(config: Draw) -> tuple[list[Value], Value]:
    if config.expression is None:
        raise InputError('nothing to draw: give a formula such as "tanh(a*b)", or --model FILE')
    values = {name: Value(x, name) for name, x in parse_point(config.at).items()}
    expression = Expression(config.expression)
    result = expression(values)
    return [values[name] for name in expression.variables], result


def _model(config: Draw, path: Path) -> tuple[list[Value], Value]:
    inputs = [Value(x, f"x{i}") for i, x in enumerate(config.point)]
    output = MLP.load(path)(inputs)
    return inputs, output if isinstance(output, Value) else sum_values(output)
