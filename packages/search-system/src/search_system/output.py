"""Where the command line's output goes: results to stdout, progress and notes to stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

T = TypeVar("T")


class _ResultConsole(Console):
    """A console that leaves a closed pipe to `search_system.cli.main`; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - rich calls this inside its handler


def stdout() -> Console:
    """Return the console for results."""
    return _ResultConsole(highlight=False)


def stderr() -> Console:
    """Return the console for progress, notes and errors."""
    return Console(stderr=True, highlight=False)


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """Yield items under a progress bar on stderr, which only a terminal shows."""
    console = stderr()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *([BarColumn()] if total is not None else []),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield from progress.track(items, total=total, description=what)


@contextmanager
def counting(what: str, unit: str) -> Iterator[Callable[[], None]]:
    """Show on stderr, on a terminal, how often the function was called that this yields."""
    console = stderr()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} " + unit),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda: progress.advance(task)


def counted(n: int, noun: str) -> str:
    """Return a number of things in words: 1 segment, 2 segments."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def print_indented(console: Console, text: Text, indent: int) -> None:
    """Print a text with an indent: wrapped on a terminal, in one line for a program."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent).append(text), soft_wrap=True)


def print_json(value: Any) -> None:
    """Write a value to stdout as JSON, in ASCII: documents may hold what no encoding can print."""
    sys.stdout.write(json.dumps(value, indent=1, allow_nan=False) + "\n")
