"""Which checkpoints stay, whatever the file system can do."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nanogpt.checkpoint import Checkpoint
from nanogpt.data.config import CorpusConfig
from nanogpt.models.config import GPTConfig
from nanogpt.training import retention
from nanogpt.training.config import TrainConfig
from nanogpt.training.log import RunLog
from nanogpt.training.run import Run


def train(folder: Path, corpus: CorpusConfig, config: TrainConfig) -> Path:
    shape = GPTConfig(block_size=16, n_layer=1, n_head=2, n_embd=16)
    device = torch.device("cpu")
    Run.start(folder, corpus, model_config=shape, config=config, device=device).train()
    return folder


def steps(folder: Path) -> dict[str, int]:
    return {path.name: Checkpoint.load(path).training["step"] for path in folder.glob("*.pt")}


def no_links(_source: object, _target: object) -> None:
    raise OSError("this file system has no hard links")


@pytest.mark.parametrize("links", [True, False])
def test_newest_few_and_the_best_stay(
    links: bool,
    tmp_path: Path,
    corpus: CorpusConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    config = replace(train_config, max_steps=10, eval_interval=4, checkpoint_interval=3)
    folder = train(tmp_path, corpus, replace(config, keep_checkpoints=2))
    losses = {r.step: r.val_loss for r in RunLog(folder / "log.jsonl", 10).records if r.val_loss}
    assert steps(folder) == {
        "checkpoint.pt": 10,
        "checkpoint-00000009.pt": 9,
        "checkpoint-00000010.pt": 10,
        "best.pt": min(losses, key=lambda step: losses[step]),
    }
    assert not list(folder.glob(".*"))  # nothing temporary is left


def test_one_is_kept_under_one_name(
    tmp_path: Path, corpus: CorpusConfig, train_config: TrainConfig
) -> None:
    folder = train(tmp_path, corpus, train_config)
    assert set(steps(folder)) == {"checkpoint.pt", "best.pt"}


def test_best_is_not_the_newest_when_the_loss_rises(
    tmp_path: Path, corpus: CorpusConfig, train_config: TrainConfig
) -> None:
    wild = replace(train_config, max_steps=12, learning_rate=2.0, warmup_steps=8, eval_interval=2)
    folder = train(tmp_path, corpus, wild)
    losses = {r.step: r.val_loss for r in RunLog(folder / "log.jsonl", 12).records if r.val_loss}
    best = min(losses, key=lambda step: losses[step])
    assert best < 12
    assert steps(folder)["best.pt"] == best


def test_best_needs_no_log(tmp_path: Path, corpus: CorpusConfig, train_config: TrainConfig) -> None:
    folder = train(tmp_path, corpus, replace(train_config, max_steps=4))
    checkpoint = Checkpoint.load(folder / "checkpoint.pt")
    assert checkpoint.training["best_val_loss"] > 0
    checkpoint.training["best_val_loss"] = 0.5  # better than what is to come
    (folder / "log.jsonl").write_text("")
    device = torch.device("cpu")
    Run.resume(folder, corpus, checkpoint, config=train_config, device=device).train()
    assert steps(folder) == {"checkpoint.pt": 12, "best.pt": 4}


def test_kill_before_the_newest_changes_loses_no_best(
    tmp_path: Path,
    corpus: CorpusConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = train(tmp_path, corpus, replace(train_config, max_steps=4))
    checkpoint = Checkpoint.load(folder / "checkpoint.pt")
    checkpoint.training["step"] = 8

    def killed(_path: Path, _name: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(retention, "_alias", killed)
    with pytest.raises(KeyboardInterrupt):
        retention.save_checkpoint(checkpoint, folder, keep=1, best=True)
    assert steps(folder) == {"checkpoint.pt": 4, "best.pt": 8}
    monkeypatch.undo()
    resumed = Checkpoint.load(folder / "checkpoint.pt")
    device = torch.device("cpu")
    records = Run.resume(folder, corpus, resumed, config=train_config, device=device).train()
    losses = {r.step: r.val_loss for r in records if r.val_loss}
    assert steps(folder)["best.pt"] == min(losses, key=lambda step: losses[step])
