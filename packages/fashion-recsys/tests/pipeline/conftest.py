"""A toy graph whose stages count their runs and can be told to die."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fashion_recsys.pipeline.stage import Stage

TOY = '''
"""Stages of a toy graph; $TOY_FAULT is "STAGE FAULT"."""
import os
import signal
import time
from pathlib import Path

from fashion_recsys.errors import SettingError
from toy_helper import double


def _fault(context, place):
    name, _, fault = os.environ.get("TOY_FAULT", "").partition(" ")
    if name != place:
        return
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "kill the run":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    if fault == "wait":
        (context.scratch / "here").touch()
        time.sleep(60)
    if fault == "setting":
        raise SettingError("--depth: expected at least 1, found 0")
    if fault == "bug":
        print("about to divide")
        1 / 0
    if fault == "memory":
        raise MemoryError("7 PiB")
    if fault == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if fault == "exit":
        os._exit(3)
    if fault == "facts":
        return {"path": Path()}


def _write(context, value):
    """Write the number in two steps, with the fault between them."""
    runs = context.scratch / "runs"
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    (context.out / "half").write_text("half")
    context.progress("write", 0.5)
    wrong = _fault(context, context.params["name"])
    (context.out / "number").write_text(str(value))
    return wrong or {"rows": value, "attempts": len(runs.read_text()), "share": 0.5}


def _number(folder):
    return int((folder / "number").read_text())


def source(context):
    return _write(context, context.params["value"])


def doubled(context):
    return _write(context, double(_number(context.input("source"))))


def total(context):
    return _write(context, _number(context.input("source")) + _number(context.input("doubled")))


def thirsty(context):
    numbers = bytearray(context.params["mib"] * 2**20)
    return {"length": len(numbers)}
'''

Graph = Callable[..., list[Stage]]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return the module of the toy stages, which a stage's process can import."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "toy_stages.py").write_text(TOY)
    (folder / "toy_helper.py").write_text("def double(n):\n    return 2 * n\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("toy_stages")
    for name in ("toy_stages", "toy_helper"):
        sys.modules.pop(name, None)


@pytest.fixture
def graph(toy: ModuleType) -> Graph:
    """Return a function that makes source -> doubled -> total (of both)."""

    def make(value: int = 5, **extra: Any) -> list[Stage]:
        return [
            Stage("source", toy.source, {"name": "source", "value": value}, **extra),
            Stage("doubled", toy.doubled, {"name": "doubled"}, ("source",)),
            Stage("total", toy.total, {"name": "total"}, ("source", "doubled")),
        ]

    return make
