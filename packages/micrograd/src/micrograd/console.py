"""What the commands print: a table for people or one JSON object, and progress on stderr."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(json.dumps(result) + "\n")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "") -> None:
    """Print a table on stdout, the first column to the left and numbers to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(head):
        table.add_column(name, justify="right" if i else "left")
    for row in rows:
        table.add_row(*row)
    console = _console()
    console.print(table)
    if caption:
        console.print(caption)


def report(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result on stdout: one row per entry, a list as one line each."""
    if as_json:
        print_json(result)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in result.items():
        lines = value if isinstance(value, list) else [value]
        table.add_row(name, "\n".join(_text(name, line) for line in lines))
    _console().print(table)


def fail(error: Exception) -> None:
    """Print the one line of an error on stderr."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print("[red]micrograd:[/]", Text(str(error)))


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr while the block runs, if a person watches; call the result per step."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _console() -> Console:
    """Return stdout. A path may hold what rich would take for markup, such as ``[/b]``."""
    # In a file or a pipe there is no edge to wrap at.
    return Console(width=None if sys.stdout.isatty() else 120, markup=False)


def _text(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{100.0 * value:.1f}%" if name.endswith("accuracy") else f"{value:.6g}"
    return str(value)
