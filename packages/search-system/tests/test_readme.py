"""What the README shows and no console block runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]


def test_the_library_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (PACKAGE / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("1 0.")


def test_the_speed_of_a_collection() -> None:
    """The README's figures come from real collections, by the same command."""
    command = [sys.executable, PACKAGE / "benchmarks" / "speed.py", "--json"]
    result = subprocess.run(
        [*command, PACKAGE / "examples" / "kitchen"], check=True, capture_output=True, text=True
    )
    assert '"engine": "bm25s (numpy)"' in result.stdout
