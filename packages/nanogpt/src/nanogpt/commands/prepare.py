"""``nanogpt prepare``."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from nanogpt.commands.config import Prepare
from nanogpt.data.corpus import open_corpus
from nanogpt.data.prepare import OnProgress
from nanogpt.data.prepare import prepare as prepare_corpus
from nanogpt.data.shards import Prepared, Shard
from nanogpt.errors import ConfigError


def prepare(command: Prepare, out: Console, err: Console) -> None:
    """Tokenize as ``command`` says; report on ``out``, progress on ``err``."""
    workers = command.workers if command.workers is not None else _cores()
    if workers < 1:
        raise ConfigError(f"workers must be at least 1, got {workers}")
    if command.verify:
        prepared, anew, seconds = _verified(command)
    else:
        prepared, anew, seconds = _prepared(command, workers, err)
    result = {
        "folder": str(command.out),
        "tokenizer": prepared.job.tokenizer,
        "vocab_size": prepared.job.vocab_size,
        "documents": prepared.documents,
        "bytes": prepared.bytes,
        "tokens": prepared.tokens,
        "bytes_per_token": prepared.bytes / prepared.tokens,
        "shards": len(prepared.shards),
        "shards_kept": len(prepared.shards) - len(anew),
        "seconds": seconds,
        "megabytes_per_second": sum(shard.bytes for shard in anew) / 1e6 / seconds,
    }
    if command.json:
        out.out(json.dumps(result), highlight=False)
    else:
        _show(result, out)


def _prepared(
    command: Prepare, workers: int, err: Console
) -> tuple[Prepared, Sequence[Shard], float]:
    """Return the folder's contents, the shards made now, and the seconds that it took."""
    begin = time.perf_counter()
    size = open_corpus(command.data).size
    try:
        with _progress(size, err) as on_progress:
            prepared, anew = prepare_corpus(
                command.data, command.out, workers=workers, on_progress=on_progress
            )
    except KeyboardInterrupt:
        err.print("stopped; the same command goes on from here")
        raise
    return prepared, anew, time.perf_counter() - begin


def _verified(command: Prepare) -> tuple[Prepared, Sequence[Shard], float]:
    """Return the contents of a finished folder, all of whose files are as they were written."""
    begin = time.perf_counter()
    prepared = Prepared.open(command.out)
    prepared.verify()
    return prepared, (), time.perf_counter() - begin


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _progress(size: int, console: Console) -> Iterator[OnProgress]:
    """Draw a bar over the ``size`` bytes of the corpus, first to learn from, then to tokenize."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        refresh_per_second=4,
        disable=not console.is_terminal,
    ) as bar:
        tasks = {
            "learn": bar.add_task("learning the tokenizer", total=None, visible=False),
            "tokenize": bar.add_task("tokenizing", total=size, visible=False),
        }

        def on_progress(phase: str, count: int) -> None:
            bar.update(tasks[phase], advance=count, visible=True)

        yield on_progress


def _show(result: dict[str, Any], out: Console) -> None:
    kept = result["shards_kept"]
    rows = {
        "tokenizer": f"{result['tokenizer']}, vocabulary of {result['vocab_size']:,}",
        "documents": f"{result['documents']:,}",
        "bytes": f"{result['bytes']:,}",
        "tokens": f"{result['tokens']:,}, {result['bytes_per_token']:.2f} bytes each",
        "shards": f"{result['shards']:,}"
        + (f", {kept:,} of them kept from before" if kept else ""),
        "time": f"{result['seconds']:.1f} s, {result['megabytes_per_second']:.1f} MB/s",
        "folder": result["folder"],
    }
    for name, value in rows.items():  # no table: it would cut a long path short
        out.print(f"{name:<12}{value}", markup=False, highlight=False, soft_wrap=True)
