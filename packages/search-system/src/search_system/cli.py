"""The command line: one subcommand per configuration dataclass, and errors in one line."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated

import tyro
from rich.markup import escape

from search_system.commands.demo import DemoConfig
from search_system.commands.evaluate import EvaluateConfig
from search_system.commands.index import IndexConfig
from search_system.commands.search import SearchConfig
from search_system.commands.train import TrainConfig
from search_system.commands.tune import TuneConfig
from search_system.commands.verify import VerifyConfig
from search_system.errors import SearchSystemError
from search_system.output import stderr

DESCRIPTION = """A search engine from raw documents to a ranked, explained, measured result list.

Start with: search-system demo

With your data: search-system index products.csv, then search-system search "usb c hub"
"""

Command = (
    Annotated[DemoConfig, tyro.conf.subcommand("demo")]
    | Annotated[IndexConfig, tyro.conf.subcommand("index")]
    | Annotated[SearchConfig, tyro.conf.subcommand("search")]
    | Annotated[EvaluateConfig, tyro.conf.subcommand("evaluate")]
    | Annotated[TuneConfig, tyro.conf.subcommand("tune")]
    | Annotated[TrainConfig, tyro.conf.subcommand("train")]
    | Annotated[VerifyConfig, tyro.conf.subcommand("verify")]
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; exit with code 2 and one line on stderr if its input is at fault."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        sys.stdout.write(f"search-system {version('search-system')}\n")
        return
    try:
        if hasattr(sys.stdout, "reconfigure"):  # what a terminal cannot print is no error
            sys.stdout.reconfigure(errors="backslashreplace")
        command: Command = tyro.cli(
            Command,
            args=arguments,
            prog="search-system",
            description=DESCRIPTION,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
        )
        command.run()
        sys.stdout.flush()
    except SearchSystemError as error:
        stderr().print(f"search-system: {escape(str(error))}", soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        stderr().print("search-system: interrupted")
        sys.exit(130)
    except BrokenPipeError:
        _flush_or_drop()  # the reader of a pipe, such as head, has seen enough
    except OSError as error:
        # What no part of the package foresees: a full disk behind stdout, a name too long.
        stderr().print(f"search-system: {escape(str(error))}", soft_wrap=True)
        _flush_or_drop()
        sys.exit(2)


def _flush_or_drop() -> None:
    """Write what is left for stdout, or forget it where that fails: Python would try at exit.

    Stdout stays what it was, for a program that calls `main` again.
    """
    with suppress(OSError):
        sys.stdout.flush()
        return
    with suppress(OSError):  # a program that calls `main` may have put there what has no descriptor
        descriptor = sys.stdout.fileno()
        kept, nowhere = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        with suppress(OSError):
            sys.stdout.flush()
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(nowhere)
