import json
from pathlib import Path

import pytest
from micrograd.cli import main


def test_train_moons_reaches_100_percent_and_writes_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "moons", "--out", str(tmp_path), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["accuracy"] == 1.0
    assert (tmp_path / "decision_boundary.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "decision_boundary.png",
        "graph.svg",
        "loss.png",
        "model.json",
    ]


def test_unwritable_output_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["train", "moons", "--steps", "1", "--out", str(blocked / "sub")])
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert error.startswith("micrograd: cannot write")
    assert error.count("\n") == 1
