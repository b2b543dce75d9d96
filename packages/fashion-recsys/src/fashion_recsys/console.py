"""Where the commands print: results on stdout, everything else on stderr."""

import json
import sys
from typing import Any

from rich.console import Console, RenderableType


def show_json(result: dict[str, Any]) -> None:
    """Print a result as JSON, alone on stdout."""
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


def show(tables: RenderableType) -> None:
    """Print tables for people."""
    stdout().print(tables)


def say(text: str) -> None:
    """Print a line for people on stdout."""
    stdout().print(text, soft_wrap=True, markup=False)


def stdout() -> Console:
    """Return the console of results: 100 columns where there is no terminal, 80 at the least.

    A narrower terminal folds the lines; tables cut to its width would lose their figures.
    """
    console = Console(highlight=False)
    console.width = max(80, console.width) if console.is_terminal else 100
    return console


def fail(message: str) -> None:
    """Print one line of an error on stderr."""
    Console(stderr=True).print(
        f"fashion-recsys: {message}", style="red", markup=False, highlight=False, soft_wrap=True
    )


def tell(message: str) -> None:
    """Print a line about the progress of long work on stderr."""
    Console(stderr=True).print(message, style="dim", markup=False, highlight=False, soft_wrap=True)
