"""What the README shows in Python, and the programs in benchmarks/, run as written."""

import re
import runpy
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_the_python_of_the_readme_runs_and_prints_what_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 2
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    promised = re.findall(r"print\(.*\)  # (.+)$", README, re.MULTILINE)
    assert promised
    assert [text for text in promised if text not in printed] == []
    code = [line.split("#")[0].strip() for line in _glimpse().splitlines() if line != "..."]
    assert code
    assert [line for line in code if line not in printed] == []


def test_the_compiled_benchmark_prints_its_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path(str(PACKAGE / "benchmarks" / "compiled_step.py"))
    program["main"].__globals__.update(STEPS=3, BLOCKS=2, STEPS_OF_A_BLOCK=2)
    program["main"]()
    printed = capsys.readouterr().out
    gap = re.search(r"eager and compiled (\S+)\n", printed)
    assert gap
    assert float(gap[1]) < 1e-12
    assert re.search(r"compiled .* ms per step: [\d.]+ times by hand\n", printed)


def test_the_full_comparison_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--no-peer", "--steps", "1", "--chain", "100"]
    program = PACKAGE / "benchmarks" / "against_original.py"
    monkeypatch.setattr(sys, "argv", [str(program), *arguments])
    runpy.run_path(str(program), run_name="__main__")
    assert "loss after 1 steps" in capsys.readouterr().out


def _glimpse() -> str:
    """Return the generated code that the README shows."""
    found = re.search(r"^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]
