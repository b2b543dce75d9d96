"""The share of a device's peak, and advice when memory runs out."""

from typing import Any

import pytest
import torch

from nanogpt.cli import main
from nanogpt.data.config import CorpusConfig
from nanogpt.data.load import load_corpus
from nanogpt.data.splits import Splits
from nanogpt.estimate.flops import flops_per_token
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT
from nanogpt.training import cost
from nanogpt.training.config import TrainConfig
from nanogpt.training.trainer import Trainer


@pytest.fixture
def trainer(corpus: CorpusConfig, model_config: GPTConfig) -> Trainer:
    tokens, tokenizer = load_corpus(corpus)
    config = TrainConfig(batch_size=24, gradient_accumulation=2)
    return Trainer(GPT(model_config, tokenizer.vocab_size), Splits.by_position(tokens, 16), config)


def test_utilization_is_arithmetic_over_peak(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cost.utilization(trainer, 1000.0) is None  # nobody knows the peak of a CPU
    monkeypatch.setattr(trainer, "device", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA A100-SXM4-80GB")
    trainer.precision.dtype = torch.bfloat16
    flops = flops_per_token(trainer.model.config, trainer.model.vocab_size)  # type: ignore[arg-type]
    assert cost.utilization(trainer, 312e12 / flops / 2) == pytest.approx(0.5)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "something new")
    assert cost.utilization(trainer, 1000.0) is None


def test_advice_names_the_parts_and_the_flags(trainer: Trainer) -> None:
    advice = cost.memory_advice(trainer)
    assert advice.startswith("a step over 12 rows at a time needs about 0.0 GB (weights 0.0, ")
    assert "--gradient-accumulation" in advice


def test_step_without_memory_ends_in_one_line(
    tiny: list[str],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: Trainer) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(Trainer, "train_step", fail)
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--out", str(tmp_path / "run"), *tiny])
    assert stopped.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("nanogpt: out of memory: a step over 4 rows at a time needs about")


def test_other_errors_of_torch_are_not_taken_for_it(
    tiny: list[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Trainer) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(Trainer, "train_step", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        main(["train", "--out", str(tmp_path / "run"), *tiny])
