"""The traced graph in a normal form: numbered nodes, constants folded.

Operations that occur twice stay two nodes. One would do, but its gradient could differ: where
numbers are not finite, ``(d1 + d2) * g`` is not ``d1 * g + d2 * g``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from micrograd.compiler.tracing import number_of
from micrograd.engine import NEURONS, Value, computed_nodes, make_node
from micrograd.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from micrograd.compiler.tracing import Guard


@dataclass(frozen=True)
class Leaf:
    """A number of an argument."""

    argument: int
    index: int
    batched: bool
    takes_gradient: bool


class Node(NamedTuple):
    """One operation on other nodes, which have smaller numbers."""

    op: str
    """An operation of the engine, or leaf, constant, detach, guard."""
    operands: tuple[int, ...]
    detail: tuple[float | str, ...]
    """What else tells it from another node: the place of a leaf, the number of a constant as text
    (nan equals nan there, and 0.0 is not -0.0), the width of a neuron."""
    level: int
    """Operations on the longest path to a leaf."""
    batched: bool
    """Whether it has one number per row."""


class Graph:
    """Nodes in an order in which operands come first.

    Args:
        output: The result of the function.
        guards: Its comparisons.
        leaves: The traced numbers of the arguments.
        begin: A Value made before the function ran: whatever is older does not belong to it.

    Attributes:
        nodes: All nodes; a node is referred to by its place here.
        output: The result.
        guards: For each node that is a guard, what the function compared.
        on_gradient_path: Nodes that a gradient reaches, and passes on to an argument that wants it.

    Raises:
        TraceError: The function uses a Value that is no argument.
    """

    def __init__(
        self, output: Value, guards: Sequence[Guard], leaves: Mapping[Value, Leaf], begin: Value
    ) -> None:
        self.nodes: list[Node] = []
        self.guards: dict[int, Guard] = {}
        self._constants: dict[str, int] = {}
        self._number: dict[Value, int] = {}
        self._leaves = leaves
        self._begin = begin
        sides = [side for guard in guards for side in (guard.left, guard.right)]
        root = make_node(0.0, "sum", (output, *sides), ())
        for value in reversed(computed_nodes(root)[1:]):
            self._number[value] = self._computed(value)
        self.output = self._place(output)
        for guard in guards:
            detail = (guard.relation, guard.answer)
            left, right = self._place(guard.left), self._place(guard.right)
            if not self.is_constant(left) or not self.is_constant(right):
                self.guards[self._add("guard", (left, right), detail)] = guard
        self.on_gradient_path = self._gradient_path()

    def is_constant(self, node: int) -> bool:
        """Return whether a node has the same number in every call."""
        return self.nodes[node].op == "constant"

    def constant(self, node: int) -> float:
        """Return the number of a constant."""
        return float(self.nodes[node].detail[0])

    def _place(self, value: Value) -> int:
        known = self._number.get(value)
        if known is None:
            known = self._number[value] = self._leaf(value)
        return known

    def _leaf(self, value: Value) -> int:
        leaf = self._leaves.get(value)
        if leaf is not None:
            return self._add("leaf", (), (leaf.argument, leaf.index), batched=leaf.batched)
        self._refuse_older(value)
        return self._constant(value)

    def _constant(self, value: Value) -> int:
        text = repr(number_of(value))
        if text not in self._constants:
            self._constants[text] = self._add("constant", (), (text,))
        return self._constants[text]

    def _computed(self, value: Value) -> int:
        self._refuse_older(value)
        operands = tuple([self._place(x) for x in value.operands])
        if all(map(self.is_constant, operands)):
            return self._constant(value)
        if value.op == "**number":  # the exponent is written into the code, so it tells nodes apart
            return self._add(value.op, operands[:1], (self.constant(operands[1]),))
        if value.op not in NEURONS:
            return self._add(value.op, operands)
        width = len(value._operands[1])
        if width == 0:  # only the bias is left
            return self._add("relu" if value.op == "dot_relu" else "sum", operands)
        return self._add(value.op, operands, (width,))

    def _add(
        self,
        op: str,
        operands: tuple[int, ...],
        detail: tuple[float | str, ...] = (),
        *,
        batched: bool = False,
    ) -> int:
        above = [self.nodes[x] for x in operands]
        level = 1 + max((x.level for x in above), default=-1)
        batched = batched or any(x.batched for x in above)
        self.nodes.append(Node(op, operands, detail, level, batched))
        return len(self.nodes) - 1

    def _refuse_older(self, value: Value) -> None:
        if value._age < self._begin._age:
            raise TraceError(
                f"the function uses {value!r}, which was made outside and is not among its "
                "arguments: pass it (or the module that holds it) as an argument, or use a number"
            )

    def _gradient_path(self) -> set[int]:
        wanted = {(x.argument, x.index) for x in self._leaves.values() if x.takes_gradient}
        takes: set[int] = set()
        for i, node in enumerate(self.nodes):
            is_wanted = node.op == "leaf" and node.detail in wanted
            if is_wanted or (node.op != "detach" and not takes.isdisjoint(node.operands)):
                takes.add(i)
        reached = {self.output} & takes
        for i in range(self.output, -1, -1):
            if i in reached:
                reached.update(takes.intersection(self.nodes[i].operands))
        return reached
