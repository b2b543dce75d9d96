"""The command line as its users meet it: results, JSON, and one clear line for every mistake."""

import json
import os
import re
import signal
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from nanogpt.checkpoint import Checkpoint
from nanogpt.cli import main
from nanogpt.commands.progress import TrainProgress
from nanogpt.training.trainer import StepResult

ABSENT = "cuda" if torch.backends.mps.is_available() else "mps"  # no machine has both


def error_of(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail; return its only line on stderr."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("nanogpt: ")
    return captured.err


def test_train_reports_result_on_stdout_and_progress_on_stderr(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "--out", str(tmp_path / "run"), *tiny])
    captured = capsys.readouterr()
    assert re.search(r"steps +6 of 6\n", captured.out)
    assert re.search(rf"checkpoint +{tmp_path}/run/checkpoint.pt\n", captured.out)
    assert re.search(r"validation loss +\d\.\d{4} nats per token, on the whole split", captured.out)
    assert re.search(r"step 3: training loss \d\.\d{4}, validation loss \d\.\d{4}", captured.err)
    assert "vocabulary of 31; 2,430 tokens to train on, 270 to validate on" in captured.err


def test_train_json_stands_alone_on_stdout(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "--json", "--out", str(tmp_path / "run"), *tiny])
    result = json.loads(capsys.readouterr().out)
    assert result["step"] == 6
    assert result["checkpoint"] == str(tmp_path / "run" / "checkpoint.pt")
    assert Path(result["loss_curve"]).exists()


def test_resume_keeps_the_settings_and_takes_new_flags(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "--json", "--resume", "--out", str(run), "--max-steps", "9"])
    assert json.loads(capsys.readouterr().out)["step"] == 9
    config = json.loads((run / "config.json").read_text())
    assert config["training"]["max_steps"] == 9
    assert config["training"]["batch_size"] == 4
    assert config["model"]["n_embd"] == 16


def test_resume_refuses_another_shape(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["train", "--resume", "--out", str(run), "--n-layer", "2"]
    assert "the shape of a model cannot change" in error_of(argv, capsys)


def test_resume_refuses_fewer_steps_than_it_made(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / "config.json").read_bytes()
    argv = ["train", "--resume", "--out", str(run), "--max-steps", "5"]
    assert "has made 6 steps already" in error_of(argv, capsys)
    assert (run / "config.json").read_bytes() == before


def test_log_that_is_not_text_does_not_stop_resuming(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "log.jsonl").write_bytes(b"\xff\x00")
    main(["train", "--json", "--resume", "--out", str(run), "--max-steps", "7"])
    assert json.loads(capsys.readouterr().out)["step"] == 7


def test_name_of_a_corpus_may_look_like_a_formula(
    tiny: list[str], text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = text.rename(tmp_path / "c$_$st [red].txt")
    main(["train", *tiny, "--out", str(tmp_path / "run"), "--corpus", str(odd)])
    assert "loss curve" in capsys.readouterr().out


def test_resume_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = error_of(["train", "--resume", "--out", str(tmp_path)], capsys)
    assert "no checkpoint" in error
    assert "checkpoint.pt" in error


def test_resume_after_the_text_is_gone(
    run: Path, text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text.unlink()
    assert "no file" in error_of(["train", "--resume", "--out", str(run)], capsys)


def test_sample_streams_prompt_and_continuation(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["sample", "--checkpoint", str(run / "checkpoint.pt"), "--prompt", "The "]
    main([*argv, "--num-tokens", "50"])
    first = capsys.readouterr().out
    assert first.startswith("The ")
    assert len(first) == len("The ") + 50 + 1
    main([*argv, "--num-tokens", "50", "--json"])
    expected = {"prompt": "The ", "samples": [{"seed": 0, "text": first[4:-1]}]}
    assert json.loads(capsys.readouterr().out) == expected
    main([*argv, "--num-tokens", "50", "--seed", "1"])
    assert capsys.readouterr().out != first


def test_sample_tells_of_unknown_characters(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["sample", "--checkpoint", str(run / "checkpoint.pt"), "--prompt", "Zoë ☃", "--seed", "1"])
    captured = capsys.readouterr()
    assert "does not know 'Zë☃' of the prompt" in captured.err
    assert captured.out.startswith("Zoë ☃")


def test_sample_without_prompt_and_without_tokens(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(
        ["sample", "--checkpoint", str(run / "checkpoint.pt"), "--prompt", "", "--num-tokens", "0"]
    )
    assert capsys.readouterr().out == "\n\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n-head", "3"], "n_embd must be a multiple of n_head"),
        (["--max-steps", "0"], "max_steps must be at least 1, got 0"),
        (["--learning-rate", "nan"], "learning_rate must be above 0 and finite, got nan"),
        (["--beta1", "1"], "beta1 must be in"),
        (["--learning-rate", "inf"], "learning_rate must be above 0 and finite, got inf"),
        (
            ["--learning-rate", "1e-5", "--min-learning-rate", "1"],
            "min_learning_rate must not exceed learning_rate",
        ),
        (["--weight-decay", "nan"], "weight_decay must be 0 or more and finite, got nan"),
        (["--seed", "-1"], "seed must be from 0 to 4,294,967,295, got -1"),
        (["--seed", str(2**32)], "seed must be from 0 to 4,294,967,295, got 4,294,967,296"),
        (["--batch-size", str(10**30)], "batch_size must be at most 1,000,000"),
        (["--n-embd", str(10**30)], "n_embd must be from 1 to 1,000,000"),
        (
            ["--n-embd", "1000000"],
            "out of memory: the model does not fit; lower --n-embd or --n-layer",
        ),
        (["--corpus", "n" * 5000], "cannot read nnn"),
        (["--out", "n" * 300], "cannot use the folder nnn"),
        (["--threads", "0"], "threads must be at least 1, got 0"),
        (["--device", ABSENT], f"no device '{ABSENT}' here"),
        (["--corpus", "none.txt"], "no file none.txt; expected the path of a text file"),
        (["--block-size", "4000"], "needs 40,010: give a longer text or a smaller --block-size"),
    ],
)
def test_mistakes_in_training_get_one_line(
    tiny: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    argv = ["train", "--out", str(tmp_path / "run"), *tiny, *flags]
    assert message in error_of(argv, capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--temperature", "-1"], "temperature must be 0 or more, got -1.0"),
        (["--top-k", "0"], "top_k must be at least 1, got 0"),
        (["--seed", str(2**63)], "seed must be in [0, 2^63), got 9223372036854775808"),
        (["--checkpoint", "none.pt"], "no checkpoint none.pt; 'nanogpt train' writes one"),
    ],
)
def test_mistakes_in_sampling_get_one_line(
    capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert message in error_of(["sample", *flags], capsys)


@pytest.mark.parametrize(
    "argv", [[], ["trian"], ["train", "--max-steps", "many"], ["sample", "--device", "abacus"]]
)
def test_unusable_command_lines_exit_with_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_do_not_spin_unless_told_to(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str | None
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 0.0, 0.0))
    main(["--version"])
    assert os.environ.get("GOMP_SPINCOUNT") == expected


def test_threads_spin_where_the_cores_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 2.0, 2.0))
    main(["--version"])
    assert "GOMP_SPINCOUNT" not in os.environ


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"nanogpt {version('nanogpt')}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_saves_and_ends_in_order(
    tiny: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    def interrupt(_self: TrainProgress, result: StepResult) -> None:
        if result.step == 2:
            signal.raise_signal(number)

    monkeypatch.setattr(TrainProgress, "on_step", interrupt)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--out", str(tmp_path / "run"), *tiny])
    assert stopped.value.code == 128 + number
    captured = capsys.readouterr()
    assert "stopping after this step" in captured.err
    assert "validation loss  not measured: the run was stopped" in captured.out
    assert Checkpoint.load(tmp_path / "run" / "checkpoint.pt").training["step"] == 2
    assert signal.getsignal(number) == before


def test_prepare_reports_counts_and_keeps_what_is_done(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["prepare", "--corpus", str(text), "--tokenizer", "bpe", "--bpe-vocab-size", "300"]
    main([*argv, "--out", str(tmp_path / "tokens"), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["documents"] == result["shards"] == 1
    assert result["bytes"] == 2700
    assert result["bytes_per_token"] == result["bytes"] / result["tokens"]
    main([*argv, "--out", str(tmp_path / "tokens")])
    captured = capsys.readouterr()
    assert re.search(r"shards +1, 1 of them kept from before\n", captured.out)
    assert re.search(rf"folder +{tmp_path}/tokens\n", captured.out)
    assert captured.err == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--corpus", "none.txt"], "no file none.txt; expected the path of a text file"),
        (["--workers", "0"], "workers must be at least 1, got 0"),
        (["--bpe-vocab-size", "256"], "bpe_vocab_size must be from 257"),
        (["--bpe-vocab-size", "5000000000"], "to 1,000,000, got 5,000,000,000"),
        (["--file", "x"], "--file is your copy of 'tiny-shakespeare'"),
        (["--out", "n" * 300], "cannot use the folder nnn"),
    ],
)
def test_mistakes_in_preparing_get_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert message in error_of(["prepare", "--out", str(tmp_path / "out"), *flags], capsys)
    assert not (tmp_path / "out").exists()


def test_prepared_folder_is_verified(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tokens"
    main(["prepare", "--corpus", str(text), "--out", str(folder), "--workers", "1", "--json"])
    capsys.readouterr()
    argv = ["prepare", "--verify", "--out", str(folder), "--json"]
    main(argv)
    assert json.loads(capsys.readouterr().out)["tokens"] == 2700
    shard = folder / "tokens-00000.bin"
    raw = bytearray(shard.read_bytes())
    raw[7] ^= 1
    shard.write_bytes(raw)
    assert "tokens-00000.bin" in error_of(argv, capsys)
