"""Noticing where a program looks at a Value's number instead of computing with it.

A comparison, ``bool(v)`` or ``float(v)`` takes a number out of the graph, and what the program
does next may depend on it. Whoever replays a graph with other numbers must know of these places:
where the answers differ, the program would have built another graph. Reading ``v.data`` is not
noticed.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from micrograd.engine import Value


class Look(NamedTuple):
    """One look: what was asked, of which node, compared with what, and the answer."""

    what: str
    """lt, le, gt, ge, eq, bool or float."""
    node: Value
    other: Value | float
    """The other side of a comparison; 0.0 for bool and float."""
    answer: float


_looks: ContextVar[list[Look] | None] = ContextVar("looks", default=None)


@contextmanager
def watch_looks() -> Iterator[list[Look]]:
    """Collect all looks, in order, while the block runs in this thread."""
    looks: list[Look] = []
    token = _looks.set(looks)
    try:
        yield looks
    finally:
        _looks.reset(token)


def note_look(what: str, node: Value, other: Value | float, answer: float) -> None:
    """Tell whoever watches."""
    looks = _looks.get()
    if looks is not None:
        looks.append(Look(what, node, other, answer))
