"""``nanogpt train`` and ``nanogpt train-mlp``."""

import io
import json
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import torch
from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import Train, TrainMLP
from nanogpt.commands.progress import TrainProgress
from nanogpt.data.config import CorpusConfig
from nanogpt.device import is_out_of_memory, pick_device
from nanogpt.errors import CheckpointError, ConfigError, MemoryShortError
from nanogpt.models.config import GPTConfig
from nanogpt.training.cost import memory_advice
from nanogpt.training.folder import LOG, PLOT
from nanogpt.training.initial import Initial, load_initial
from nanogpt.training.log import LogRecord
from nanogpt.training.parallel import Processes, local_device, started_processes
from nanogpt.training.retention import NEWEST
from nanogpt.training.run import Run
from nanogpt.training.tensorboard import tensorboard_log

C = TypeVar("C", bound=Train | TrainMLP)


def train(command: Train | TrainMLP, out: Console, err: Console) -> None:
    """Train as ``command`` says; report on ``out``, progress on ``err``.

    A run that a signal stopped is saved and reported like any other, and exits as that signal
    would have, so that a script does not take it for a finished one. Under torchrun the first
    process reports.
    """
    if command.threads is not None:
        if command.threads < 1:
            raise ConfigError(f"threads must be at least 1, got {command.threads}")
        torch.set_num_threads(command.threads)
    device = local_device(pick_device(command.device))
    with started_processes(device) as processes:
        if processes.rank:
            out = err = Console(file=io.StringIO())
        received = _train(command, device, processes, out, err)
    if received:
        sys.exit(128 + received[0])


def _train(
    command: Train | TrainMLP,
    device: torch.device,
    processes: Processes,
    out: Console,
    err: Console,
) -> list[int]:
    """Return the numbers of the signals that stopped the run, if any."""
    begin = time.perf_counter()
    with _explain_memory(lambda: "the model does not fit; lower --n-embd or --n-layer"):
        run = _open(command, device, processes)
    _announce(run, err)
    progress = TrainProgress(run.trainer.config.max_steps, err)
    with ExitStack() as stack:
        log = stack.enter_context(
            tensorboard_log(command.out, enabled=_writes(command, processes), step=run.trainer.step)
        )
        stack.enter_context(progress)
        received = stack.enter_context(_stop_on_signal(run, err))
        progress.begin(run.trainer.step)

        def on_record(record: LogRecord) -> None:
            progress.on_record(record)
            log(record)

        with _explain_memory(lambda: memory_advice(run.trainer)):
            records = run.train(progress.on_step, on_record, progress.on_sample)
    if not records:
        raise ConfigError(
            f"no step was made, and {command.out / LOG} holds no record of earlier ones"
        )
    last = records[-1]
    result = {
        "step": last.step,
        "train_loss": last.train_loss,
        "val_loss": last.val_loss,
        "tokens_per_second": last.step * run.trainer.tokens_per_step / last.seconds,
        "seconds": time.perf_counter() - begin,
        "checkpoint": str(command.out / NEWEST),
        "loss_curve": str(command.out / PLOT),
    }
    if command.json:
        out.out(json.dumps(result), highlight=False)
    else:
        _show(result, run, out)
    return [] if run.finished else received


@contextmanager
def _explain_memory(advice: Callable[[], str]) -> Iterator[None]:
    """Turn running out of memory into one line that says what to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryShortError(f"out of memory: {advice()}") from error


def _writes(command: Train | TrainMLP, processes: Processes) -> bool:
    return command.tensorboard and processes.rank == 0


def resumed(command: C, named: Namespace) -> C:
    """Return the configuration of the run that the flags ``named`` resume, as their defaults.

    Raises:
        CheckpointError: There is no run, or its checkpoint cannot be read.
        ConfigError: The run has a model of the other kind, or there are flags that only begin one.
    """
    for flag in ("preset", "config", "init_from"):
        if getattr(named, flag) is not None:
            raise ConfigError(
                f"--{flag.replace('_', '-')} begins a run, and --resume goes on with one; give "
                "either"
            )
    out = command.out if named.out is None else Path(named.out)
    saved = Checkpoint.load(out / NEWEST)
    if saved.model_config.kind != command.model.kind:
        raise ConfigError(
            f"{out / NEWEST} holds a model of kind '{saved.model_config.kind}', and this command "
            f"trains '{command.model.kind}'"
        )
    if not saved.training["optimizer"]:
        raise CheckpointError(
            f"{out / NEWEST} holds weights without a training run; begin one with --init-from "
            "and another --out"
        )
    # mypy cannot see that the kind was compared.
    return replace(
        command,
        data=saved.corpus,
        out=out,
        model=saved.model_config,  # type: ignore[arg-type]
        training=saved.train_config,
    )


def _open(command: Train | TrainMLP, device: torch.device, processes: Processes) -> Run:
    if command.resume:
        return _resume(command, device, processes)
    source = command.init_from if isinstance(command, Train) else None
    initial = None if source is None else load_initial(source)
    model, data = command.model, command.data
    if initial is not None:
        model = _shape_of(initial, command)
        data = replace(data, tokenizer=initial.tokenizer_kind)
    return Run.start(
        command.out,
        data,
        model_config=model,
        config=command.training,
        device=device,
        processes=processes,
        initial=initial,
    )


def _shape_of(initial: Initial, command: Train | TrainMLP) -> GPTConfig:
    """Return the shape that comes with the weights; flags may change its dropout only."""
    shape = initial.model_config
    if not isinstance(shape, GPTConfig):
        raise ConfigError(f"--init-from takes a GPT, and got a model of kind '{shape.kind}'")
    shape = replace(shape, dropout=command.model.dropout)
    if command.model not in (shape, GPTConfig(dropout=shape.dropout)):
        raise ConfigError(f"the weights have the shape {shape}; leave other flags of it out")
    if command.data.tokenizer not in (initial.tokenizer_kind, CorpusConfig().tokenizer):
        raise ConfigError(
            f"the weights have a tokenizer of kind '{initial.tokenizer_kind}'; leave --tokenizer "
            "out"
        )
    return shape


def _resume(command: Train | TrainMLP, device: torch.device, processes: Processes) -> Run:
    checkpoint = Checkpoint.load(command.out / NEWEST)
    if command.model != checkpoint.model_config:
        raise ConfigError(
            f"the shape of a model cannot change: {command.out / NEWEST} has "
            f"{checkpoint.model_config}; leave these flags out of --resume"
        )
    if command.data.tokenizer != checkpoint.corpus.tokenizer:
        raise ConfigError(
            f"the tokenizer of a run cannot change: {command.out / NEWEST} has "
            f"'{checkpoint.corpus.tokenizer}'; leave --tokenizer out of --resume"
        )
    return Run.resume(
        command.out,
        command.data,
        checkpoint,
        config=command.training,
        device=device,
        processes=processes,
    )


def _announce(run: Run, err: Console) -> None:
    trainer = run.trainer
    parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    processes = f", {run.processes.count} processes" if run.processes.count > 1 else ""
    err.print(
        f"{parameters:,} parameters on {trainer.device}{processes}; vocabulary of "
        f"{run.tokenizer.vocab_size:,}; {len(run.splits.train):,} tokens to train on, "
        f"{len(run.splits.val):,} to validate on",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _stop_on_signal(run: Run, err: Console) -> Iterator[list[int]]:
    """Turn the first Ctrl-C or SIGTERM into an orderly stop; the second one acts as usual.

    Yields:
        The numbers of the signals received; empty at first.
    """
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        run.stop()
        for caught, handler in before.items():
            signal.signal(caught, handler)
        err.print("stopping after this step; the checkpoint is saved")

    for number in before:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(result: dict[str, Any], run: Run, out: Console) -> None:
    rows = {
        "steps": f"{result['step']:,} of {run.trainer.config.max_steps:,}",
        "training loss": f"{result['train_loss']:.4f} nats per token",
        "validation loss": "not measured: the run was stopped"
        if result["val_loss"] is None
        else f"{result['val_loss']:.4f} nats per token, on the whole split",
        "speed": f"{result['tokens_per_second']:,.0f} tokens/s",
        "time": f"{result['seconds']:.1f} s, evaluation included",
        "checkpoint": result["checkpoint"],
        "loss curve": result["loss_curve"],
    }
    for name, value in rows.items():  # no table: it would cut a long path short
        out.print(f"{name:<17}{value}", markup=False, highlight=False, soft_wrap=True)
