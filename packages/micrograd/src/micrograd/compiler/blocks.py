"""Blocks: the arrays of the compiled program, and views of their rows.

A block holds nodes of one kind, one per row; its columns are the rows of the batch, so that its
shape is (nodes, B), or (nodes, 1) where the batch plays no part. NumPy's broadcasting then does
the right thing wherever the two meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, eq=False)
class Block:
    """An array of the compiled program."""

    name: str
    n: int
    """Nodes: the size of the first axis."""
    batched: bool
    """Whether the second axis is the batch; otherwise its size is 1."""
    takes_gradient: bool = False

    @property
    def shape(self) -> str:
        """The shape as code."""
        return f"({self.n}, {'B' if self.batched else 1})"


@dataclass(frozen=True)
class Rows:
    """Evenly spaced rows of a block; one row for all where `step` is 0."""

    block: Block
    start: int
    step: int
    n: int

    @property
    def text(self) -> str:
        """The rows as code."""
        return self.block.name + self.index

    @property
    def index(self) -> str:
        """The part of the code in brackets; empty for the whole block."""
        n = self.n if self.step else 1
        whole = n == self.block.n and self.step <= 1
        return "" if whole else slice_text(self.start, self.step or 1, n)

    @property
    def touched(self) -> Iterator[int]:
        """The places of the rows in the block."""
        return (self.start + i * self.step for i in range(self.n if self.step else 1))


@dataclass(frozen=True)
class Matrix:
    """A matrix whose entries are rows of a block with one column, such as a layer's weights.

    Neurons keep weights and bias together, so the matrix is a part of the columns of a wider one:
    ``block[start:stop].reshape(n, stride)[:, offset:offset + k]``.
    """

    block: Block
    start: int
    n: int
    stride: int
    offset: int
    k: int
    transposed: bool

    @property
    def index(self) -> str:
        """The part of the code after the block's name."""
        rows = Rows(self.block, self.start, 1, self.n * self.stride).index
        columns = f"[:, {self.offset or ''}:{self.offset + self.k}]" if self.k < self.stride else ""
        transpose = ".T" if self.transposed else ""
        return f"{rows}.reshape({self.n}, {self.stride}){columns}{transpose}"

    @property
    def touched(self) -> Iterator[int]:
        """The places of the entries in the block."""
        first = self.start + self.offset
        return (first + i * self.stride + j for i in range(self.n) for j in range(self.k))


def even_rows(block: Block, places: Sequence[int]) -> Rows | None:
    """Return these rows of a block if they are evenly spaced, in ascending order."""
    n, start = len(places), places[0]
    step = places[1] - start if n > 1 else 1
    if step < 0 or any(p != start + i * step for i, p in enumerate(places)):
        return None
    return Rows(block, start, step, n)


def matrix_in(block: Block, places: Sequence[int], n: int, k: int) -> Matrix | None:
    """Return the (n, k) matrix of these rows of a block, in row-major order, if there is one."""
    table = np.array(places).reshape(n, k)
    if n > 1 and k > 1 and table[0, 1] != table[0, 0] + 1:
        flipped = _matrix_in(block, table.T, transposed=True)
        if flipped:
            return flipped
    return _matrix_in(block, table, transposed=False)


def _matrix_in(block: Block, table: np.ndarray, *, transposed: bool) -> Matrix | None:
    (n, k), first = table.shape, int(table[0, 0])
    stride = int(table[1, 0]) - first if n > 1 else k
    expected = first + stride * np.arange(n)[:, None] + np.arange(k)
    # The wider matrix must lie within the block, so it may have to begin before the first entry.
    offset = max(0, first + n * stride - block.n)
    if stride < k or offset > min(first, stride - k) or not np.array_equal(table, expected):
        return None
    return Matrix(block, first - offset, n, stride, offset, k, transposed)


def slice_text(start: int, step: int, n: int) -> str:
    """Return evenly spaced rows as code."""
    stop = start + (n - 1) * step + 1
    return f"[{start}:{stop}]" if step == 1 else f"[{start}:{stop}:{step}]"
