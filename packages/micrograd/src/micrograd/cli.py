"""The command line: one subcommand per configuration dataclass in `commands`."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import TYPE_CHECKING

import tyro

from micrograd.commands import bench, draw, gradcheck, reproduce, train
from micrograd.console import fail
from micrograd.errors import MicrogradError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DESCRIPTION = """\
A scalar autograd engine and neural networks on it, small enough to read in an evening.

Start with: micrograd train moons
"""

_COMMANDS: dict[str, tuple[type, Callable[..., int]]] = {
    "train": (train.Train, train.run),
    "draw": (draw.Draw, draw.run),
    "bench": (bench.Bench, bench.run),
    "gradcheck": (gradcheck.Gradcheck, gradcheck.run),
    "reproduce": (reproduce.Reproduce, reproduce.run),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run one subcommand; exit with code 2 and one line on stderr if its input is bad."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments == ["--version"]:
        sys.stdout.write(f"micrograd {metadata.version('micrograd')}\n")
        return
    try:
        config = tyro.extras.subcommand_cli_from_dict(
            {name: command for name, (command, _run) in _COMMANDS.items()},
            prog="micrograd",
            description=_DESCRIPTION,
            args=arguments,
        )
        run = next(run for command, run in _COMMANDS.values() if type(config) is command)
        code = run(config)
    except MicrogradError as error:
        fail(error)
        code = 2
    except KeyboardInterrupt:
        code = 130
    if code:
        sys.exit(code)
