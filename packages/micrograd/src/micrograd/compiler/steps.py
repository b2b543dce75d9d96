"""The steps of a compiled program: each computes one block, and passes its gradient on.

A step knows the code for both directions; they stand side by side in its class. `forward` and
`backward` write that code; the steps run in order, and backward in the reverse order, so the
gradient of a block is complete when its step passes it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from micrograd.compiler.blocks import Block, Matrix, Rows, even_rows
from micrograd.compiler.checks import Check
from micrograd.compiler.kernels import Kernel
from micrograd.compiler.writer import in_brackets

if TYPE_CHECKING:
    from micrograd.compiler.writer import Writer

Operand = Rows | float
"""Rows of a block, or a number that is the same for all."""


def text_of(operand: Operand) -> str:
    """Return an operand as code."""
    if isinstance(operand, Rows):
        return operand.text
    return f"({operand!r})" if str(operand).startswith("-") else repr(operand)


class Step:
    """Base: a few lines of the program, which compute one block (or check something)."""

    def forward(self, to: Writer) -> None:
        """Write the lines that compute the block."""
        raise NotImplementedError

    def backward(self, to: Writer) -> None:
        """Write the lines that add to the gradients of the operands."""
        raise NotImplementedError


@dataclass(frozen=True)
class Elementwise(Step):
    """One operation, applied to each number of blocks."""

    block: Block
    kernel: Kernel
    operands: tuple[Operand, ...]

    def _texts(self) -> dict[str, str]:
        return dict(zip("ab", map(text_of, self.operands), strict=False))

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        z = self.block.name
        to.line(f"{z} = {self.kernel.forward.format(**self._texts())}", self.block)

    def backward(self, to: Writer) -> None:
        """Write what each operand gets of the gradient."""
        texts = {**self._texts(), "z": self.block.name, "d": to.gradient(self.block)}
        for operand, gradient in zip(self.operands, self.kernel.backward, strict=False):
            if gradient and isinstance(operand, Rows) and operand.block.takes_gradient:
                to.add_rows(
                    operand,
                    gradient.format(**texts),
                    n=self.block.n,
                    batched=self.block.batched,
                    fresh=gradient != "{d}",
                )


@dataclass(frozen=True)
class MatrixProduct(Step):
    """A layer: neurons that look at the same inputs, or at each of several lists of inputs.

    Row ``u * n_lists + v`` of the block is neuron u on the inputs of list v. The inputs are in the
    order of a matrix whose columns are the lists.
    """

    block: Block
    weights: Matrix
    inputs: Rows
    bias: Operand | None
    relu: bool
    n_lists: int
    weights_name: str
    bias_name: str

    def _inputs(self) -> str:
        width = self.inputs.n // self.n_lists
        return self.inputs.text + (f".reshape({width}, -1)" if self.n_lists > 1 else "")

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        text = f"{self.weights_name} @ {self._inputs()}"
        to.line(f"{self.weights_name} = {self.weights.block.name}{self.weights.index}")
        if self.bias is not None:
            to.line(f"{self.bias_name} = {text_of(self.bias)}")
            text += f" + {self.bias_name}"
        if self.relu:
            text = f"maximum({text}, 0.0)"
        if self.n_lists > 1:
            text = f"{in_brackets(text)}.reshape({self.block.n}, -1)"
        to.line(f"{self.block.name} = {text}", self.block)

    def backward(self, to: Writer) -> None:
        """Write what each operand gets of the gradient."""
        z, w, x, d = self.block.name, self.weights_name, self._inputs(), to.gradient(self.block)
        if self.relu:
            d = to.replace_gradient(self.block, f"where({z} == 0.0, 0.0, {d})")
        n = self.block.n // self.n_lists
        if self.n_lists > 1:
            z, d = (f"{name}.reshape({n}, -1)" for name in (z, d))
        by_parts = self.relu and to.by_parts
        if self.weights.block.takes_gradient:
            text = f"weights_by_parts({d}, {x}, {z} == 0.0)" if by_parts else f"{d} @ {x}.T"
            to.add_matrix(self.weights, text)
        if isinstance(self.bias, Rows) and self.bias.block.takes_gradient:
            to.add_rows(self.bias, f"{d}.sum(axis=1, keepdims=True)", n=n, batched=False)
        if self.inputs.block.takes_gradient:
            text = f"inputs_by_parts({w}, {d}, {z} == 0.0)" if by_parts else f"{w}.T @ {d}"
            if self.n_lists > 1:
                text = f"{in_brackets(text)}.reshape({self.inputs.n}, -1)"
            to.add_rows(self.inputs, text, n=self.inputs.n, batched=self.block.batched)


@dataclass(frozen=True)
class RowProducts(Step):
    """Neurons that share nothing: the k products of each are rows of two blocks."""

    block: Block
    left: Rows
    right: Rows
    bias: Operand | None
    relu: bool

    def _in_groups(self, rows: Rows) -> str:
        return f"{rows.text}.reshape({self.block.n}, {rows.n // self.block.n}, -1)"

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        left, right = self._in_groups(self.left), self._in_groups(self.right)
        text = f"({left} * {right}).sum(axis=1)"
        if self.bias is not None:
            text += f" + {text_of(self.bias)}"
        text = f"maximum({text}, 0.0)" if self.relu else text
        to.line(f"{self.block.name} = {text}", self.block)

    def backward(self, to: Writer) -> None:
        """Write what each operand gets of the gradient."""
        z, d = self.block.name, to.gradient(self.block)
        if self.relu:
            d = to.replace_gradient(self.block, f"where({z} == 0.0, 0.0, {d})")
        batched = self.block.batched
        for rows, other in ((self.left, self.right), (self.right, self.left)):
            if rows.block.takes_gradient:
                text = f"{d}[:, None] * {self._in_groups(other)}"
                if self.relu:  # neurons that were cut off pass nothing on, not even 0 * inf
                    text = f"where({z}[:, None] == 0.0, 0.0, {text})"
                text = f"{in_brackets(text)}.reshape({rows.n}, -1)"
                to.add_rows(rows, text, n=rows.n, batched=batched)
        if isinstance(self.bias, Rows) and self.bias.block.takes_gradient:
            to.add_rows(self.bias, d, n=self.block.n, batched=batched, fresh=False)


@dataclass(frozen=True)
class Squares(Step):
    """The sum of the squares of some rows: a dot product with itself."""

    block: Block
    operand: Rows

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        x = self.operand.text
        to.line(f"{self.block.name} = ({x} * {x}).sum(axis=0, keepdims=True)", self.block)

    def backward(self, to: Writer) -> None:
        """Write what each operand gets of the gradient."""
        if self.operand.block.takes_gradient:
            text = f"2.0 * ({to.gradient(self.block)} * {self.operand.text})"
            to.add_rows(self.operand, text, n=self.operand.n, batched=self.block.batched)


@dataclass(frozen=True)
class Sums(Step):
    """Sums of as many rows each."""

    block: Block
    operand: Rows

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        n, x = self.block.n, self.operand.text
        if n == 1:
            text = f"{x}.sum(axis=0, keepdims=True)"
        else:
            text = f"{x}.reshape({n}, {self.operand.n // n}, -1).sum(axis=1)"
        to.line(f"{self.block.name} = {text}", self.block)

    def backward(self, to: Writer) -> None:
        """Write what each operand gets of the gradient."""
        if self.operand.block.takes_gradient:
            text = f"{to.gradient(self.block)}.repeat({self.operand.n // self.block.n}, axis=0)"
            to.add_rows(self.operand, text, n=self.operand.n, batched=self.block.batched)


@dataclass(frozen=True)
class Gather(Step):
    """Rows of other blocks put together: for each block, (rows here, rows there)."""

    block: Block
    parts: tuple[tuple[Block, tuple[int, ...], tuple[int, ...]], ...]

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        to.line(f"{self.block.name} = empty({self.block.shape})", self.block)
        for source, here, there in self.parts:
            index = _index(to, self.block, here) or "[:]"
            to.line(f"{self.block.name}{index} = {source.name}{_index(to, source, there)}")

    def backward(self, to: Writer) -> None:
        """Write what each operand gets of the gradient."""
        batched = self.block.batched
        d = to.gradient(self.block)
        for source, here, there in self.parts:
            if not source.takes_gradient:
                continue
            text = d + _index(to, self.block, here)
            rows = even_rows(source, there)
            if rows:
                to.add_rows(rows, text, n=len(there), batched=batched, fresh=False)
                continue
            if batched and not source.batched:
                text += ".sum(axis=1, keepdims=True)"
            index = _index(to, source, there)
            if len(set(there)) == len(there):
                to.add(source, index, there, text)
            else:
                to.add_repeated(source, index[1:-1], there, text)


@dataclass(frozen=True)
class Guarding(Step):
    """Comparisons that must answer as they did when the function was traced; no gradient."""

    relation: str
    left: Operand
    right: Operand
    check: Check

    def forward(self, to: Writer) -> None:
        """Write the line that computes the block."""
        name = to.constant("check", self.check)
        to.line(f"{name}({text_of(self.left)}, {text_of(self.right)})")

    def backward(self, to: Writer) -> None:
        """Write nothing."""


def _index(to: Writer, block: Block, places: tuple[int, ...]) -> str:
    rows = even_rows(block, places)
    if rows:
        return rows.index
    name = to.constant("rows", np.array(places))
    return f"[{name}]"
