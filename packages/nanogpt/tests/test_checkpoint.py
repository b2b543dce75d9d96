"""Bad checkpoints: each gets its own clear error, and none runs code."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nanogpt.atomic import atomic_path
from nanogpt.checkpoint import FORMAT, Checkpoint
from nanogpt.data.config import CorpusConfig
from nanogpt.errors import CheckpointError, OutputError
from nanogpt.models.config import GPTConfig
from nanogpt.training.config import TrainConfig
from nanogpt.training.run import Run


@pytest.fixture
def saved(
    corpus: CorpusConfig, model_config: GPTConfig, train_config: TrainConfig, tmp_path: Path
) -> Path:
    device = torch.device("cpu")
    train_config = replace(train_config, max_steps=2, eval_interval=2)  # a checkpoint is enough
    Run.start(
        tmp_path, corpus, model_config=model_config, config=train_config, device=device
    ).train()
    return tmp_path / "checkpoint.pt"


def test_saved_and_loaded_is_the_same(saved: Path, tmp_path: Path) -> None:
    first = Checkpoint.load(saved)
    first.save(tmp_path / "again.pt")
    second = Checkpoint.load(tmp_path / "again.pt")
    assert second.model_config == first.model_config
    assert second.train_config == first.train_config
    assert second.tokenizer.to_dict() == first.tokenizer.to_dict()
    assert (second.corpus, second.corpus_sha256, second.seconds) == (
        first.corpus,
        first.corpus_sha256,
        first.seconds,
    )
    idx = torch.zeros(1, 4, dtype=torch.int64)
    models = [c.build_model(torch.device("cpu")).eval() for c in (first, second)]
    assert torch.equal(models[0](idx), models[1](idx))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"no checkpoint .*none.pt; 'nanogpt train' writes one"
    ):
        Checkpoint.load(tmp_path / "none.pt")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot read"):
        Checkpoint.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04garbage", bytes(range(256)) * 40])
def test_garbage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "garbage.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"garbage\.pt"):
        Checkpoint.load(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=r"checkpoint.pt is damaged"):
        Checkpoint.load(saved)


def test_code_inside_is_not_run(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "attacked"),)

    path = tmp_path / "attack.pt"
    torch.save({"format": FORMAT, "model": Attack()}, path)
    with pytest.raises(CheckpointError, match="not safe to load"):
        Checkpoint.load(path)
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize(
    "state", [{"model": {}}, [1, 2], {"format": "other"}, torch.zeros(3)], ids=repr
)
def test_foreign(tmp_path: Path, state: object) -> None:
    path = tmp_path / "foreign.pt"
    torch.save(state, path)
    with pytest.raises(CheckpointError, match="is not a checkpoint of nanogpt train"):
        Checkpoint.load(path)


def edit(path: Path, **changes: Any) -> None:
    state = torch.load(path, weights_only=True)
    for name, value in changes.items():
        state[name] = value
    torch.save(state, path)


def test_another_version(saved: Path) -> None:
    edit(saved, version=99)
    with pytest.raises(CheckpointError, match="has checkpoint version 99, this nanogpt reads 2"):
        Checkpoint.load(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_config": {"n_layers": 3}},
        {"model_config": {"n_layer": 0}},
        {"tokenizer": {"kind": "unheard of"}},
        {"train_config": None},
        {"corpus": None},
        {"seconds": "long"},
        {"training": {}},
        {"training": {"step": "3", "model": {}, "optimizer": {}}},
    ],
    ids=repr,
)
def test_incomplete(saved: Path, changes: dict[str, Any]) -> None:
    edit(saved, **changes)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt"):
        Checkpoint.load(saved)


def test_weights_of_another_shape(saved: Path) -> None:
    edit(
        saved,
        model_config={"kind": "gpt", "block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 16},
    )
    with pytest.raises(CheckpointError, match=r"do not fit the saved shape: .*wpe.weight"):
        Checkpoint.load(saved).build_model(torch.device("cpu"))


def test_failed_save_keeps_the_earlier_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()
    checkpoint = Checkpoint.load(saved)

    def half_a_file(_state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", half_a_file)
    with pytest.raises(OutputError, match=r"cannot write .*checkpoint.pt: No space left on device"):
        checkpoint.save(saved)
    assert saved.read_bytes() == before
    assert {path.name for path in saved.parent.glob(".*")} == set()


SMALL_FILE = 1 << 14


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond `SMALL_FILE` bytes: the system refuses writes as on a full disk.

    No fixture: pytest reports a result before it ends the fixtures, and a report is a write too.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_FILE, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_keeps_the_earlier_checkpoint(saved: Path) -> None:
    before = saved.read_bytes()
    assert len(before) > SMALL_FILE
    checkpoint = Checkpoint.load(saved)
    message = r"cannot write .*checkpoint.pt: is the disk full"
    with pytest.raises(OutputError, match=message), full_disk():
        checkpoint.save(saved)
    assert saved.read_bytes() == before
    assert not list(saved.parent.glob(".*"))


def test_full_disk_keeps_the_earlier_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_text("earlier")
    with (
        pytest.raises(OutputError, match="is the disk full"),
        full_disk(),
        atomic_path(path) as temporary,
    ):
        save_file({"a": torch.zeros(SMALL_FILE)}, temporary)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(path.name, "earlier")]


def test_other_errors_while_writing_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a mistake"), atomic_path(tmp_path / "file"):
        raise RuntimeError("a mistake")


def test_leftover_link_to_a_checkpoint_is_not_written_through(saved: Path, tmp_path: Path) -> None:
    before = saved.read_bytes()
    os.link(saved, tmp_path / f".{os.getpid()}-other.pt")
    with atomic_path(tmp_path / "other.pt") as temporary:
        temporary.write_text("new")
    assert saved.read_bytes() == before
