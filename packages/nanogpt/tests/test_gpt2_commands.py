"""``nanogpt import-gpt2`` and ``nanogpt export``, from folder to folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from nanogpt.checkpoint import Checkpoint
from nanogpt.cli import main
from nanogpt.errors import TokenizerError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.models.hugging_face import save_gpt2
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer

CONFIG = GPTConfig(block_size=16, n_layer=1, n_head=1, n_embd=64)
LETTERS = CharTokenizer("abcdefgh ")


def written(folder: Path, vocab_size: int) -> Path:
    state = GPT(CONFIG, vocab_size, torch.Generator().manual_seed(0)).state_dict()
    save_gpt2(CONFIG, dict(state), folder, eos_token_id=None)
    return folder


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vocabulary of ten stands in for GPT-2's."""
    monkeypatch.setattr("nanogpt.training.initial.Gpt2Tokenizer.load", lambda: LETTERS)


def error_of(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    return capsys.readouterr().err


@pytest.mark.usefixtures("letters")
def test_import_sample_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path / "source", LETTERS.vocab_size)
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    main(["import-gpt2", "--source", str(source), "--out", str(checkpoint.parent), "--json"])
    parameters = sum(t.numel() for t in load_file(source / "model.safetensors").values())
    expected = {"checkpoint": str(checkpoint), "parameters": parameters}
    assert json.loads(capsys.readouterr().out) == expected
    main(["sample", "--checkpoint", str(checkpoint), "--prompt", "abc", "--num-tokens", "5"])
    assert len(capsys.readouterr().out) == len("abc") + 5 + 1
    main(["export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "export")])
    assert "config.json and model.safetensors" in capsys.readouterr().out
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "export" / name).read_bytes() == (source / name).read_bytes()


@pytest.mark.usefixtures("letters")
def test_imported_weights_name_no_text_to_evaluate_on(
    tmp_path: Path, text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = written(tmp_path / "source", LETTERS.vocab_size)
    main(["import-gpt2", "--source", str(source), "--out", str(tmp_path / "run")])
    argv = ["evaluate", "--checkpoint", str(tmp_path / "run" / "checkpoint.pt")]
    assert "was imported, so it names no text; give one with --corpus" in error_of(argv, capsys)
    main([*argv, "--corpus", str(text)])
    assert "another text than the model was trained on" in capsys.readouterr().out


@pytest.mark.usefixtures("letters")
def test_import_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path / "source", LETTERS.vocab_size)
    argv = ["import-gpt2", "--source", str(source), "--out", str(tmp_path / "run")]
    main(argv)
    assert "checkpoint.pt exists; name another folder" in error_of(argv, capsys)


@pytest.mark.usefixtures("letters")
def test_import_of_another_vocabulary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path / "source", 12)
    argv = ["import-gpt2", "--source", str(source), "--out", str(tmp_path / "run")]
    assert "has a vocabulary of 12, GPT-2's tokenizer has 10" in error_of(argv, capsys)
    assert not (tmp_path / "run").exists()


def test_import_with_the_tokenizer_of_gpt2(tmp_path: Path, capsys: Any) -> None:
    try:
        Gpt2Tokenizer.load()
    except TokenizerError as error:
        pytest.skip(f"no GPT-2 vocabulary here: {error}")
    source = written(tmp_path / "source", 50257)
    main(["import-gpt2", "--source", str(source), "--out", str(tmp_path / "run")])
    capsys.readouterr()
    path = str(tmp_path / "run" / "checkpoint.pt")
    main(["sample", "--checkpoint", path, "--prompt", "Hello, world", "--num-tokens", "3"])
    assert capsys.readouterr().out.startswith("Hello, world")
    main(["export", "--checkpoint", path, "--out", str(tmp_path / "export")])
    assert json.loads((tmp_path / "export" / "config.json").read_text())["eos_token_id"] == 50256


def test_export_of_a_trained_run(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = run / "checkpoint.pt"
    argv = ["--checkpoint", str(checkpoint), "--out", str(tmp_path / "export"), "--json"]
    main(["export", *argv])
    assert json.loads(capsys.readouterr().out) == {"folder": str(tmp_path / "export")}
    exported = load_file(tmp_path / "export" / "model.safetensors")
    trained = Checkpoint.load(checkpoint).training["model"]["h.0.mlp.c_fc.weight"]
    assert torch.equal(exported["transformer.h.0.mlp.c_fc.weight"], trained.T)


def test_export_leaves_a_run_alone(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "config.json").read_bytes()
    argv = ["export", "--checkpoint", str(run / "checkpoint.pt"), "--out", str(run)]
    assert f"{run} holds a run" in error_of(argv, capsys)
    assert (run / "config.json").read_bytes() == before
    assert not (run / "model.safetensors").exists()


def test_mistakes_get_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.pt")
    assert "no checkpoint" in error_of(["export", "--checkpoint", missing], capsys)


@pytest.mark.usefixtures("letters")
def test_training_begins_with_imported_weights(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = written(tmp_path / "source", LETTERS.vocab_size)
    flags = ["--corpus", str(text), "--max-steps", "1", "--learning-rate", "1e-4", "--json"]
    out = tmp_path / "run"
    main(["train", "--init-from", str(source), "--out", str(out), *flags, "--dropout", "0.1"])
    saved = Checkpoint.load(out / "checkpoint.pt")
    assert saved.model_config == GPTConfig(**{**vars(CONFIG), "dropout": 0.1})
    assert saved.tokenizer.to_dict() == LETTERS.to_dict()
    before = GPT(CONFIG, LETTERS.vocab_size, torch.Generator().manual_seed(0))
    moved = (saved.training["model"]["wte.weight"] - before.wte.weight).abs().max()
    assert 0 < moved <= 2.1e-4  # one step of Adam
    # And once more, from our own checkpoint.
    again = ["--init-from", str(out / "checkpoint.pt"), "--out", str(tmp_path / "again")]
    main(["train", *again, *flags])
    capsys.readouterr()
    main(["import-gpt2", "--source", str(source), "--out", str(tmp_path / "imported")])
    error = error_of(["train", "--resume", "--out", str(tmp_path / "imported")], capsys)
    assert "holds weights without a training run" in error
