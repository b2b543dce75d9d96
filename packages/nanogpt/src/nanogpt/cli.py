"""The command line: a subcommand per configuration of ``commands/config.py``.

The parts that need torch are imported by the command that needs them, so that ``--help`` and a
mistyped flag answer at once.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, TypeVar

import tyro
from rich.console import Console

from nanogpt.commands.config import (
    Estimate,
    Evaluate,
    Export,
    ImportGPT2,
    Prepare,
    Sample,
    Train,
    TrainMLP,
)
from nanogpt.commands.layers import layered, peek
from nanogpt.errors import NanogptError

Command = Train | TrainMLP | Sample | Prepare | Evaluate | ImportGPT2 | Export | Estimate
_Command = (
    Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[TrainMLP, tyro.conf.subcommand("train-mlp")]
    | Annotated[Sample, tyro.conf.subcommand("sample")]
    | Annotated[Prepare, tyro.conf.subcommand("prepare")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[ImportGPT2, tyro.conf.subcommand("import-gpt2")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Estimate, tyro.conf.subcommand("estimate")]
)
_FUNCTIONS = {
    Train: "nanogpt.commands.train:train",
    TrainMLP: "nanogpt.commands.train:train",
    Sample: "nanogpt.commands.sample:sample",
    Prepare: "nanogpt.commands.prepare:prepare",
    Evaluate: "nanogpt.commands.evaluate:evaluate",
    ImportGPT2: "nanogpt.commands.import_gpt2:import_gpt2",
    Export: "nanogpt.commands.export:export",
    Estimate: "nanogpt.commands.estimate:estimate",
}
"""What each command runs; imported when it is asked for, see above."""
_LAYERED: dict[str, Train | TrainMLP | Estimate] = {
    "train": Train(),
    "train-mlp": TrainMLP(),
    "estimate": Estimate(),
}
"""Commands whose defaults a preset or a file may change."""
L = TypeVar("L", bound=Train | TrainMLP | Estimate)
BUSY_LOAD = 0.5
"""Programs that ran at a time, on average over a minute, above which the machine counts as busy."""
_STYLE = (tyro.conf.OmitArgPrefixes,)
_DESCRIPTION = """GPT-2 from scratch: train a small GPT on any text, then let it write.

nanogpt train && nanogpt sample --prompt "ROMEO:"
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line on ``argv``, or on the process's own arguments.

    Exits with code 2 and one line on stderr when the input is at fault.
    """
    _wait_without_spinning()
    arguments = list(sys.argv[1:] if argv is None else argv)
    out = Console()
    err = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")  # one of torchrun's
    if arguments == ["--version"]:
        out.print(f"nanogpt {version('nanogpt')}", highlight=False)
        return
    try:
        _run(_parse(arguments), out, err)
    except NanogptError as error:
        err.print(f"nanogpt: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except (MemoryError, RuntimeError) as error:
        from nanogpt.device import is_out_of_memory  # noqa: PLC0415  torch, see above

        if not is_out_of_memory(error):
            raise
        err.print("nanogpt: out of memory", highlight=False)
        sys.exit(2)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        # What is still buffered would fail once more when Python closes its output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _wait_without_spinning() -> None:
    # A model this small meets a barrier of torch's threads every few microseconds. GNU OpenMP spins
    # there up to 300,000 times before it sleeps, which is fastest on free cores; but where another
    # program has the core that the last thread waits for, it slows training many times over. So
    # the threads sleep early where the machine has been busy in the last minute. OpenMP reads this
    # once, before torch is imported.
    if "OMP_WAIT_POLICY" in os.environ or not hasattr(os, "getloadavg"):
        return
    if os.getloadavg()[0] > BUSY_LOAD:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _parse(arguments: list[str]) -> Command:
    if not arguments or arguments[0] not in _LAYERED:
        return tyro.cli(
            _Command, prog="nanogpt", description=_DESCRIPTION, args=arguments, config=_STYLE
        )
    name, *flags = arguments
    command = _LAYERED[name]
    if not isinstance(command, Estimate) and peek(flags).resume:
        from nanogpt.commands.train import resumed  # noqa: PLC0415  torch, see above

        return _parse_over(resumed(command, peek(flags)), name, flags)
    return _parse_over(layered(command, flags), name, flags)


def _parse_over(defaults: L, name: str, flags: list[str]) -> L:
    """Return ``defaults`` with what ``flags`` change."""
    return tyro.cli(
        type(defaults), prog=f"nanogpt {name}", args=flags, default=defaults, config=_STYLE
    )


def _run(command: Command, out: Console, err: Console) -> None:
    module, name = _FUNCTIONS[type(command)].split(":")
    getattr(import_module(module), name)(command, out, err)
