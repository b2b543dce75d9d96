"""A graph runs what is not finished, and nothing else."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from fashion_recsys.errors import InputError, OutputError, SettingError, StageError
from fashion_recsys.pipeline.graph import prune, run_graph
from fashion_recsys.pipeline.stage import Stage, StageEvent
from fashion_recsys.pipeline.table import render

Graph = Callable[..., list[Stage]]
NAMES = ["source", "doubled", "total"]


def statuses(stages: list[Stage], out: Path, restart_from: str | None = None) -> list[str]:
    results = run_graph(stages, out, restart_from=restart_from)
    assert [result.stage for result in results] == NAMES
    return [result.status for result in results]


def names(out: Path) -> list[str]:
    """Return the names in the folder of the outputs, without the keys."""
    return sorted(path.name[: path.name.rindex("-")] for path in (out / "stages").iterdir())


def test_results_costs_and_events(graph: Graph, tmp_path: Path) -> None:
    events: list[StageEvent] = []
    steps: list[tuple[str, float]] = []
    results = run_graph(
        graph(),
        tmp_path / "run",
        progress=lambda step, fraction: steps.append((step, fraction)),
        on_stage=events.append,
    )
    assert [result.facts["rows"] for result in results] == [5, 10, 15]
    assert (results[2].folder / "number").read_text() == "15"
    assert all(result.seconds > 0 and result.cpu_seconds > 0 for result in results)
    assert steps == [(f"{name}: write", 0.5) for name in NAMES]
    assert [(e.stage.name, e.kind) for e in events[:2]] == [("source", "starts"), ("source", "ran")]
    assert events[1].result == results[0]
    assert results[0].as_dict()["facts"] == {"rows": 5, "attempts": 1, "share": 0.5}
    shown = StringIO()
    Console(file=shown, width=100).print(render(results))
    assert "15 rows, 1 attempts, share 0.5" in shown.getvalue()
    assert not list((tmp_path / "run" / "stages").glob(".*"))


def test_a_second_run_skips_and_an_edit_reruns_what_depends_on_it(
    graph: Graph, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert statuses(graph(), out) == ["ran"] * 3
    assert statuses(graph(), out) == ["skipped"] * 3
    changed = graph()
    changed[1] = replace(changed[1], params={"name": "doubled", "more": [1, None, "x"]})
    assert statuses(changed, out) == ["skipped", "ran", "ran"]
    assert statuses(graph(7), out) == ["ran"] * 3
    assert statuses(graph(5), out) == ["skipped"] * 3  # The old outputs are still there.
    removed = prune(graph(7), out)
    assert len(removed) == 5
    assert statuses(graph(7), out) == ["skipped"] * 3


def test_restart_from(graph: Graph, tmp_path: Path) -> None:
    out = tmp_path / "run"
    statuses(graph(), out)
    assert statuses(graph(), out, "doubled") == ["skipped", "ran", "ran"]
    assert statuses(graph(), out, "total") == ["skipped", "skipped", "ran"]
    with pytest.raises(SettingError, match="--from x: no such stage; the stages are source, doub"):
        run_graph(graph(), out, restart_from="x")


def test_the_content_of_outside_files_counts_and_their_place_does_not(
    graph: Graph, tmp_path: Path
) -> None:
    out, folder = tmp_path / "run", tmp_path / "raw"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.csv").write_text("1")
    assert statuses(graph(files=(folder,)), out) == ["ran"] * 3
    moved = folder.rename(tmp_path / "moved")
    assert statuses(graph(files=(moved,)), out) == ["skipped"] * 3
    (moved / "deep" / "a.csv").write_text("2")
    assert statuses(graph(files=(moved,)), out) == ["ran"] * 3
    with pytest.raises(InputError, match="raw: no such file or folder; the stage source reads it"):
        run_graph(graph(files=(folder,)), out)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda output: (output / "number").unlink(), "number: expected 2 bytes, found nothing"),
        (lambda output: (output / "number").write_text("1"), "expected 2 bytes, found 1"),
        (lambda output: (output / "stage.json").write_text("{"), "is missing or damaged"),
        (lambda output: (output / "stage.json").unlink(), "is missing or damaged"),
    ],
)
def test_a_damaged_output_is_noticed_and_made_again(
    graph: Graph, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(run_graph(graph(), tmp_path / "run")[1].folder)
    events: list[StageEvent] = []
    results = run_graph(graph(), tmp_path / "run", on_stage=events.append)
    assert [result.status for result in results] == ["skipped", "ran", "skipped"]
    assert message in events[1].reason
    assert results[1].facts["rows"] == 10


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (("total",), "stage doubled: its input 'total' stands later or is itself"),
        (("doubled",), "stage doubled: its input 'doubled' stands later or is itself"),
        (("x",), "stage doubled: its input 'x' does not exist; earlier stages: source"),
    ],
)
def test_a_wrong_graph_is_refused(
    graph: Graph, tmp_path: Path, inputs: tuple[str, ...], message: str
) -> None:
    stages = graph()
    stages[1] = replace(stages[1], inputs=inputs)
    with pytest.raises(SettingError, match=message):
        run_graph(stages, tmp_path / "run")
    with pytest.raises(SettingError, match="stage source: expected every name once"):
        run_graph([*graph(), graph()[0]], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_stage_needs_a_name_a_function_and_json(toy: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="expected a name of letters"):
        Stage("a/b", toy.source)
    with pytest.raises(SettingError, match="expected a function at the top level"):
        Stage("a", lambda context: dict(context.params))
    with pytest.raises(SettingError, match="stage a: expected params as JSON"):
        run_graph([Stage("a", toy.source, {"out": tmp_path})], tmp_path / "run")
    no_input = Stage("a", toy.doubled, {"name": "a"})
    with pytest.raises(SettingError, match=r"'source': expected one of the stage's inputs \(it ha"):
        run_graph([no_input], tmp_path / "run")


@pytest.mark.parametrize(
    "case",
    [
        ("setting", SettingError, "^--depth: expected at least 1, found 0$"),
        (
            "bug",
            StageError,
            "stage doubled: ZeroDivisionError: division by zero; see .*doubled.log",
        ),
        ("memory", StageError, r"stage doubled: not enough memory \(7 PiB\)"),
        ("segfault", StageError, r"its process crashed or was ended \(SIGSEGV\)"),
        ("kill", StageError, r"was killed \(SIGKILL\), as the system does when memory runs out"),
        ("exit", StageError, "its process ended with code 3 and no result"),
        ("facts", StageError, "not JSON serializable"),
    ],
)
def test_a_fault_is_one_line_and_what_is_finished_stays(
    graph: Graph,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, type[Exception], str],
) -> None:
    fault, kind, message = case
    out = tmp_path / "run"
    monkeypatch.setenv("TOY_FAULT", f"doubled {fault}")
    with pytest.raises(kind, match=message) as caught:
        run_graph(graph(), out)
    assert "\n" not in str(caught.value)
    assert names(out) == [".doubled", "source"]  # The hidden one is the scratch.
    if fault == "bug":
        log = (out / "logs" / "doubled.log").read_text()
        assert "about to divide" in log
        assert "Traceback" in log
    monkeypatch.delenv("TOY_FAULT")
    results = run_graph(graph(), out)
    assert [result.status for result in results] == ["skipped", "ran", "ran"]
    assert results[1].facts["attempts"] == 2  # The scratch survived the fault.
    assert names(out) == sorted(NAMES)


_RUN = """
import sys
from pathlib import Path
import toy_stages as toy
from fashion_recsys.pipeline.graph import run_graph
from fashion_recsys.pipeline.stage import Stage
run_graph([
    Stage("source", toy.source, {"name": "source", "value": 5}),
    Stage("doubled", toy.doubled, {"name": "doubled"}, ("source",)),
    Stage("total", toy.total, {"name": "total"}, ("source", "doubled")),
], Path(sys.argv[1]))
"""
# No main guard, on purpose: a stage's process must not import the script that started the run.


def start(out: Path, fault: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PYTHONPATH": str(out.parent / "code"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TOY_FAULT": fault,
    }
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, str(out)], env=environment, stderr=subprocess.DEVNULL
    )


@pytest.mark.parametrize("number", range(3))
def test_kill_minus_9_of_the_run_in_every_stage(graph: Graph, tmp_path: Path, number: int) -> None:
    out = tmp_path / "run"
    assert start(out, f"{NAMES[number]} kill the run").wait() == -9
    # The orphan of the killed stage ends by itself, and the lock is free without help.
    results = run_graph(graph(), out)
    assert [result.status for result in results] == ["skipped"] * number + ["ran"] * (3 - number)
    assert [result.facts["rows"] for result in results] == [5, 10, 15]
    assert results[number].facts["attempts"] == 2
    assert names(out) == sorted(NAMES)


def _wait_for(path: Path, pattern: str) -> None:
    deadline = time.monotonic() + 30
    while not list(path.glob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_run_per_folder_and_ctrl_c_ends_it(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fashion_recsys.pipeline.store._ORPHAN_SECONDS", 0.1)
    out = tmp_path / "run"
    first = start(out, "doubled wait")
    try:
        _wait_for(out, "stages/.doubled-*.scratch/here")
        with pytest.raises(OutputError, match=rf"another run \(process {first.pid}\) is at work"):
            run_graph(graph(), out)
        first.send_signal(2)
        assert first.wait(10) in {-2, 130}
    finally:
        first.kill()
        first.wait()
    assert names(out) == [".doubled", "source"]
    assert statuses(graph(), out) == ["skipped", "ran", "ran"]


def test_a_folder_that_cannot_be_written(graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file: .*; choose another --out"):
        run_graph(graph(), tmp_path / "file")


def test_the_peak_of_a_stage_is_its_own(toy: ModuleType, tmp_path: Path) -> None:
    ballast = bytearray(300 * 2**20)
    stages = [Stage("small", toy.thirsty, {"mib": 1}), Stage("large", toy.thirsty, {"mib": 200})]
    small, large = run_graph(stages, tmp_path / "run")
    assert small.peak_mib < len(ballast) / 2**20
    assert large.peak_mib - small.peak_mib == pytest.approx(199, abs=20)
