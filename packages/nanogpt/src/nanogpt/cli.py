"""The command line: a subcommand per configuration of ``commands/config.py``.

The parts that need torch are imported by the command that needs them, so that ``--help`` and a
mistyped flag answer at once.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import tyro
from rich.console import Console

from nanogpt.commands.config import Estimate, Export, ImportGPT2, Sample, Train
from nanogpt.errors import NanogptError

Command = Train | Sample | ImportGPT2 | Export | Estimate
_Command = (
    Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Sample, tyro.conf.subcommand("sample")]
    | Annotated[ImportGPT2, tyro.conf.subcommand("import-gpt2")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Estimate, tyro.conf.subcommand("estimate")]
)
_FUNCTIONS = {
    Train: "nanogpt.commands.train:train",
    Sample: "nanogpt.commands.sample:sample",
    ImportGPT2: "nanogpt.commands.import_gpt2:import_gpt2",
    Export: "nanogpt.commands.export:export",
    Estimate: "nanogpt.commands.estimate:estimate",
}
"""What each command runs; imported when it is asked for, see above."""
_DESCRIPTION = """GPT-2 from scratch: train a small GPT on any text, then let it write.

nanogpt train && nanogpt sample --prompt "ROMEO:"
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line on ``argv``, or on the process's own arguments.

    Exits with code 2 and one line on stderr when the input is at fault.
    """
    _wait_without_spinning()
    arguments = list(sys.argv[1:] if argv is None else argv)
    out, err = Console(), Console(stderr=True)
    if arguments == ["--version"]:
        out.print(f"nanogpt {version('nanogpt')}", highlight=False)
        return
    try:
        _run(_parse(arguments), out, err)
    except NanogptError as error:
        err.print(f"nanogpt: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        err.print(
            "nanogpt: out of memory; a smaller --batch-size, --block-size, --n-layer or --n-embd "
            "needs less",
            highlight=False,
            soft_wrap=True,
        )
        sys.exit(2)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        # What is still buffered would fail once more when Python closes its output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _wait_without_spinning() -> None:
    # A model this small meets a barrier of torch's threads every few microseconds. GNU OpenMP spins
    # there up to 300,000 times before it sleeps; where another program has the core that the last
    # thread waits for, that slowed training many times over. It reads this once, before torch
    # is imported. The price: on two free cores, training took its steps at 0.78 of the speed.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _out_of_memory(error: Exception) -> bool:
    # On the CPU torch raises a plain RuntimeError; its GPU error is a RuntimeError as well.
    text = str(error)
    return isinstance(error, MemoryError) or "allocate memory" in text or "out of memory" in text


def _parse(arguments: list[str]) -> Command:
    command = tyro.cli(
        _Command,
        prog="nanogpt",
        description=_DESCRIPTION,
        args=arguments,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
    )
    if isinstance(command, Train) and command.resume:
        from nanogpt.commands.train import resumed  # noqa: PLC0415  torch, see above

        return tyro.cli(
            Train,
            prog="nanogpt train",
            args=arguments[1:],
            default=resumed(command),
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
        )
    return command


def _run(command: Command, out: Console, err: Console) -> None:
    module, name = _FUNCTIONS[type(command)].split(":")
    getattr(import_module(module), name)(command, out, err)
