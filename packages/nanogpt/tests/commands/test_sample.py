"""``nanogpt sample`` as its users meet it: several samples, prompts from files, stop strings."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nanogpt.cli import main
from nanogpt.commands import sample as command
from nanogpt.commands.config import Sample
from nanogpt.sampling.config import SamplingConfig


@pytest.fixture
def argv(run: Path) -> list[str]:
    return ["sample", "--checkpoint", str(run / "checkpoint.pt"), "--num-tokens", "60"]


def texts(argv: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the continuations of a run with --json."""
    capsys.readouterr()
    main([*argv, "--json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    result: dict[str, Any] = json.loads(captured.out)
    return [sample["text"] for sample in result["samples"]]


def test_samples_are_those_of_their_seeds(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    several = texts([*argv, "--num-samples", "3", "--seed", "5"], capsys)
    assert several == [texts([*argv, "--seed", str(seed)], capsys)[0] for seed in (5, 6, 7)]
    main([*argv, "--prompt", "The ", "--num-samples", "2", "--num-tokens", "0"])
    assert capsys.readouterr().out == (
        "--- sample 1 of 2, seed 0 ---\nThe \n--- sample 2 of 2, seed 1 ---\nThe \n"
    )


def test_texts_end_before_a_stop_string(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (whole,) = texts(argv, capsys)
    stop = whole[20:23]
    expected = whole[: whole.index(stop)]
    assert texts([*argv, "--stop", "%%", stop], capsys) == [expected]
    main([*argv, "--prompt", "The ", "--json"])
    (whole,) = [s["text"] for s in json.loads(capsys.readouterr().out)["samples"]]
    main([*argv, "--prompt", "The ", "--stop", whole[20:23]])
    assert capsys.readouterr().out == f"The {whole[: whole.index(whole[20:23])]}\n"


def test_prompt_comes_from_a_file(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "prompt.txt"
    path.write_bytes(b"\xef\xbb\xbfThe quick\r\nbrown")
    main([*argv, "--prompt-file", str(path)])
    assert capsys.readouterr().out.startswith("The quick\nbrown")


def test_long_prompt_is_read_from_its_end(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*argv, "--prompt", "The quick brown fox jumps"])
    captured = capsys.readouterr()
    assert captured.err == "the model reads the last 16 of the prompt's 25 tokens\n"
    assert captured.out.startswith("The quick brown fox jumps")
    assert texts([*argv, "--prompt", " brown fox jumps"], capsys) == [captured.out[25:-1]]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--num-samples", "0"], "num_samples must be at least 1, got 0"),
        (["--top-p", "0"], "top_p must be in (0, 1], got 0.0"),
        (["--repetition-penalty", "0"], "repetition_penalty must be above 0"),
        (["--stop", ""], "a stop string must not be empty"),
        (["--prompt", "a", "--prompt-file", "b"], "give either --prompt or --prompt-file"),
        (["--prompt-file", "none.txt"], "cannot read the prompt none.txt: No such file"),
        (["--prompt-file", "."], "cannot read the prompt .: Is a directory"),
        (["--prompt-file", "latin1.txt"], "latin1.txt is not UTF-8: byte 0xe9 at offset 1"),
    ],
)
def test_mistakes_get_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    (tmp_path / "latin1.txt").write_bytes("h\N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(["sample", *flags])
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_unknown_character_is_never_drawn(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    hot = [*argv, "--temperature", "100", "--num-samples", "20"]
    assert "\ufffd" not in "".join(texts(hot, capsys))
    main([*argv, "--temperature", "100", "--num-tokens", "1000"])
    assert "\ufffd" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("can't allocate memory: you tried to allocate 9 bytes")]
)
def test_too_many_samples_get_advice(
    argv: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(command, "_collect", fail)
    with pytest.raises(SystemExit) as stopped:
        main([*argv, "--num-samples", "3"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        "nanogpt: the memory is too small for 3 samples of 60 tokens at a time; draw fewer with "
        "--num-samples, and the others with another --seed\n"
    )


def test_absurd_number_of_samples_gets_advice(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*argv, "--num-samples", str(10**18)])
    assert stopped.value.code == 2
    assert "draw fewer with --num-samples" in capsys.readouterr().err


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_on_a_terminal_once_it_takes_a_while(
    run: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(command, "PROGRESS_AFTER", 0.0)
    out, err = io.StringIO(), io.StringIO()
    command.sample(
        Sample(
            checkpoint=run / "checkpoint.pt",
            num_samples=2,
            sampling=SamplingConfig(num_tokens=20),
        ),
        Console(file=out),
        Console(file=err, force_terminal=terminal),
    )
    assert ("tokens" in err.getvalue()) == terminal
    assert out.getvalue().count("--- sample") == 2
