"""Progress as a function: long work reports a fraction, the command line draws the bar.

Library code takes a ``Progress`` and never prints. The bar goes to stderr, and only to a terminal,
so that a log file or a pipe stays clean.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Progress(Protocol):
    """Told which step is running and how much of it is done."""

    def __call__(self, step: str, fraction: float) -> None:
        """Report that ``fraction`` (0 to 1) of ``step`` is done."""


def silent(step: str, fraction: float) -> None:
    """Report nothing."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Draw one bar per step on stderr while the block runs."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, fraction: float) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=1.0)
        self._bars.update(self._tasks[step], completed=min(fraction, 1.0))
