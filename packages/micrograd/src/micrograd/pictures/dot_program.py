"""Finding a program that lays out graphs: Graphviz's ``dot``, or the one that pip installed.

The ``graphviz`` package only writes the DOT language; drawing needs a program. The system's ``dot``
is taken where there is one. Otherwise ``graphviz-pure``, a dependency of this package, provides it:
the same options, the same layout, no installation by hand.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import graphviz
from graphviz.backend import dot_command

from micrograd.errors import DrawingError

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_dot() -> Path:
    """Return the path of a layout program.

    The environment's folder of programs need not be on PATH: the installed package knows its files.

    Raises:
        DrawingError: There is none.
    """
    if system := shutil.which("dot"):
        return Path(system)
    try:
        files = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        program = Path(str(file.locate()))
        if program.stem == "graphviz-pure" and program.is_file():
            return program.resolve()
    raise DrawingError("drawing needs Graphviz; install it with: pip install graphviz-pure")


class Digraph(graphviz.Digraph):  # type: ignore[misc]  # graphviz publishes no types
    """A `graphviz.Digraph` that finds its layout program by itself, in notebooks too."""

    def pipe(self, *args: Any, **kwargs: Any) -> Any:
        """Return the drawing, bytes or text; arguments as in `graphviz.Digraph.pipe`."""
        with _found_program():
            return super().pipe(*args, **kwargs)

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Write the drawing to a file; arguments as in `graphviz.Digraph.render`."""
        with _found_program():
            path: str = super().render(*args, **kwargs)
        return path


@contextmanager
def _found_program() -> Iterator[None]:
    """Let the graphviz package start the program that we found; it has no argument for that."""
    before = dot_command.DOT_BINARY
    dot_command.DOT_BINARY = find_dot()
    try:
        yield
    except graphviz.CalledProcessError as error:
        raise DrawingError(f"{dot_command.DOT_BINARY} failed: {error.stderr!r}") from error
    finally:
        dot_command.DOT_BINARY = before
