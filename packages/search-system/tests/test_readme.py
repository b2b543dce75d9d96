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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "throughput.py --documents 300 --queries 20 --rounds 1 --stop-words",
            ("300 documents", "tantivy, own analysis"),
        ),
        ("durability.py --commits 3 --rounds 1", ("SQLite FTS5", "tantivy")),
    ],
)
def test_the_measurements_of_the_figures_run(command: str, expected: tuple[str, ...]) -> None:
    """The README's figures come from more documents, by the same commands."""
    pytest.importorskip("tantivy", reason="a peer of the bench group, not installed")
    script, *options = command.split()
    result = subprocess.run(
        [sys.executable, PACKAGE / "benchmarks" / script, *options],
        check=True,
        capture_output=True,
        text=True,
    )
    assert all(text in result.stdout for text in expected)
