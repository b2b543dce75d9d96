"""The command line: what it prints, where, and how it ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fashion_recsys
from fashion_recsys.cli import main

COMMANDS = [
    "demo",
    "run",
    "ingest",
    "evaluate",
    "baselines",
    "recommend",
    "submit",
    "ann-report",
    "synth",
]


def test_version_and_help_are_quick_to_import() -> None:
    code = (
        "import sys; from fashion_recsys.cli import main; main(['--version']); "
        "assert 'polars' not in sys.modules"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.startswith("fashion-recsys 0.")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"Example: fashion-recsys {command}" in capsys.readouterr().out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert all(command in out for command in COMMANDS)


def test_ingest_then_baselines(
    make_raw: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    main(["ingest", str(make_raw()), "--out", out])
    shown = capsys.readouterr()
    assert "rows that repeat customer, article and day" in shown.out
    assert f"Next: fashion-recsys run --data {out}" in shown.out
    assert shown.err == ""
    main(["baselines", "--data", out, "--k", "1", "12"])
    assert "own purchases + best sellers" in capsys.readouterr().out


def test_json_stands_alone_on_stdout(
    make_raw: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    main(["ingest", str(make_raw()), "--out", out, "--json"])
    assert json.loads(capsys.readouterr().out)["log"]["rows"] == 4
    main(["baselines", "--data", out, "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["split"]["as_of"] == "2020-09-18"
    assert result["scores"][0]["recall"].keys() == {"12", "100", "300", "500", "1000"}


def test_synth_prints_its_facts_beside_the_real_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["synth", "--out", str(tmp_path / "s"), "--customers", "3000", "--articles", "2000"]
    main(command)
    assert "real H&M" in capsys.readouterr().out
    main([*command, "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert facts["real"]["rows"] == 207_445
    assert facts["generated"]["rows"] > 100


@pytest.mark.slow
def test_demo_tells_the_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--out", str(tmp_path / "demo"), "--customers", "5000"])
    out = capsys.readouterr().out
    for part in ("real H&M", "recommend", "recall", "proposed by", "What this says", "kaggle.com"):
        assert part in out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 100 + len(str(tmp_path))
    main(["demo", "--out", str(tmp_path / "demo"), "--customers", "5000", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert {"facts", "ledgers", "stages"} <= result.keys()
    # The same seed made the same files, so nothing had to run again.
    assert {stage["status"] for stage in result["stages"]} == {"skipped"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["ingest", "nowhere"], "nowhere: no such folder"),
        (["baselines", "--data", "nowhere"], "nowhere: no ingested data set here"),
        (["recommend", "x", "--run", "nowhere"], "nowhere: no finished run here; make one with"),
        (["submit", "--run", "nowhere"], "nowhere: no finished run here"),
        (["ann-report", "--run", "nowhere"], "nowhere: no finished run here"),
        (["ann-report", "--articles", "0"], "--articles: expected at least 1, found 0"),
        (["run", "--data", "nowhere"], "nowhere: no such file or folder; expected Kaggle's"),
        (
            ["evaluate", "--two-tower.epochs", "0"],
            "--two-tower.epochs: expected at least 1, ",
        ),
        (["evaluate", "--budgets.attributes", "-1"], "--budgets.attributes: expected at least"),
        (["evaluate", "--rules.k", "0"], "--rules.k: expected at least 1, found 0"),
        (["run", "--ranker.models", "0"], "--ranker.models: expected at least 1, found 0"),
        (["synth", "--customers", "0", "--out", "x"], "--customers: expected at least 1, found 0"),
        (["synth", "--customers", "1", "--out", "x"], "--customers 1: nobody bought anything"),
        (["synth", "--seed", "-1", "--out", "x"], "--seed: expected at least 0, found -1"),
        (["synth", "--days", "99999", "--out", "x"], "--days: expected at most 10,000, found 99"),
        (["demo", "--seed", "-1", "--out", "x"], "--seed: expected at least 0, found -1"),
        (["demo", "--customers", "-3", "--out", "x"], "--customers: expected at least 5,000, f"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_code_2(
    command: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(command)
    shown = capsys.readouterr()
    assert stop.value.code == 2
    assert shown.out == ""
    assert shown.err.startswith(f"fashion-recsys: {message}")
    assert shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [[], ["fly"], ["evaluate", "--test-days", "many"]])
def test_a_mistyped_command_ends_with_code_2(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(command)
    assert stop.value.code == 2
    assert capsys.readouterr().err


def test_an_interrupted_ingest_says_so(
    make_raw: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fashion_recsys.ingestion.ingest.write_ordered", interrupt)
    with pytest.raises(SystemExit) as stop:
        main(["ingest", str(make_raw()), "--out", str(tmp_path / "out")])
    assert stop.value.code == 130
    assert "interrupted; nothing half-written is left" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["raw-csv"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError("7 PiB"), "not enough memory (7 PiB)"),
        (OSError(28, "No space left"), "cannot read or write: [Errno 28] No space left"),
    ],
)
def test_a_machine_at_its_end_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    message: str,
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr("fashion_recsys.commands.synth.generate", fail)
    with pytest.raises(SystemExit) as stop:
        main(["synth"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(f"fashion-recsys: {message}")


def test_every_public_name_exists() -> None:
    for name in fashion_recsys.__all__:
        assert getattr(fashion_recsys, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fashion_recsys.nothing
