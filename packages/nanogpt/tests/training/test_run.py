"""A run in its folder: repeatable, resumable bit for bit, careful with earlier results."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nanogpt.checkpoint import Checkpoint
from nanogpt.data.config import CorpusConfig
from nanogpt.errors import CheckpointError, CorpusError, DivergedError, OutputError
from nanogpt.models.config import GPTConfig
from nanogpt.training.config import TrainConfig
from nanogpt.training.log import RunLog
from nanogpt.training.run import Run
from nanogpt.training.trainer import StepResult

CPU = torch.device("cpu")


class Runner:
    """Starts and resumes runs of one configuration."""

    def __init__(self, corpus: CorpusConfig, model_config: GPTConfig, config: TrainConfig) -> None:
        self.corpus, self.model_config, self.config = corpus, model_config, config

    def start(self, folder: Path) -> Run:
        return Run.start(
            folder, self.corpus, model_config=self.model_config, config=self.config, device=CPU
        )

    def resume(self, folder: Path) -> Run:
        checkpoint = Checkpoint.load(folder / "checkpoint.pt")
        return Run.resume(
            folder, self.corpus, checkpoint, config=checkpoint.train_config, device=CPU
        )


@pytest.fixture
def runner(corpus: CorpusConfig, model_config: GPTConfig, train_config: TrainConfig) -> Runner:
    return Runner(corpus, model_config, train_config)


def assert_same_state(first: Path, second: Path) -> None:
    """Weights, moments and step counts of two checkpoints are equal, bit for bit."""
    a, b = (Checkpoint.load(folder / "checkpoint.pt").training for folder in (first, second))
    assert a["step"] == b["step"]
    assert a["model"].keys() == b["model"].keys()
    for name in a["model"]:
        assert torch.equal(a["model"][name], b["model"][name]), name
    for name, moments in a["optimizer"].items():
        assert moments
        for moment, value in moments.items():
            assert torch.equal(value, b["optimizer"][name][moment]), (name, moment)


def test_same_seed_same_bits(runner: Runner, tmp_path: Path) -> None:
    first = runner.start(tmp_path / "a").train()
    torch.rand(3)  # the global generator is in another state now
    second = runner.start(tmp_path / "b").train()
    assert_same_state(tmp_path / "a", tmp_path / "b")
    assert [r.val_loss for r in first] == [r.val_loss for r in second]


def test_another_seed_gives_other_weights(runner: Runner, tmp_path: Path) -> None:
    first = runner.start(tmp_path / "a").train()
    runner.config = replace(runner.config, seed=6)
    second = runner.start(tmp_path / "b").train()
    assert first[-1].val_loss != second[-1].val_loss


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("stop_after", [1, 4, 7, 11])
def test_stopped_and_resumed_equals_straight(
    runner: Runner, tmp_path: Path, stop_after: int, optimizer: Any
) -> None:
    runner.config = replace(
        runner.config, optimizer=optimizer, gradient_accumulation=2, checkpoint_interval=5
    )
    straight = runner.start(tmp_path / "straight").train()
    run = runner.start(tmp_path / "stopped")

    def stop(result: StepResult) -> None:
        if result.step == stop_after:
            run.stop()

    assert run.train(on_step=stop)[-1].step == stop_after
    resumed = runner.resume(tmp_path / "stopped").train()
    assert_same_state(tmp_path / "straight", tmp_path / "stopped")
    assert [r.val_loss for r in resumed if r.val_loss] == [
        r.val_loss for r in straight if r.val_loss
    ]


def test_killed_between_checkpoints_and_resumed_equals_straight(
    runner: Runner, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def kill(result: StepResult) -> None:
        if result.step == 7:
            raise Killed

    straight = runner.start(tmp_path / "straight").train()
    with pytest.raises(Killed):
        runner.start(tmp_path / "killed").train(on_step=kill)
    log = tmp_path / "killed" / "log.jsonl"
    log.write_text(log.read_text() + '{"step": 7, "train_l')  # cut short in the middle of a line
    resumed = runner.resume(tmp_path / "killed").train()
    assert_same_state(tmp_path / "straight", tmp_path / "killed")
    assert [r.step for r in resumed] == [r.step for r in straight] == [3, 4, 6, 8, 9, 12]
    assert [r.train_loss for r in resumed] == [r.train_loss for r in straight]


def test_finished_run_resumed_does_nothing(runner: Runner, tmp_path: Path) -> None:
    records = runner.start(tmp_path).train()
    before = (tmp_path / "checkpoint.pt").read_bytes()
    assert runner.resume(tmp_path).train() == records
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_folder_holds_checkpoint_log_curve_and_descriptions(runner: Runner, tmp_path: Path) -> None:
    records = runner.start(tmp_path / "deep" / "run").train()
    folder = tmp_path / "deep" / "run"
    assert {path.name for path in folder.iterdir()} == {
        "best.pt",
        "checkpoint.pt",
        "config.json",
        "log.jsonl",
        "loss.png",
        "samples.txt",
        "tokenizer.json",
    }
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 4, 6, 8, 9, 12]
    assert [line["val_loss"] is not None for line in lines] == [
        step in {4, 8, 12} for step in (3, 4, 6, 8, 9, 12)
    ]
    assert RunLog(folder / "log.jsonl", 12).records == records
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "config.json").read_text())["training"]["max_steps"] == 12
    assert json.loads((folder / "tokenizer.json").read_text()) == {
        "kind": "char",
        "characters": "\n .Tabcdefghijklmnopqrstuvwxyz",
    }


def test_earlier_run_is_set_aside(runner: Runner, tmp_path: Path) -> None:
    runner.start(tmp_path).train()
    first = (tmp_path / "checkpoint.pt").read_bytes()
    runner.start(tmp_path).train()
    runner.start(tmp_path).train()
    assert (tmp_path / "earlier-1" / "checkpoint.pt").read_bytes() == first
    assert sorted(path.name for path in (tmp_path / "earlier-2").iterdir()) == sorted(
        path.name for path in (tmp_path / "earlier-1").iterdir()
    )


def test_too_short_a_text_leaves_the_earlier_run_alone(runner: Runner, tmp_path: Path) -> None:
    runner.start(tmp_path).train()
    Path(runner.corpus.corpus).write_text("To be")
    with pytest.raises(CorpusError, match="needs 170"):
        runner.start(tmp_path)
    assert (tmp_path / "checkpoint.pt").exists()


def test_resuming_on_another_text_is_refused(runner: Runner, tmp_path: Path) -> None:
    runner.start(tmp_path).train()
    text = Path(runner.corpus.corpus)
    text.write_text(text.read_text()[::-1])
    with pytest.raises(CheckpointError, match=r"was trained on another text than '.*' holds"):
        runner.resume(tmp_path)


def test_divergence_keeps_the_last_checkpoint(runner: Runner, tmp_path: Path) -> None:
    run = runner.start(tmp_path)

    def break_weights(result: StepResult) -> None:
        if result.step == 6:
            run.trainer.model.wpe.weight.data.fill_(float("nan"))

    starts = ", ".join(f"{start:,}" for start in run.trainer._sampler.starts(6))
    with pytest.raises(DivergedError, match=rf"at step 7: .* training tokens {starts};"):
        run.train(on_step=break_weights)
    assert Checkpoint.load(tmp_path / "checkpoint.pt").training["step"] == 4


def test_unwritable_folder_is_named(runner: Runner, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*file"):
        runner.start(blocker / "run").train()


def test_damaged_optimizer_is_named(runner: Runner, tmp_path: Path) -> None:
    runner.start(tmp_path).train()
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    state["training"]["optimizer"] = {"wte.weight": {}}
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match=r"optimizer's state in .*checkpoint.pt does not fit"):
        runner.resume(tmp_path)


def test_resuming_with_another_optimizer_is_refused(runner: Runner, tmp_path: Path) -> None:
    runner.start(tmp_path).train()
    checkpoint = Checkpoint.load(tmp_path / "checkpoint.pt")
    config = replace(checkpoint.train_config, optimizer="muon")
    with pytest.raises(CheckpointError, match="resume with the same --optimizer"):
        Run.resume(tmp_path, runner.corpus, checkpoint, config=config, device=CPU)


def stop_at(run: Run, step: int) -> None:
    """Train up to ``step``, as a signal would stop it."""
    run.train(on_step=lambda result: run.stop() if result.step == step else None)


def test_samples_of_steps_that_come_again_are_dropped(runner: Runner, tmp_path: Path) -> None:
    straight = tmp_path / "straight"
    runner.start(straight).train()
    stop_at(runner.start(tmp_path), 6)
    with (tmp_path / "samples.txt").open("a") as file:
        file.write("--- step 8\nof a killed run\n--- step 12\nof a killed run\n")
    runner.resume(tmp_path).train()
    assert (tmp_path / "samples.txt").read_text() == (straight / "samples.txt").read_text()


def test_leftovers_of_a_kill_are_removed_and_only_those(runner: Runner, tmp_path: Path) -> None:
    ours = [".123-checkpoint.pt", ".4-checkpoint-00000004.pt", ".5-log.jsonl", ".6-best.pt"]
    others = [".123-notes.txt", ".checkpoint.pt", ".a-best.pt"]
    for name in ours + others:
        (tmp_path / name).write_text("half")
    stop_at(runner.start(tmp_path), 2)
    assert {path.name for path in tmp_path.glob(".*")} == set(others)
    (tmp_path / ours[0]).write_text("half")
    runner.resume(tmp_path).train()
    assert {path.name for path in tmp_path.glob(".*")} == set(others)


def test_overflow_is_null_in_the_log(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner.start(tmp_path)
    step = run.trainer.train_step
    monkeypatch.setattr(run.trainer, "train_step", lambda: replace(step(), grad_norm=math.inf))
    records = run.train()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    norms = [json.loads(line, parse_constant=refuse)["grad_norm"] for line in lines]
    assert norms == [None] * len(records)
    assert RunLog(tmp_path / "log.jsonl", 12).records == records


def test_finished_tells_whether_the_last_step_is_made(runner: Runner, tmp_path: Path) -> None:
    run = runner.start(tmp_path)
    stop_at(run, 6)
    assert not run.finished
    run = runner.resume(tmp_path)
    run.train(on_record=lambda record: run.stop() if record.step == 12 else None)
    assert run.finished


def test_model_writes_after_each_evaluation(runner: Runner, tmp_path: Path) -> None:
    runner.config = replace(runner.config, sample_tokens=20)
    shown: list[str] = []
    runner.start(tmp_path).train(on_sample=shown.append)
    assert [len(text) for text in shown] == [20, 20, 20]
    expected = "".join(f"--- step {4 * (n + 1)}\n{text}\n" for n, text in enumerate(shown))
    assert (tmp_path / "samples.txt").read_text() == expected
