"""Compilation of kernels: once, announced, kept, and possible where nothing can be kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
from numba import types
from search_system.scoring.kernels.compiled import inlined, kernel

@inlined
def double(x):
    return x + x

@kernel(types.int64, types.int64)
def quadruple(x):
    return double(double(x))

print(quadruple(3))
"""


def run(path: Path, **environment: str) -> tuple[str, str]:
    """Run a script that has a kernel; return its stdout and stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, str(path)],
        env=kept | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.slow
def test_the_first_start_compiles_and_says_so_and_the_second_does_not(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(MODULE)
    out, err = run(script)
    assert out == "12\n"
    assert err.count("\n") == 1
    assert "compiling the scoring kernels" in err
    assert run(script) == ("12\n", "")


@pytest.mark.slow
def test_without_a_writable_folder_it_compiles_each_time_and_says_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(MODULE)
    (tmp_path / "__pycache__").write_text("in the way of a folder")
    home = {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "LOCALAPPDATA": os.devnull}
    for _ in range(2):
        out, err = run(script, **home)
        assert out == "12\n"
        assert "compiling the scoring kernels" in err
        assert "cannot be kept" in err
        assert "NUMBA_CACHE_DIR" in err
    folder = tmp_path / "cache"
    assert "cannot be kept" not in run(script, NUMBA_CACHE_DIR=str(folder), **home)[1]
    assert run(script, NUMBA_CACHE_DIR=str(folder), **home) == ("12\n", "")
