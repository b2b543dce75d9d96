"""Drawing the graph of a computation.

A full drawing has, as in the classic pictures, a box per node with its number and gradient, and a
small circle for the operation that made it. That is readable up to some dozens of nodes, so larger
graphs are folded: ``neuron`` leaves out the weights of neurons, whose box tells how many there are;
``layer`` puts all neurons that look at the same inputs into one box, and the functions that are
applied to each of them into another.
The darker a box, the larger its gradient, on a logarithmic scale over three powers of ten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from micrograd.engine import NEURONS, Value, graph_nodes
from micrograd.errors import DrawingError
from micrograd.pictures.dot_program import Digraph

if TYPE_CHECKING:
    from collections.abc import Hashable

Fold = Literal["auto", "none", "neuron", "layer"]

_READABLE = 45
_SHADES = ["#ffffff", "#fff4e3", "#ffe7c2", "#ffd59a", "#ffc06f", "#ffa845", "#fb8b24"]
_NODES = {"fontname": "Helvetica", "fontsize": "11", "height": "0.3"}
_EDGES = {
    "color": "#909090",
    "penwidth": "0.6",
    "arrowsize": "0.5",
    "tailport": "e",
    "headport": "w",
}


def draw(root: Value, *, fold: Fold = "auto", max_boxes: int = 300) -> Digraph:
    """Return the graph that `root` was computed with; it shows itself in a notebook.

    ``draw(y).render("graph", format="svg", cleanup=True)`` writes ``graph.svg``.

    Args:
        root: The result.
        fold: none, neuron or layer; auto takes the first of these that gives a readable drawing.
        max_boxes: The largest drawing to make.

    Raises:
        DrawingError: The drawing would have more boxes than `max_boxes`.
    """
    nodes = graph_nodes(root)
    candidates: list[Fold] = ["none", "neuron", "layer"] if fold == "auto" else [fold]
    for candidate in candidates:
        boxes = _fold(nodes, candidate)
        if len(boxes) <= _READABLE:
            break
    if len(boxes) > max_boxes:
        raise DrawingError(
            f"the graph has {len(nodes)} nodes, which make {len(boxes)} boxes with fold "
            f"{candidate!r}, and the limit is {max_boxes}: draw the result for a single sample, "
            "fold by layer, or raise the limit"
        )
    return _digraph(boxes)


@dataclass
class _Box:
    """What is drawn as one: a node, or several of a kind."""

    members: list[Value] = field(default_factory=list)
    sources: dict[Value, None] = field(default_factory=dict)

    @property
    def is_folded(self) -> bool:
        """Whether the box stands for more than one node: several of a kind, or hidden weights."""
        return len(self.members) > 1 or len(self.sources) < len(set(self.members[0].operands))


def _inputs(node: Value, fold: Fold) -> tuple[Value, ...]:
    """Return the operands that are drawn: all, or for a neuron all but weights that are leaves."""
    if fold == "none" or node.op not in NEURONS:
        return node.operands
    n = len(node.operands) // 2
    weights_and_bias = node.operands[:n] + node.operands[2 * n :]
    return node.operands[n : 2 * n] + tuple(x for x in weights_and_bias if x.op)


def _fold(nodes: list[Value], fold: Fold) -> list[_Box]:
    """Sort the nodes that are drawn, which come newest first, into boxes."""
    keys = _layer_keys(nodes) if fold == "layer" else {}
    drawn = {nodes[0]}
    boxes: dict[Hashable, _Box] = {}
    for node in nodes:
        if node in drawn:
            sources = _inputs(node, fold)
            drawn.update(sources)
            box = boxes.setdefault(keys.get(node, node), _Box())
            box.members.append(node)
            box.sources.update(dict.fromkeys(sources))
    return list(boxes.values())


def _layer_keys(nodes: list[Value]) -> dict[Value, Hashable]:
    """Return what nodes of one box have in common, for the nodes that belong to a layer."""
    keys: dict[Value, Hashable] = {}
    for node in reversed(nodes):
        inputs = _inputs(node, "layer")
        if node.op in NEURONS:
            layer = (node.op, *map(id, inputs))
            keys[node] = layer
            keys.update({x: ("inputs of", layer) for x in inputs if not x.op})
        elif len(inputs) == 1 and isinstance(keys.get(inputs[0]), tuple):
            keys[node] = (node.op, keys[inputs[0]])
    return keys


def _digraph(boxes: list[_Box]) -> Digraph:
    names = {id(box): f"n{i}" for i, box in enumerate(boxes)}
    box_of = {node: box for box in boxes for node in box.members}
    largest = max(map(_strength, boxes))
    n_edges = sum(len(box.sources) for box in boxes)
    graph = Digraph(node_attr=_NODES, edge_attr=_EDGES)
    # Many edges between two columns need room to be told apart.
    graph.attr(
        rankdir="LR", splines="line", nodesep="0.12", ranksep=f"{1.6 if n_edges > 60 else 0.35}"
    )
    for box in boxes:
        name = names[id(box)]
        shade = _shade(_strength(box), largest)
        graph.node(name, _text(box), shape="record", style="filled", fillcolor=shade)
        target = name
        if box.sources and not box.is_folded:
            target = f"{name}op"
            graph.node(target, _operation(box.members[0]), shape="oval", margin="0.04")
            graph.edge(target, name)
        for source in dict.fromkeys(names[id(box_of[x])] for x in box.sources):
            graph.edge(source, target)
    return graph


def _operation(node: Value) -> str:
    return node.op.removesuffix("number")


def _text(box: _Box) -> str:
    """Return the record label: what it is, its numbers, its gradients."""
    node = box.members[0]
    label = "".join(f"\\{c}" if c in r"\{}|<> " else c for c in node.label)
    fields = [label] if label else []
    if box.is_folded:
        count = f"{len(box.members)} x " if len(box.members) > 1 else ""
        n_weights = len(node.operands) // 2
        name = {"": "input", "dot": f"wx + b, {n_weights} weights"}.get(node.op, node.op)
        name = f"relu(wx + b), {n_weights} weights" if node.op == "dot_relu" else name
        fields.append(count + name)
    fields.append(f"data {_range([member.data for member in box.members])}")
    fields.append(f"grad {_range([member.grad for member in box.members])}")
    return "{" + " | ".join(fields) + "}"


def _range(numbers: list[float]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:.4g}" if len(numbers) == 1 else f"{low:.3g} to {high:.3g}"


def _strength(box: _Box) -> float:
    """Return the largest finite gradient of a box, without its sign."""
    return max((abs(x.grad) for x in box.members if math.isfinite(x.grad)), default=0.0)


def _shade(strength: float, largest: float) -> str:
    if not strength:
        return _SHADES[0]
    depth = 1.0 + math.log10(strength / largest) / 3.0
    return _SHADES[max(1, round(depth * (len(_SHADES) - 1)))]
