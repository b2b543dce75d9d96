"""Writing code: lines, names, constants, and the adding up of gradients."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from micrograd.compiler.blocks import Block, Matrix, Rows


class Names:
    """Hands out names that are not in use."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._used = set(reserved)
        self._count: Counter[str] = Counter()

    def exactly(self, name: str) -> str:
        """Return this name, with an underscore where it is in use."""
        while name in self._used:
            name += "_"
        self._used.add(name)
        return name

    def numbered(self, stem: str) -> str:
        """Return the stem with the next number."""
        self._count[stem] += 1
        return self.exactly(f"{stem}{self._count[stem]}")


class Writer:
    """The lines of one function.

    Args:
        names: For names that the code needs.
        constants: What the code refers to by name; grows while it is written.
        by_parts: Write matrix gradients so that they are exact where numbers are not finite.
    """

    def __init__(self, names: Names, constants: dict[str, Any], *, by_parts: bool = False) -> None:
        self.names = names
        self.constants = constants
        self.by_parts = by_parts
        self.lines: list[str] = []
        self._gradients: dict[Block, str] = {}
        self._touched: dict[Block, set[int]] = {}
        self._shared: set[Block] = set()  # whose gradient may be that of another block, or a view

    def line(self, text: str, block: Block | None = None) -> None:
        """Write a line, with the shape of its result as a comment."""
        self.lines.append(f"{text:<68}  # {block.shape}" if block else text)

    def constant(self, stem: str, content: object) -> str:
        """Return a name for something that the code refers to."""
        name = self.names.numbered(stem)
        self.constants[name] = content
        return name

    # --- gradients -------------------------------------------------------------------------------

    def gradient(self, block: Block) -> str:
        """Return the name of a block's gradient; zeros if nothing was added to it."""
        if block not in self._gradients:
            name = self._new_gradient(block)
            self.line(f"{name} = zeros({block.shape})")
        return self._gradients[block]

    def has_gradient(self, block: Block) -> bool:
        """Return whether anything was added to the gradient of a block."""
        return block in self._gradients

    def replace_gradient(self, block: Block, text: str) -> str:
        """Write a line that computes the gradient anew; return its name."""
        name = self.gradient(block)
        self.line(f"{name} = {text}", block)
        return name

    def add_rows(self, rows: Rows, text: str, *, n: int, batched: bool, fresh: bool = True) -> None:
        """Add to the gradient of some rows; `text` computes n rows of numbers, per row or not.

        Where the rows are one row for all n, or have no batch, they take the sum. `fresh` says that
        `text` makes a new array.
        """
        axes = [n > 1 and rows.step == 0, batched and not rows.block.batched]
        if any(axes):
            axis = "" if all(axes) else f"axis={axes.index(True)}, "
            text, fresh = f"{in_brackets(text)}.sum({axis}keepdims=True)", True
        self.add(rows.block, rows.index, rows.touched, text, fresh=fresh)

    def add_matrix(self, matrix: Matrix, text: str) -> None:
        """Add to the gradient of the entries of a matrix."""
        index = matrix.index if matrix.index.endswith("]") else matrix.index + "[:]"
        self.add(matrix.block, index, matrix.touched, text)

    def add(
        self, block: Block, index: str, places: Iterable[int], text: str, *, fresh: bool = True
    ) -> None:
        """Add to the gradient of a part of a block; to all of it where `index` is empty."""
        if index:
            self._add_part(block, index, set(places), text)
        elif block not in self._gradients:
            name = self._new_gradient(block)
            self._touched[block] = set(range(block.n))
            self.line(f"{name} = {text}", block)
            if not fresh:
                self._shared.add(block)
        else:
            name = self._own_gradient(block)
            self._touched[block] = set(range(block.n))
            self.line(f"{name} += {text}")

    def add_repeated(self, block: Block, index: str, places: Iterable[int], text: str) -> None:
        """Add to the gradient of rows of which some occur several times."""
        self._touched.setdefault(block, set()).update(places)
        self.line(f"add.at({self._own_gradient(block)}, {index}, {text})")

    def _add_part(self, block: Block, index: str, places: set[int], text: str) -> None:
        name = self._own_gradient(block)
        touched = self._touched[block]
        self.line(f"{name}{index} {'=' if touched.isdisjoint(places) else '+='} {text}")
        touched |= places

    def _own_gradient(self, block: Block) -> str:
        """Return the name of a block's gradient that may be changed in place."""
        name = self.gradient(block)
        if block in self._shared:
            self._shared.remove(block)
            self.line(f"{name} = {name}.copy()")
        return name

    def _new_gradient(self, block: Block) -> str:
        name = self._gradients[block] = self.names.exactly(f"d_{block.name}")
        self._touched.setdefault(block, set())
        return name


def in_brackets(text: str) -> str:
    """Return an expression so that a method can be called on it."""
    return text if re.fullmatch(r"\w+", text) else f"({text})"
