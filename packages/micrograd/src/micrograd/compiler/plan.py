"""From a graph to a program: nodes of one kind become one block.

Nodes on the same level do not depend on each other. Those of a level with the same operation are
computed together, by one line of NumPy. So a layer of neurons is one matrix product, however the
function's loops were written.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from micrograd.compiler.blocks import Block, Matrix, Rows, even_rows, matrix_in
from micrograd.compiler.checks import Check
from micrograd.compiler.kernels import KERNELS, POWERS
from micrograd.compiler.neurons import Neurons, group_neurons
from micrograd.compiler.steps import (
    Elementwise,
    Gather,
    Guarding,
    MatrixProduct,
    Operand,
    RowProducts,
    Squares,
    Step,
    Sums,
)
from micrograd.engine import NEURONS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from micrograd.compiler.graph import Graph
    from micrograd.compiler.kernels import Array
    from micrograd.compiler.writer import Names

_STEMS = {
    "+": "sum",
    "-": "difference",
    "*": "product",
    "/": "quotient",
    "**": "power",
    "**number": "power",
    "neg": "negative",
}


class Plan:
    """The steps of a program, in order.

    Args:
        graph: What to compute.
        arguments: The blocks of the arguments.
        names: For the blocks.

    Attributes:
        steps: Each uses blocks of earlier steps.
        constants: The content of the blocks that hold constants, by name.
        output: The row that holds the result.
    """

    def __init__(self, graph: Graph, arguments: Sequence[Block], names: Names) -> None:
        self.steps: list[Step] = []
        self.constants: dict[str, Array] = {}
        self._graph = graph
        self._names = names
        self._batched = any(block.batched for block in arguments)
        self._place: dict[int, tuple[Block, int]] = {}
        self._gathered: dict[tuple[int, ...], Block] = {}
        groups: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
        for i, node in enumerate(graph.nodes):
            if node.op == "leaf":
                argument, index = node.detail
                self._place[i] = arguments[int(argument)], int(index)
            elif node.op != "constant":
                groups[self._kind(i)].append(i)
        for key in sorted(groups, key=lambda key: (key[0], groups[key][0])):
            self._add_group(groups[key])
        self.output = self._rows([graph.output])

    def _kind(self, i: int) -> tuple[Hashable, ...]:
        """Return what nodes have in common that are computed together; the level comes first."""
        node = self._graph.nodes[i]
        operands: tuple[Hashable, ...] = (len(node.operands),)
        if node.op not in NEURONS and node.op != "sum":
            operands = tuple([self._variation(x) for x in node.operands])
        on_path = i in self._graph.on_gradient_path
        return (node.level, node.op, node.detail, node.batched, on_path, operands)

    def _variation(self, i: int) -> int:
        return 2 if self._graph.nodes[i].batched else 0 if self._graph.is_constant(i) else 1

    # --- steps -----------------------------------------------------------------------------------

    def _add_group(self, nodes: list[int]) -> None:
        first = self._graph.nodes[nodes[0]]
        operands = [self._graph.nodes[i].operands for i in nodes]
        if first.op in NEURONS:
            for neurons in group_neurons(self._graph, nodes):
                self._add_neurons(neurons, relu=first.op == "dot_relu")
        elif first.op == "guard":
            left, right = (self._operand(side) for side in zip(*operands, strict=True))
            check = Check([self._graph.guards[i] for i in nodes], batched=self._batched)
            self.steps.append(Guarding(str(first.detail[0]), left, right, check))
        elif first.op == "sum":
            rows = self._rows([x for xs in operands for x in xs])
            self.steps.append(Sums(self._block(nodes), rows))
        else:
            self._add_elementwise(nodes, operands)

    def _add_elementwise(self, nodes: list[int], operands: list[tuple[int, ...]]) -> None:
        first = self._graph.nodes[nodes[0]]
        columns = list(zip(*operands, strict=True))
        sides = [self._operand(side) for side in columns]
        if len(nodes) > 1 and all(isinstance(x, float) or not x.step for x in sides):
            sides[0] = self._rows(columns[0])  # the same operation several times
        kernel = KERNELS[first.op]
        if first.op == "**number":
            exponent = float(first.detail[0])
            kernel = POWERS.get(exponent, kernel)
            sides.append(exponent)
        self.steps.append(Elementwise(self._block(nodes), kernel, tuple(sides)))

    def _add_neurons(self, neurons: Neurons, *, relu: bool) -> None:
        weights = [x for xs in neurons.weights for x in xs]
        bias = self._operand(neurons.biases) if neurons.biases else None
        step: Step
        if len(neurons.nodes) == 1 and neurons.weights == neurons.inputs and not neurons.biases:
            rows = self._rows(weights)
            step = Squares(self._block(neurons.nodes, "squares"), rows)
        elif neurons.is_product:
            n, k = len(neurons.weights), len(neurons.inputs[0])
            matrix = self._matrix(weights, n, k)
            rows = self._rows([xs[j] for j in range(k) for xs in neurons.inputs])
            block = self._block(neurons.nodes, "layer")
            names = self._names.numbered("W"), self._names.numbered("b")
            step = MatrixProduct(block, matrix, rows, bias, relu, len(neurons.inputs), *names)
        else:
            left, right = self._rows(weights), self._rows([x for xs in neurons.inputs for x in xs])
            step = RowProducts(self._block(neurons.nodes, "dots"), left, right, bias, relu)
        self.steps.append(step)

    def _block(self, nodes: Sequence[int], stem: str = "") -> Block:
        first = self._graph.nodes[nodes[0]]
        name = self._names.numbered(stem or _STEMS.get(first.op, first.op))
        on_path = nodes[0] in self._graph.on_gradient_path
        block = Block(name, len(nodes), first.batched, on_path)
        self._place.update({node: (block, row) for row, node in enumerate(nodes)})
        return block

    # --- operands --------------------------------------------------------------------------------

    def _operand(self, nodes: Sequence[int]) -> Operand:
        """Return nodes as rows of a block, or as one number."""
        if len(set(nodes)) == 1 and self._graph.is_constant(nodes[0]):
            return self._graph.constant(nodes[0])
        return self._rows(nodes, once=len(set(nodes)) == 1)

    def _rows(self, nodes: Sequence[int], *, once: bool = False) -> Rows:
        """Return nodes as rows of a block; `once` lets one row stand for all."""
        places = [self._place[i] for i in nodes if i in self._place]
        blocks = {block for block, _ in places}
        if len(blocks) == 1 and len(places) == len(nodes):
            block = places[0][0]
            rows = even_rows(block, [row for _, row in places])
            if rows and (rows.step or once):
                return rows
        block = self._gather(tuple(nodes))
        return Rows(block, 0, 1, block.n)

    def _matrix(self, nodes: list[int], n: int, k: int) -> Matrix:
        places = [self._place[i] for i in nodes if i in self._place]
        blocks = {block for block, _ in places}
        if len(blocks) == 1 and len(places) == len(nodes):
            matrix = matrix_in(places[0][0], [row for _, row in places], n, k)
            if matrix:
                return matrix
        return Matrix(self._gather(tuple(nodes)), 0, n, k, 0, k, transposed=False)

    def _gather(self, nodes: tuple[int, ...]) -> Block:
        """Return a block of exactly these nodes."""
        if nodes not in self._gathered:
            constant = all(map(self._graph.is_constant, nodes))
            self._gathered[nodes] = self._constants(nodes) if constant else self._gather_new(nodes)
        return self._gathered[nodes]

    def _gather_new(self, nodes: tuple[int, ...]) -> Block:
        constants = tuple(dict.fromkeys(filter(self._graph.is_constant, nodes)))
        row_of = {node: row for row, node in enumerate(constants)}
        block_of_constants = self._gather(constants) if constants else None
        parts: dict[Block, tuple[list[int], list[int]]] = {}
        for here, node in enumerate(nodes):
            if node in row_of and block_of_constants:
                block, there = block_of_constants, row_of[node]
            else:
                block, there = self._place[node]
            part = parts.setdefault(block, ([], []))
            part[0].append(here)
            part[1].append(there)
        batched = any(block.batched for block in parts)
        takes_gradient = any(block.takes_gradient for block in parts)
        block = Block(self._names.numbered("gathered"), len(nodes), batched, takes_gradient)
        whole = tuple([(source, tuple(a), tuple(b)) for source, (a, b) in parts.items()])
        self.steps.append(Gather(block, whole))
        return block

    def _constants(self, nodes: Iterable[int]) -> Block:
        numbers = np.array([[self._graph.constant(i)] for i in nodes])
        block = Block(self._names.numbered("constants"), len(numbers), batched=False)
        self.constants[block.name] = numbers
        return block
