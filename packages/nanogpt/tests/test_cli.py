"""The command line as its users meet it: results, JSON, and one clear line for every mistake."""

import json
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from nanogpt.checkpoint import Checkpoint
from nanogpt.cli import main
from nanogpt.commands.progress import TrainProgress
from nanogpt.training.trainer import StepResult

TINY = [
    *("--max-steps", "6", "--eval-interval", "3", "--batch-size", "4", "--warmup-steps", "2"),
    *("--block-size", "16", "--n-layer", "1", "--n-head", "2", "--n-embd", "16", "--device", "cpu"),
]

ABSENT = "cuda" if torch.backends.mps.is_available() else "mps"  # no machine has both


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("The quick brown fox jumps over the lazy dog.\n" * 60)
    return path


@pytest.fixture
def run(text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the folder of a finished run."""
    main(["train", "--corpus", str(text), "--out", str(tmp_path / "run"), *TINY])
    capsys.readouterr()
    return tmp_path / "run"


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
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "--corpus", str(text), "--out", str(tmp_path / "run"), *TINY])
    captured = capsys.readouterr()
    assert re.search(r"steps +6 of 6\n", captured.out)
    assert re.search(rf"checkpoint +{tmp_path}/run/checkpoint.pt\n", captured.out)
    assert re.search(r"validation loss +\d\.\d{4} nats per token, on the whole split", captured.out)
    assert re.search(r"step 3: training loss \d\.\d{4}, validation loss \d\.\d{4}", captured.err)
    assert "vocabulary of 31; 2,430 tokens to train on, 270 to validate on" in captured.err


def test_train_json_stands_alone_on_stdout(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "--json", "--corpus", str(text), "--out", str(tmp_path / "run"), *TINY])
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
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = text.rename(tmp_path / "c$_$st [red].txt")
    main(["train", "--corpus", str(odd), "--out", str(tmp_path / "run"), *TINY])
    assert "loss curve" in capsys.readouterr().out


def test_output_cut_off_by_its_reader_ends_quietly(run: Path) -> None:
    code = "import sys; from nanogpt.cli import main; main(sys.argv[1:])"
    argv = ["sample", "--checkpoint", str(run / "checkpoint.pt"), "--num-tokens", "5000"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


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
    assert json.loads(capsys.readouterr().out) == {"prompt": "The ", "text": first[4:-1]}
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
        (["--learning-rate", "1e-5"], "min_learning_rate must not exceed learning_rate"),
        (["--weight-decay", "nan"], "weight_decay must be 0 or more and finite, got nan"),
        (["--seed", "-1"], "seed must be from 0 to 4,294,967,295, got -1"),
        (["--seed", str(2**32)], "seed must be from 0 to 4,294,967,295, got 4,294,967,296"),
        (["--batch-size", str(10**30)], "batch_size must be at most 1,000,000"),
        (["--n-embd", str(10**30)], "n_embd must be from 1 to 1,000,000"),
        (["--n-embd", "1000000"], "out of memory; a smaller --batch-size"),
        (["--corpus", "n" * 5000], "cannot read nnn"),
        (["--out", "n" * 300], "cannot use the folder nnn"),
        (["--threads", "0"], "threads must be at least 1, got 0"),
        (["--device", ABSENT], f"no device '{ABSENT}' here"),
        (["--corpus", "none.txt"], "no file none.txt; expected the path of a text file"),
        (["--block-size", "4000"], "needs 40,010: give a longer text or a smaller --block-size"),
    ],
)
def test_mistakes_in_training_get_one_line(
    text: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    argv = ["train", "--corpus", str(text), "--out", str(tmp_path / "run"), *TINY, *flags]
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


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"nanogpt {version('nanogpt')}\n"


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from nanogpt.cli import main\n"
        "try: main(['train', '--help'])\n"
        "finally: sys.exit(3 if 'torch' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--max-steps" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_saves_and_ends_in_order(
    text: Path,
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
        main(["train", "--corpus", str(text), "--out", str(tmp_path / "run"), *TINY])
    assert stopped.value.code == 128 + number
    captured = capsys.readouterr()
    assert "stopping after this step" in captured.err
    assert "validation loss  not measured: the run was stopped" in captured.out
    assert Checkpoint.load(tmp_path / "run" / "checkpoint.pt").training["step"] == 2
    assert signal.getsignal(number) == before


KILLED = """
import os, signal, sys
from nanogpt.cli import main
from nanogpt.commands.progress import TrainProgress

def on_step(self, result):
    if result.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)

TrainProgress.on_step = on_step
main(sys.argv[1:])
"""


def test_run_killed_by_the_system_resumes_to_the_bits_of_a_straight_one(
    text: Path, tmp_path: Path, run: Path
) -> None:
    killed = tmp_path / "killed"
    argv = ["train", "--corpus", str(text), "--out", str(killed), *TINY]
    done = subprocess.run([sys.executable, "-c", KILLED, *argv], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert Checkpoint.load(killed / "checkpoint.pt").training["step"] == 3
    main(["train", "--resume", "--out", str(killed), "--device", "cpu"])
    straight, resumed = (Checkpoint.load(f / "checkpoint.pt").training for f in (run, killed))
    assert resumed["step"] == straight["step"] == 6
    for name, weight in straight["model"].items():
        assert torch.equal(resumed["model"][name], weight), name
    for index, moments in straight["optimizer"]["state"].items():
        for name, moment in moments.items():
            assert torch.equal(resumed["optimizer"]["state"][index][name], moment), name
