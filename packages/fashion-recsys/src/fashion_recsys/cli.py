"""The command line: one subcommand per configuration in ``config``.

A command's module is imported when it runs, because polars takes half a second to import, and
``--help`` or a mistyped flag should not wait for it.
"""

import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import tyro

from fashion_recsys.config import (
    AnnReport,
    Baselines,
    Demo,
    Evaluate,
    Ingest,
    Recommend,
    Run,
    Submit,
    Synth,
)
from fashion_recsys.console import fail
from fashion_recsys.errors import FashionRecsysError

_DESCRIPTION = """A multi-stage recommender for fashion: from raw CSV files to a measured ranking.

Start with: fashion-recsys demo

With the real H&M data: fashion-recsys run --data DIR
"""

_Config = Demo | Run | Ingest | Evaluate | Baselines | Recommend | Submit | AnnReport | Synth
_Command = (
    Annotated[Demo, tyro.conf.subcommand("demo")]
    | Annotated[Run, tyro.conf.subcommand("run")]
    | Annotated[Ingest, tyro.conf.subcommand("ingest")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Baselines, tyro.conf.subcommand("baselines")]
    | Annotated[Recommend, tyro.conf.subcommand("recommend")]
    | Annotated[Submit, tyro.conf.subcommand("submit")]
    | Annotated[AnnReport, tyro.conf.subcommand("ann-report")]
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
    try:
        config: _Config = tyro.cli(
            _Command,
            prog="fashion-recsys",
            description=_DESCRIPTION,
            args=arguments,
            config=(tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff),
        )
        module = re.sub("(?<!^)(?=[A-Z])", "_", type(config).__name__).lower()
        import_module(f"fashion_recsys.commands.{module}").run(config)
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
