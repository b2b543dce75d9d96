"""A model small enough to train in a test, on one thread."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nanogpt.cli import main
from nanogpt.data.config import CorpusConfig
from nanogpt.models.config import GPTConfig
from nanogpt.training.config import TrainConfig


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they give on models this small, and far more on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # for the programs that tests start
        yield
    torch.set_num_threads(threads)


@pytest.fixture
def corpus(text: Path) -> CorpusConfig:
    return CorpusConfig(str(text))


@pytest.fixture
def model_config() -> GPTConfig:
    return GPTConfig(block_size=16, n_layer=2, n_head=2, n_embd=16, dropout=0.1)


@pytest.fixture
def train_config() -> TrainConfig:
    return TrainConfig(
        max_steps=12, batch_size=4, warmup_steps=3, eval_interval=4, log_interval=3, seed=5
    )


@pytest.fixture
def tiny(text: Path) -> list[str]:
    """Flags for six steps of a model that trains in a blink."""
    flags = """--max-steps 6 --eval-interval 3 --batch-size 4 --warmup-steps 2 --block-size 16
        --n-layer 1 --n-head 2 --n-embd 16 --device cpu"""
    return ["--corpus", str(text), *flags.split()]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("The quick brown fox jumps over the lazy dog.\n" * 60)
    return path


@pytest.fixture
def run(tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the folder of a finished run."""
    main(["train", "--out", str(tmp_path / "run"), *tiny])
    capsys.readouterr()
    return tmp_path / "run"
