"""The original micrograd, installed from PyPI into an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd.benchmark import workloads
from micrograd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PEER = "micrograd==0.1.0"


@contextmanager
def peer_environment() -> Iterator[Path]:
    """Make a temporary environment with the original; give the path of its Python.

    uv does it where there is one, else venv and pip.

    Raises:
        InputError: It cannot be installed.
    """
    with tempfile.TemporaryDirectory(prefix="micrograd-peer-") as folder:
        python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if uv := shutil.which("uv"):
            _install([uv, "venv", "--quiet", "--python", sys.executable, folder])
            _install([uv, "pip", "install", "--quiet", "--python", str(python), PEER])
        else:
            _install([sys.executable, "-m", "venv", folder])
            _install([str(python), "-m", "pip", "install", "--quiet", PEER])
        yield python


def measure(python: Path, workload: str, **request: Any) -> dict[str, Any]:
    """Run one of the `workloads` in a process of its own under the given Python.

    Raises:
        InputError: The process failed.
    """
    # -P and the clean path keep the script's own folder, which is in our package, from being found.
    done = subprocess.run(
        [str(python), "-P", workloads.__file__],
        input=json.dumps({"workload": workload, **request}),
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    if done.returncode:
        raise InputError(f"{workload} failed under {python}: {done.stderr.strip()[-300:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _install(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(
            f"cannot install {PEER} to compare with: {done.stderr.strip()[-300:]}; "
            "micrograd bench --no-peer measures this package alone"
        )
