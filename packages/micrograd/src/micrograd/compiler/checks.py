"""Checking that the function would take the same branches for the numbers of a call."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from micrograd.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.kernels import Array
    from micrograd.compiler.tracing import Guard

_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


class Check:
    """Comparisons of one kind, made once for each node of two blocks.

    Args:
        guards: What the function compared: the same relation with the same answer each time.
        batched: Whether there is a batch of rows.
    """

    def __init__(self, guards: Sequence[Guard], *, batched: bool) -> None:
        self.guards = guards
        self.batched = batched

    def __repr__(self) -> str:
        return f"comparison with {_SIGNS[self.guards[0].relation]} in {self.guards[0].where}"

    def __call__(self, left: Array | float, right: Array | float) -> None:
        """Compare; shapes (guards, B) or what broadcasts to it.

        Raises:
            TraceError: An answer differs from that in the trace.
        """
        first = self.guards[0]
        answers = getattr(operator, first.relation)(left, right)
        if (answers == first.answer).all():
            return
        i, row = (int(axis[0]) for axis in np.nonzero(answers != first.answer))
        shape = (len(self.guards), answers.shape[1])
        a, b = (float(np.broadcast_to(side, shape)[i, row]) for side in (left, right))
        place = f"in row {row}" if self.batched else "with these numbers"
        raise TraceError(
            f"the function takes another branch {place}: {self.guards[i].where} compares "
            f"{a!r} {_SIGNS[first.relation]} {b!r}, which was {first.answer} when the function was "
            "traced; compiled code cannot branch: use maximum, minimum or relu, or compile one "
            "function per branch"
        )
