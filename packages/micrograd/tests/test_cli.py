import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from micrograd import MLP
from micrograd.cli import main

COMMANDS = ("train", "draw", "gradcheck", "reproduce", "bench")


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail with exit code 2 and return its one line."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    printed = capsys.readouterr()
    assert stop.value.code == 2
    assert printed.out == ""
    assert printed.err.startswith("micrograd: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"micrograd {metadata.version('micrograd')}\n"
    for arguments in (["--help"], *([command, "--help"] for command in COMMANDS)):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
        text = capsys.readouterr().out
        assert "micrograd" in text.replace("\n", " ")
        assert "xample" in text or "Start with" in text


def test_python_m_runs_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "micrograd", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("micrograd ")


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys, micrograd.cli\n"
        "print([m for m in ('matplotlib', 'graphviz', 'torch', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_train_writes_pictures_and_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "moons", "--out", str(tmp_path), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["accuracy"] == 1.0
    assert sorted(Path(path).name for path in result["written"]) == sorted(
        p.name for p in tmp_path.iterdir()
    )
    assert (tmp_path / "decision_boundary.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    graph = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "</svg>" in graph
    assert len(set(re.findall(r'fill="(#\w+)"', graph))) >= 4  # shades of gradients
    assert len(MLP.load(tmp_path / "model.json").parameters()) == result["parameters"] == 337


def test_train_prints_a_table_and_writes_an_animation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["train", "blobs", "--steps", "2", "--points", "30", "--validation", "0.3", "--animate"])
    printed = capsys.readouterr()
    assert "validation accuracy" in printed.out
    assert str(Path("runs/blobs/training.gif")) in printed.out
    assert printed.err == ""
    assert (tmp_path / "runs/blobs/training.gif").read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--noise", "-1"], "noise is a standard deviation"),
        (["--points", "1"], "at least one point per class"),
        (["--hidden", "0"], "at least 1 neuron"),
        (["--lr", "nan"], "expected lr > 0"),
        (["--lr", "1e9"], "the loss is"),
        (["--validation", "2"], "leaves one part empty"),
        (["--validation", "nan"], "leaves one part empty"),
        (["--noise", "inf"], "expected 0 or more"),
        (["--momentum", "1"], "expected momentum in"),
    ],
)
def test_train_refuses_bad_input(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(capsys, "train", "moons", "--out", str(tmp_path), *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["train"], ["train", "suns"], ["train", "moons", "--lr", "x"], ["train", "moons", "--no"]],
)
def test_wrong_flags_exit_with_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err


def test_an_output_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    error = fails(capsys, "train", "moons", "--steps", "1", "--out", str(blocked / "folder"))
    assert "cannot write" in error
    assert "cannot write" in fails(
        capsys, "draw", "a", "--at", "a=1", "--out", str(blocked / "g.svg")
    )
    assert blocked.read_text(encoding="utf-8") == "in the way"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reproduce", "--out", "figure.txt"], "must end in .svg, .png, .pdf"),
        (["bench", "--no-peer", "--seed", "-1"], "a seed cannot be negative"),
        (["draw", "a", "--at", "a=1", "a=2"], "gives 'a' twice"),
    ],
)
def test_other_commands_refuse_bad_input(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "--steps", "0"], "must be at least 1"),
        (["bench", "--shipped-steps", "0"], "must be at least 1"),
        (["gradcheck", "--points", "0"], "expected at least 1 point"),
        (["gradcheck", "--tolerance", "nan"], "a tolerance above 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = re.sub(r"[\s│]+", " ", capsys.readouterr().err)
    assert message in error


def test_draw_a_formula(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "graph.svg"
    main(["draw", "a*b + a", "--at", "a=2", "b=-3", "--out", str(out), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (result["result"], result["gradient by a"], result["gradient by b"]) == (-4.0, -2.0, 2.0)
    assert "data -3" in out.read_text(encoding="utf-8").replace("&#160;", " ").replace("&#45;", "-")


def test_square_brackets_in_a_path_are_no_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "[/b].json" in fails(capsys, "draw", "--model", "[/b].json")
    main(["draw", "a", "--at", "a=1", "--out", "[/b].svg"])
    assert "[/b].svg" in capsys.readouterr().out


def test_draw_a_saved_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    MLP(2, [3, 2]).save(tmp_path / "model.json")
    picture = tmp_path / "net.png"
    main(["draw", "--model", str(tmp_path / "model.json"), "--out", str(picture)])
    assert "gradient by x1" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_draw_refuses_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.json"
    MLP(2, [16, 16, 1]).save(model)
    assert "nothing to draw" in fails(capsys, "draw")
    assert "no number given for 'b'" in fails(capsys, "draw", "a+b", "--at", "a=1")
    assert "must end in .svg" in fails(capsys, "draw", "a", "--at", "a=1", "--out", "x.gif")
    assert "cannot read" in fails(capsys, "draw", "--model", str(tmp_path / "none.json"))
    assert "expected 2 inputs" in fails(capsys, "draw", "--model", str(model), "--point", "1")
    assert "the limit is 9" in fails(
        capsys, "draw", "--model", str(model), "--max-boxes", "9", "--fold", "neuron"
    )


def test_gradcheck_of_every_operation_and_of_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    main(["gradcheck", "--points", "3"])
    assert "all gradients agree" in capsys.readouterr().out
    main(["gradcheck", "tanh(a*b)", "--at", "a=1", "b=2", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["passed"] is True
    assert set(result["rows"]) == {"a", "b"}


def test_gradcheck_exits_with_1_where_gradients_differ(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["gradcheck", "relu(a)", "--at", "a=0"])
    assert stop.value.code == 1
    assert "GRADIENTS DIFFER" in capsys.readouterr().out
    assert "needs a variable" in fails(capsys, "gradcheck", "1+1")
    assert "add --at b=1" in fails(capsys, "gradcheck", "a*b", "--at", "a=1")


def test_reproduce_separates_all_but_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "three.png"
    main(["reproduce", "--out", str(out), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["A"]["accuracy"] < 0.95
    assert result["B"]["accuracy"] == result["C"]["accuracy"] == 1.0
    assert out.read_bytes().startswith(b"\x89PNG")
