"""A store survives kill -9 at any moment."""

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import pytest

from search_system.store.recovery import verify_store
from search_system.store.snapshot import Snapshot, open_snapshot
from search_system.store.store import Store

Contents = Callable[[Snapshot], dict[str, Any]]

WORKER = Path(__file__).with_name("crash_worker.py")


@pytest.fixture(scope="module")
def worker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("crash_worker", WORKER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def worker_process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def kill_at_random(
    process: subprocess.Popen[str], order: list[Any], rng: random.Random
) -> tuple[int, int]:
    """Let the worker write to a folder and kill it; return how many operations were acknowledged.

    Of operations under another policy than always, only those up to the last commit count. The
    second number is that of the operations up to the last commit in any case.
    """
    stdin, stdout = (cast_pipe(pipe) for pipe in (process.stdin, process.stdout))
    stdin.write(json.dumps(order) + "\n")
    stdin.flush()
    lines = [stdout.readline().strip()]
    while not lines[-1].isdigit():  # the child may be quicker than its parent
        lines.append(stdout.readline().strip())
    child = int(lines[-1])
    lines.extend(stdout.readline().strip() for _ in range(rng.choice([0, 1, 5, 30, 60])))
    time.sleep(rng.random() * 0.01)
    os.kill(child, signal.SIGKILL)
    while lines[-1] != "killed":
        lines.append(stdout.readline().strip())
    acknowledged = [line for line in lines if line != "killed" and not line.isdigit()]
    n_committed = len(acknowledged)
    while n_committed and acknowledged[n_committed - 1] != "commit":
        n_committed -= 1
    return len(acknowledged) if order[2] == "always" else n_committed, n_committed


def cast_pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe
    return pipe


def check_prefix(
    worker: ModuleType, before: dict[str, Any], seed: int, acknowledged: int, found: dict[str, Any]
) -> None:
    """Check that what is found is the state after all acknowledged operations, or some more."""
    state = dict(before)
    for number, (kind, doc_id, document) in enumerate(worker.operations(seed)):
        if number >= acknowledged and state == found:
            return
        assert number < acknowledged + 500, f"seed {seed}: no state after {acknowledged} equals it"
        if kind == "add":
            state[doc_id] = document
        elif kind == "delete":
            state.pop(doc_id, None)


@pytest.mark.parametrize(
    "rounds", [pytest.param(20, id="20"), pytest.param(200, id="200", marks=pytest.mark.slow)]
)
def test_kill_at_random_points(
    tmp_path: Path,
    worker: ModuleType,
    worker_process: subprocess.Popen[str],
    rounds: int,
    contents: Contents,
) -> None:
    rng = random.Random(rounds)
    state: dict[str, Any] = {}
    for seed in range(rounds):
        fsync = rng.choice(["always", "commit"])
        order = [str(tmp_path), seed, fsync]
        acknowledged, committed = kill_at_random(worker_process, order, rng)
        if rng.random() < 0.5 and (tmp_path / "commit.json").exists():
            seen = contents(open_snapshot(tmp_path))  # a reader needs no recovery
            if committed:
                check_prefix(worker, state, seed, committed, seen)
        with Store.open(tmp_path, worker.SCHEMA, "never", config=worker.CONFIG) as store:
            found = contents(store.refresh())
            check_prefix(worker, state, seed, acknowledged, found)
            if rng.random() < 0.3:
                store.commit()
                assert contents(store.snapshot()) == found
        assert verify_store(tmp_path) == []
        state = found
