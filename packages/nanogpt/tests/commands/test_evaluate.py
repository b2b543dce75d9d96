"""``nanogpt evaluate`` as its users meet it: figures by hand, every text, every mistake."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest
import torch
from matplotlib.image import imread
from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.cli import main
from nanogpt.commands.config import Evaluate
from nanogpt.commands.evaluate import evaluate
from nanogpt.data.config import CorpusConfig
from nanogpt.models.config import MLPConfig
from nanogpt.models.registry import build_model
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.run import Run


def result_of(argv: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    main(["evaluate", "--json", "--device", "cpu", *argv])
    captured = capsys.readouterr()
    assert captured.err == ""
    result: dict[str, Any] = json.loads(captured.out)
    return result


def error_of(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--device", "cpu", *argv])
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err


@pytest.fixture
def saved(run: Path) -> list[str]:
    return ["--checkpoint", str(run / "checkpoint.pt")]


@pytest.fixture
def mlp(text: Path, tmp_path: Path) -> list[str]:
    """Return the flags for an MLP that has seen its text three times and knows some of it."""
    run = Run.start(
        tmp_path / "mlp",
        CorpusConfig(str(text)),
        model_config=MLPConfig(block_size=3, n_embd=8, n_hidden=16, n_layer=1, n_predict=16),
        config=TrainConfig(max_steps=30, batch_size=16, learning_rate=2e-2, warmup_steps=2),
        device=torch.device("cpu"),
    )
    run.train()
    return ["--checkpoint", str(tmp_path / "mlp" / "checkpoint.pt")]


def test_loss_is_the_one_that_training_wrote_down(
    saved: list[str], mlp: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for flags, context in ((saved, 0), (mlp, 2)):
        result = result_of(flags, capsys)
        log = Path(flags[1]).with_name("log.jsonl").read_text().splitlines()
        assert result["loss"] == pytest.approx(json.loads(log[-1])["val_loss"], rel=1e-5)
        assert (result["tokens"], result["predictions"]) == (270, 269 - context)
        assert result["trained_on_this_corpus"] is True
        assert result["unknown_characters"] == 0
        assert result["bits_per_byte"] == pytest.approx(result["loss"] / math.log(2))
        assert result["perplexity"] == pytest.approx(math.exp(result["loss"]))


def test_characters_add_up(mlp: list[str], capsys: pytest.CaptureFixture[str], text: Path) -> None:
    result = result_of(mlp, capsys)
    scored = text.read_text()[-result["predictions"] :]
    for row in result["per_token"]:
        assert row["count"] == scored.count(row["text"])
        assert row["accuracy"] == row["correct"] / row["count"]
        assert row["mistaken_for_text"] != row["text"]
    assert sum(row["count"] for row in result["per_token"]) == result["predictions"]
    assert sum(row["correct"] for row in result["per_token"]) == result["correct"]
    assert 0 < result["correct"] <= result["top5_correct"] <= result["predictions"]


def test_more_context_scores_as_many_tokens(
    saved: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    side_by_side, overlapping = (
        result_of(saved, capsys),
        result_of([*saved, "--context", "8"], capsys),
    )
    assert side_by_side["predictions"] == overlapping["predictions"] == 269
    assert side_by_side["loss"] != overlapping["loss"]
    assert overlapping["context"] == 8


def test_report_for_people(mlp: list[str], capsys: pytest.CaptureFixture[str], text: Path) -> None:
    main(["evaluate", *mlp])
    shown = capsys.readouterr().out
    assert re.search(rf"text +the last tenth of {text}, held out\n", shown)
    assert re.search(r"predictions +267, each after 3 tokens of context\n", shown)
    assert re.search(r"loss +\d\.\d{4} nats per token\n", shown)
    assert re.search(r"bits +\d\.\d{4} per character, \d\.\d{4} per byte\n", shown)
    assert re.search(r"top-1 accuracy +\d+\.\d\d% \(\d+\)\n", shown)
    assert re.search(r"character +count +accuracy +mostly taken for\n", shown)
    assert re.search(r"\nspace +\d+ +\d+\.\d% ", shown)
    assert re.search(r"and \d+ rarer characters; --json has all of them\n", shown)


def test_report_says_how_much_context_a_gpt_had(
    saved: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["evaluate", *saved, "--context", "4"])
    assert "269, each after 4 tokens of context or more" in capsys.readouterr().out
    main(["evaluate", *saved, "--whole-text"])
    shown = capsys.readouterr().out
    assert "2,699, in blocks side by side; --context gives each token more to go by" in shown
    assert "text.txt; the model was trained on nine tenths of it" in shown


def test_another_text_is_said_and_its_strange_characters_counted(
    saved: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other [red].txt"
    other.write_text("Zoë sat. Noël ran. " * 30, encoding="utf-8")
    flags = [*saved, "--corpus", str(other), "--whole-text"]
    result = result_of(flags, capsys)
    assert result["trained_on_this_corpus"] is False
    assert result["unknown_characters"] == 119  # the first one, a Z, has no prediction
    main(["evaluate", *flags])
    shown = capsys.readouterr().out
    assert f"all of {other}, another text than the model was trained on" in shown
    assert re.search(r"\nunknown +119 characters that the model never saw\n", shown)
    assert re.search(r"\nunknown +119 +", shown.split("mostly taken for")[1])


def test_plot_is_a_picture_and_replaces_the_one_before(
    mlp: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "accuracy.png"
    for _ in range(2):
        assert result_of([*mlp, "--out", str(path)], capsys)["plot"] == str(path)
        assert imread(path).shape == (1020, 1800, 4)
    assert list(path.parent.iterdir()) == [path]


class Bytes:
    """A tokenizer of another kind, with a token per byte."""

    kind: ClassVar[str] = "bytes"
    vocab_size = 31
    eot = None

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int32) % 31

    def decode(self, ids: Iterable[int]) -> str:
        return self.decode_bytes(ids).decode()

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        return "aß".encode() * len(list(ids))

    def unknown(self, text: str) -> str:  # noqa: ARG002  the interface has it
        return ""

    def to_dict(self) -> dict[str, Any]:
        return {}


def test_tokens_that_are_no_characters(
    saved: list[str],
    tmp_path: Path,
    text: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkpoint = replace(Checkpoint.load(Path(saved[1])), tokenizer=Bytes())
    monkeypatch.setattr(Checkpoint, "load", lambda _: checkpoint)
    flags = [*saved, "--corpus", str(text)]
    result = result_of(flags, capsys)
    assert result["bits_per_character"] == pytest.approx(result["loss"] / math.log(2) / 2)
    assert result["bits_per_byte"] == pytest.approx(result["loss"] / math.log(2) / 3)
    main(["evaluate", *flags])
    assert "mostly taken for" not in capsys.readouterr().out
    error = error_of([*flags, "--out", str(tmp_path / "plot.png")], capsys)
    assert "has a tokenizer of kind 'bytes'; leave --out out" in error


def test_alphabet_of_thousands_has_no_table(
    mlp: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = Checkpoint.load(Path(mlp[1]))
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 1024)))
    model = build_model(checkpoint.model_config, 1025)
    replace(
        checkpoint,
        tokenizer=CharTokenizer(characters),
        training={**checkpoint.training, "model": model.state_dict()},
    ).save(tmp_path / "large.pt")
    flags = ["--checkpoint", str(tmp_path / "large.pt"), "--corpus", checkpoint.corpus.corpus]
    main(["evaluate", *flags])
    assert "mostly taken for" not in capsys.readouterr().out
    assert result_of(flags, capsys)["per_token"] is None
    error = error_of([*flags, "--out", str(tmp_path / "plot.png")], capsys)
    assert "accuracy of up to 1,024 characters" in error
    assert "knows 1,025" in error


def test_bar_is_drawn_on_a_terminal_only(saved: list[str]) -> None:
    for terminal in (True, False):
        out, err = Console(quiet=True), Console(force_terminal=terminal, quiet=False, record=True)
        with err.capture() as drawn:
            evaluate(Evaluate(checkpoint=Path(saved[1])), out, err)
        assert ("evaluating" in drawn.get()) is terminal


def test_text_that_changed_is_refused_unless_named(
    saved: list[str], text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text.write_text(text.read_text() + "And on and on. ")
    assert "was trained on another text than" in error_of(saved, capsys)
    assert result_of([*saved, "--corpus", str(text)], capsys)["trained_on_this_corpus"] is False


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--checkpoint", "none.pt"], "no checkpoint none.pt; 'nanogpt train' writes one"),
        (["--corpus", "none.txt"], "no file none.txt"),
        (["--context", "16"], "context must be from 0 to 15 here, got 16"),
        (["--context", "-1"], "context must be from 0 to 15 here, got -1"),
        (["--threads", "0"], "threads must be at least 1, got 0"),
    ],
)
def test_mistakes_get_one_line(
    saved: list[str], capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert message in error_of([*saved, *flags], capsys)


@pytest.mark.parametrize(("length", "left"), [(1, 0), (9, 0), (19, 1)])
def test_text_too_short_is_refused(
    saved: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int, left: int
) -> None:
    short = tmp_path / "short.txt"
    short.write_text("q" * length)
    error = error_of([*saved, "--corpus", str(short)], capsys)
    assert f"need 2 tokens, the text to evaluate on has {left}; give a longer one" in error


def test_plot_where_no_file_can_be(
    saved: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    error = error_of([*saved, "--out", str(tmp_path / "file" / "accuracy.png")], capsys)
    assert "cannot write" in error


def test_names_of_characters_that_leave_no_mark() -> None:
    from nanogpt.commands.evaluate import _name

    tokenizer = CharTokenizer.train(" \n\t\u00a0\u200b\u0301x")
    names = [_name(tokenizer, token) for token in range(tokenizer.vocab_size)]
    assert names == [
        "unknown",
        "tab",
        "newline",
        "space",
        "x",
        "no-break space",
        "U+0301",
        "U+200B",
    ]
