"""The command line: one subcommand per configuration in ``config``.

A command's module is imported when it runs, because polars takes half a second to import, and
``--help`` or a mistyped flag should not wait for it.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import tyro

from fashion_recsys.config import Demo, Evaluate, Ingest, Synth
from fashion_recsys.console import fail
from fashion_recsys.errors import FashionRecsysError

_DESCRIPTION = """A multi-stage recommender for fashion: from raw CSV files to a measured ranking.

Start with: fashion-recsys demo

With the real H&M data: fashion-recsys ingest DIR, then fashion-recsys evaluate
"""

_Command = (
    Annotated[Demo, tyro.conf.subcommand("demo")]
    | Annotated[Ingest, tyro.conf.subcommand("ingest")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Synth, tyro.conf.subcommand("synth")]
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command on ``argv``, or on the process's own arguments.

    Exits with code 2 and one line on stderr when the input is at fault.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        sys.stdout.write(f"fashion-recsys {version('fashion-recsys')}\n")
        return
    config: Demo | Ingest | Evaluate | Synth = tyro.cli(
        _Command,
        prog="fashion-recsys",
        description=_DESCRIPTION,
        args=arguments,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
    )
    try:
        import_module(f"fashion_recsys.commands.{type(config).__name__.lower()}").run(config)
        sys.stdout.flush()
    except FashionRecsysError as error:
        fail(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        fail("interrupted; nothing half-written is left")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError as error:
        fail(f"not enough memory ({error}); give smaller numbers, or use a larger machine")
        sys.exit(2)
    except OSError as error:
        fail(f"cannot read or write: {error}")
        sys.exit(2)
