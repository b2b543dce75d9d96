"""Two processes against one: the same batch, so the same run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nanogpt.checkpoint import Checkpoint
from nanogpt.cli import main
from nanogpt.data.config import CorpusConfig
from nanogpt.data.load import load_corpus
from nanogpt.data.splits import Splits
from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.training import state
from nanogpt.training.config import TrainConfig
from nanogpt.training.parallel import Processes
from nanogpt.training.trainer import Trainer


def torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.run(
        [*launcher, "--nproc-per-node", "2", "-m", "nanogpt", "train", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_train_as_one_does(
    strategy: str, tiny: list[str], run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / strategy
    flags = ["--strategy", strategy, "--gradient-accumulation", "2", "--json"]
    done = torchrun("--out", str(folder), *tiny, *flags)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # one process reports
    ours, single = (Checkpoint.load(path / "checkpoint.pt").training for path in (folder, run))
    assert ours["step"] == single["step"] == 6
    for name, weight in single["model"].items():
        torch.testing.assert_close(ours["model"][name], weight, atol=2e-5, rtol=1e-4)
    losses = [
        [json.loads(line)["val_loss"] for line in (path / "log.jsonl").read_text().splitlines()]
        for path in (folder, run)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert result["val_loss"] == losses[0][-1]
    # One process goes on where the two stopped, and the other way round.
    main(["train", "--resume", "--out", str(folder), "--max-steps", "8", "--device", "cpu"])
    done = torchrun("--resume", "--out", str(folder), "--max-steps", "9", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert Checkpoint.load(folder / "checkpoint.pt").training["step"] == 9


@pytest.mark.slow
def test_error_of_the_first_process_ends_all_in_one_line(tiny: list[str], tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_text("in the way")
    done = torchrun("--out", str(out), *tiny)
    assert done.returncode != 0
    assert "nanogpt: cannot write" in done.stderr
    # What else is on stderr is torchrun's own report; no process of ours shows where it failed.
    assert "nanogpt/training" not in done.stderr
    assert "exitcode  : 2" in done.stderr


def test_sharded_state_is_kept_where_it_is_written(corpus: CorpusConfig) -> None:
    tokens, tokenizer = load_corpus(corpus)
    model = GPT(GPTConfig(block_size=16, n_layer=1, n_head=2, n_embd=16), tokenizer.vocab_size)
    trainer = Trainer(model, Splits.by_position(tokens, 16), TrainConfig(batch_size=4))
    trainer.train_step()
    kept, dropped = (state.model_state(model, keep=keep) for keep in (True, False))
    assert kept.keys() == model.state_dict().keys()
    assert dropped == {}
    moments = state.optimizer_state(model, trainer.optimizers, keep=False)
    assert set(map(len, moments.values())) == {0}


def test_accumulated_passes_make_the_same_step(corpus: CorpusConfig) -> None:
    tokens, tokenizer = load_corpus(corpus)
    shape = GPTConfig(block_size=16, n_layer=1, n_head=2, n_embd=16)
    results = []
    for passes in (1, 2, 4):
        model = GPT(shape, tokenizer.vocab_size, torch.Generator().manual_seed(0))
        config = TrainConfig(batch_size=8, gradient_accumulation=passes)
        trainer = Trainer(model, Splits.by_position(tokens, 16), config)
        results.append([trainer.train_step() for _ in range(3)][-1])
    for other in results[1:]:
        assert other.loss == pytest.approx(results[0].loss, abs=1e-5)
        assert other.grad_norm == pytest.approx(results[0].grad_norm, rel=1e-4)


def test_rows_of_all_processes_are_the_batch() -> None:
    batch = torch.arange(12).view(6, 2)
    parts = [Processes(rank, 3).rows(batch) for rank in range(3)]
    assert sorted(torch.cat(parts).flatten().tolist()) == list(range(12))
    assert [len(part) for part in parts] == [2, 2, 2]


@pytest.mark.parametrize(
    ("config", "processes", "message"),
    [
        (TrainConfig(batch_size=6), Processes(0, 4), "got 6 and 4 x 1"),
        (
            TrainConfig(batch_size=4, optimizer="muon", strategy="fsdp"),
            Processes(0, 2),
            "muon needs whole matrices",
        ),
        (TrainConfig(precision="float16"), Processes(), "float16 needs a CUDA GPU"),
    ],
)
def test_recipe_that_does_not_fit(
    config: TrainConfig, processes: Processes, message: str, corpus: CorpusConfig
) -> None:
    tokens, tokenizer = load_corpus(corpus)
    model = GPT(GPTConfig(block_size=16, n_layer=1, n_head=2, n_embd=16), tokenizer.vocab_size)
    with pytest.raises(ConfigError, match=message):
        Trainer(model, Splits.by_position(tokens, 16), config, processes)
