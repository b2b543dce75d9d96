"""Finding the layers among the neurons of a level.

Neurons that look at the same inputs are one matrix product. So are the same neurons on several
lists of inputs: a layer that a loop applied to each point of a batch. Neurons that share nothing
are computed together, product by product.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from micrograd.compiler.graph import Graph

_Nodes = tuple[int, ...]
_Neuron = tuple[_Nodes, _Nodes]  # weights, and bias or nothing


@dataclass(frozen=True)
class Neurons:
    """Neurons to compute together.

    Where `is_product`, there is a neuron for each row of weights and each list of inputs, in this
    order, and no weight depends on the batch. Otherwise there is one for each pair.
    """

    nodes: list[int]
    weights: list[_Nodes]
    inputs: list[_Nodes]
    biases: list[int]
    """One for each row of weights, or none."""
    is_product: bool


def group_neurons(graph: Graph, nodes: Sequence[int]) -> Iterator[Neurons]:
    """Group neurons of one level that have as many inputs each, and all a bias or none."""
    by_inputs: dict[_Nodes, dict[_Neuron, int]] = defaultdict(dict)
    alone: list[int] = []
    for node in nodes:
        weights, inputs, bias = _parts(graph, node)
        of_batch = any(graph.nodes[x].batched for x in (*weights, *bias))
        if of_batch or (weights, bias) in by_inputs.get(inputs, ()):
            alone.append(node)
        else:
            by_inputs[inputs][weights, bias] = node
    for lists in _with_the_same_neurons(by_inputs):
        rows = by_inputs[lists[0]]
        if len(rows) == len(lists) == 1:
            alone.extend(rows.values())
            continue
        biases = [x for _, bias in rows for x in bias]
        in_order = [by_inputs[inputs][neuron] for neuron in rows for inputs in lists]
        yield Neurons(in_order, [weights for weights, _ in rows], lists, biases, is_product=True)
    if alone:
        yield _side_by_side(graph, alone)


def _with_the_same_neurons(
    by_inputs: dict[_Nodes, dict[_Neuron, int]],
) -> Iterator[list[_Nodes]]:
    """Yield the lists of inputs to which exactly the same neurons were applied."""
    lists: dict[frozenset[_Neuron], list[_Nodes]] = defaultdict(list)
    for inputs, rows in by_inputs.items():
        lists[frozenset(rows)].append(inputs)
    yield from lists.values()


def _side_by_side(graph: Graph, nodes: list[int]) -> Neurons:
    parts = [_parts(graph, node) for node in nodes]
    weights, inputs = [part[0] for part in parts], [part[1] for part in parts]
    biases = [x for _, _, bias in parts for x in bias]
    shared = not any(graph.nodes[x].batched for part in parts for x in (*part[0], *part[2]))
    return Neurons(nodes, weights, inputs, biases, is_product=shared and len(nodes) == 1)


def _parts(graph: Graph, i: int) -> tuple[_Nodes, _Nodes, _Nodes]:
    """Return weights, inputs and bias; the side that does not depend on the batch first."""
    node = graph.nodes[i]
    width = int(node.detail[0])
    left, right = node.operands[:width], node.operands[width : 2 * width]
    if any(graph.nodes[x].batched for x in left) and not any(graph.nodes[x].batched for x in right):
        left, right = right, left
    return left, right, node.operands[2 * width :]
