"""Start the process of a stage, listen to it, and say clearly how it ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from fashion_recsys.errors import FashionRecsysError, StageError
from fashion_recsys.pipeline.stage import Stage
from fashion_recsys.progress import Progress

_COMMAND = (sys.executable, "-m", "fashion_recsys.pipeline.worker")
_GRACE_SECONDS = 5.0
_ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads of LightGBM and torch that wait must sleep, not spin. On cores that other work shares,
spinning made the ranker's training 9 times as long (121 s against 13); on free ones it saves
little. What the user sets counts."""


def run_stage(
    stage: Stage,
    *,
    out: Path,
    scratch: Path,
    inputs: Mapping[str, Path],
    log: Path,
    lock: int,
    progress: Progress,
) -> dict[str, Any]:
    """Run a stage in its own process.

    Args:
        stage: the stage.
        out: empty folder for its results.
        scratch: folder for its unfinished work.
        inputs: output folder of every input.
        log: file that receives what the process prints.
        lock: file descriptor of the run's lock, which the process shares.
        progress: told what the stage reports, under the stage's name.

    Returns:
        ``facts``, ``cpu_seconds`` and ``peak_mib``.

    Raises:
        FashionRecsysError: the stage raised it.
        StageError: the stage failed otherwise, or its process ended without a result.
    """
    job = {
        "module": stage.run.__module__,
        "function": stage.run.__qualname__,
        "params": dict(stage.params),
        "inputs": {name: str(folder) for name, folder in inputs.items()},
        "out": str(out),
        "scratch": str(scratch),
        "path": sys.path,
    }
    with log.open("wb") as printed:
        # A group of its own: Ctrl-C reaches the run alone, which then ends the stage.
        process = subprocess.Popen(
            _COMMAND,
            env=_ENVIRONMENT | os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            text=True,
            encoding="utf-8",
            pass_fds=[lock],
            process_group=0,
        )
        try:
            return _result(stage, process, job, log, progress)
        finally:
            _end(process)


def _result(
    stage: Stage, process: subprocess.Popen[str], job: dict[str, Any], log: Path, progress: Progress
) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # If it died at once, the exit code tells how.
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    last = _listen(stage, process.stdout, progress)
    if "done" in last:
        done: dict[str, Any] = last["done"]
        return done
    if "error" in last:
        module, name, message = last["error"]
        error = getattr(import_module(module), name, StageError)(message)
        assert isinstance(error, FashionRecsysError)
        raise error
    failure = last.get("failure") or _ending(process.wait())
    raise StageError(
        f"stage {stage.name}: {failure}; see {log}. Finished stages are kept: run again to go on"
    )


def _listen(stage: Stage, messages: IO[str], progress: Progress) -> dict[str, Any]:
    """Pass progress on until the process closes its end; return its last other message."""
    last: dict[str, Any] = {}
    for line in messages:
        try:
            message = json.loads(line)
        except ValueError:
            break  # Cut off by a kill.
        if "progress" in message:
            step, fraction = message["progress"]
            progress(f"{stage.name}: {step}", fraction)
        else:
            last = message
    return last


def _ending(code: int) -> str:
    """Say how a process ended that sent no result, from its exit code."""
    if code >= 0:
        return f"its process ended with code {code} and no result"
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return f"its process was killed ({name}), as the system does when memory runs out"
    return f"its process crashed or was ended ({name})"


def _end(process: subprocess.Popen[str]) -> None:
    """Wait for a process that has reported; end one that has not."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
