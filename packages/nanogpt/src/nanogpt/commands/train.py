"""``nanogpt train``."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import Train
from nanogpt.commands.progress import TrainProgress
from nanogpt.data.corpus import read_corpus
from nanogpt.device import pick_device
from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.training.run import CHECKPOINT, LOG, PLOT, Corpus, Run


def train(command: Train, out: Console, err: Console) -> None:
    """Train as ``command`` says; report on ``out``, progress on ``err``.

    A run that a signal stopped is saved and reported like any other, and exits as that signal
    would have, so that a script does not take it for a finished one.
    """
    if command.threads is not None:
        if command.threads < 1:
            raise ConfigError(f"threads must be at least 1, got {command.threads}")
        torch.set_num_threads(command.threads)
    begin = time.perf_counter()
    run = _open(command)
    _announce(run, err)
    progress = TrainProgress(run.trainer.config.max_steps, err)
    with progress, _stop_on_signal(run, err) as received:
        progress.begin(run.trainer.step)
        records = run.train(progress.on_step, progress.on_record)
    if not records:
        raise ConfigError(
            f"no step was made, and {command.out / LOG} holds no record of earlier ones"
        )
    last = records[-1]
    result = {
        "step": last.step,
        "train_loss": last.train_loss,
        "val_loss": last.val_loss,
        "tokens_per_second": last.step * _tokens_per_step(run) / last.seconds,
        "seconds": time.perf_counter() - begin,
        "checkpoint": str(command.out / CHECKPOINT),
        "loss_curve": str(command.out / PLOT),
    }
    if command.json:
        out.out(json.dumps(result), highlight=False)
    else:
        _show(result, run, out)
    if received:
        sys.exit(128 + received[0])


def resumed(command: Train) -> Train:
    """Return the configuration of the run that ``command`` resumes, as defaults for its flags."""
    saved = Checkpoint.load(command.out / CHECKPOINT)
    if not isinstance(saved.model_config, GPTConfig):
        raise ConfigError(f"{command.out / CHECKPOINT} holds a {saved.model_config.kind}, no GPT")
    return Train(
        corpus=saved.corpus,
        out=command.out,
        model=saved.model_config,
        training=saved.train_config,
    )


def _open(command: Train) -> Run:
    device = pick_device(command.device)
    corpus = Corpus(command.corpus, read_corpus(command.corpus))
    if not command.resume:
        return Run.start(
            command.out,
            corpus,
            model_config=command.model,
            config=command.training,
            device=device,
        )
    checkpoint = Checkpoint.load(command.out / CHECKPOINT)
    if command.model != checkpoint.model_config:
        raise ConfigError(
            f"the shape of a model cannot change: {command.out / CHECKPOINT} has "
            f"{checkpoint.model_config}; leave these flags out of --resume"
        )
    return Run.resume(command.out, corpus, checkpoint, config=command.training, device=device)


def _tokens_per_step(run: Run) -> int:
    return run.trainer.config.batch_size * run.trainer.model.config.block_size


def _announce(run: Run, err: Console) -> None:
    trainer = run.trainer
    parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    err.print(
        f"{parameters:,} parameters on {trainer.device}; vocabulary of {run.tokenizer.vocab_size}; "
        f"{len(run.splits.train):,} tokens to train on, {len(run.splits.val):,} to validate on",
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
