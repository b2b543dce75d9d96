"""Defaults, preset, file, flags: each layer changes what it names, and mistakes are named."""

from pathlib import Path
from typing import get_args

import pytest

from nanogpt.cli import _parse
from nanogpt.commands.config import PresetName, Train, TrainMLP
from nanogpt.commands.layers import changed, layered
from nanogpt.errors import ConfigError
from nanogpt.models.gpt import GPT


def test_each_layer_overrides_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[model]\nn_layer = 3\n[training]\nlearning_rate = 1\nmax_steps = 9\n")
    argv = ["train", "--preset", "shakespeare-gpu", "--config", str(file), "--max-steps", "7"]
    command = _parse(argv)
    assert isinstance(command, Train)
    assert command.model.n_embd == 384  # the preset
    assert command.model.n_layer == 3  # the file
    assert command.training.learning_rate == 1.0
    assert command.training.max_steps == 7  # the flag
    assert command.training.beta2 == 0.99  # the default
    assert command.data.corpus == "tiny-shakespeare"


def test_flag_with_an_equals_sign_counts_too() -> None:
    command = _parse(["train", "--preset=gpt2", "--n-layer", "2"])
    assert isinstance(command, Train)
    assert (command.model.n_embd, command.model.n_layer) == (768, 2)


@pytest.mark.parametrize("name", get_args(PresetName))
def test_every_preset_is_a_file_that_fits(name: str) -> None:
    command = layered(Train(), ["--preset", name])
    assert command != Train()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("gpt2", 124_439_808), ("gpt2-medium", 354_823_168), ("gpt2-xl", 1_557_611_200)],
)
def test_presets_of_gpt2_have_its_published_size(name: str, parameters: int) -> None:
    import torch

    shape = layered(Train(), ["--preset", name]).model
    with torch.device("meta"):
        model = GPT(shape, 50257)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


def test_values_take_the_types_of_the_fields() -> None:
    toml = "[data]\nfile = 'a.txt'\ntokenizer = 'bpe'\n[model]\nn_kv_head = 2\nqk_norm = true\n"
    command = changed(Train(), toml, "x")
    assert command.data.file == Path("a.txt")
    assert command.data.tokenizer == "bpe"
    assert command.model.n_kv_head == 2
    assert command.model.qk_norm is True


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[model]\nn_layers = 3", r"mine: \[model\] has no field 'n_layers'; it has .*n_layer"),
        ("[modle]\nn_layer = 3", r"mine: expected the sections \[data\], \[model\].*'modle'"),
        ("n_layer = 3", "mine: expected the sections .* got 'n_layer'"),
        ("[model]\nn_layer = 'three'", "mine: n_layer must be int, got 'three'"),
        ("[model]\nn_layer = 1.5", "mine: n_layer must be int, got 1.5"),
        ("[model]\nbias = 1", "mine: bias must be bool, got 1"),
        ("[training]\noptimizer = 'sgd'", "optimizer must be 'adamw' or 'muon', got 'sgd'"),
        ("[model", "mine is not TOML"),
    ],
)
def test_mistakes_in_a_file(toml: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        changed(Train(), toml, "mine")


def test_file_for_the_other_model_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\[model\] has no field 'n_head'"):
        changed(TrainMLP(), "[model]\nn_head = 2", "mine")


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none.toml"):
        layered(Train(), ["--config", str(tmp_path / "none.toml")])
    (tmp_path / "binary.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        layered(Train(), ["--config", str(tmp_path / "binary.toml")])


def test_only_the_result_must_fit_together(tmp_path: Path) -> None:
    file = tmp_path / "six.toml"
    file.write_text("[model]\nn_head = 6\n")
    command = _parse(["train", "--config", str(file), "--n-embd", "384"])
    assert isinstance(command, Train)
    assert (command.model.n_head, command.model.n_embd) == (6, 384)
    with pytest.raises(ConfigError, match="n_embd must be a multiple of n_head, got 128 and 6"):
        _parse(["train", "--config", str(file)])


def test_flags_of_a_preset_can_be_said_and_taken_back() -> None:
    for flags, compiled in (([], True), (["--compile"], True), (["--no-compile"], False)):
        command = _parse(["train", "--preset", "gpt2", *flags])
        assert isinstance(command, Train)
        assert command.training.compile is compiled


def test_fine_tuning_rate_needs_no_other_flag() -> None:
    command = _parse(["train", "--learning-rate", "3e-5"])
    assert isinstance(command, Train)
    assert command.training.final_learning_rate == 3e-5 / 40
