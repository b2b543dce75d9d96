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


@pytest.mark.parametrize(
    ("script", "argument", "expected"),
    [
        ("speed.py", PACKAGE / "examples" / "kitchen", "bm25s (numpy)"),
        ("scale.py", "500", "500 documents, "),
    ],
)
def test_the_measurements_of_the_figures_run(script: str, argument: object, expected: str) -> None:
    """The README's figures come from more documents, by the same commands."""
    command = [sys.executable, PACKAGE / "benchmarks" / script, str(argument)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert expected in result.stdout


@pytest.mark.slow
def test_the_measurement_of_throughput_runs() -> None:
    pytest.importorskip("tantivy", reason="a peer of the bench group, not installed")
    command = [sys.executable, PACKAGE / "benchmarks" / "throughput.py"]
    options = ["--documents", "300", "--queries", "20", "--rounds", "1", "--stop-words"]
    result = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    assert "300 documents" in result.stdout
    assert "tantivy, own analysis" in result.stdout
