"""What a run keeps in its folder beside the checkpoints, and how an earlier one makes way.

``log.jsonl``, ``samples.txt``, ``loss.png`` and TensorBoard's events are the record of the run;
``config.json`` and ``tokenizer.json`` are for people, the checkpoint holds the same.
"""

import json
import re
from dataclasses import asdict
from pathlib import Path

from nanogpt.atomic import remove_temporaries, write_text
from nanogpt.data.config import CorpusConfig
from nanogpt.errors import OutputError
from nanogpt.models.config import ModelConfig
from nanogpt.models.registry import config_to_dict
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.training.config import TrainConfig
from nanogpt.training.retention import checkpoints_of, is_checkpoint

LOG = "log.jsonl"
PLOT = "loss.png"
SAMPLES = "samples.txt"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
EVENTS = "tensorboard"
"""A folder; TensorBoard's files in it have names of their own."""
_NAMES = (LOG, PLOT, SAMPLES, CONFIG, TOKENIZER, EVENTS)
_SAMPLE = re.compile(rb"^--- step (\d+)$", re.MULTILINE)


def set_aside_earlier(folder: Path) -> None:
    """Move the files of an earlier run in ``folder`` into the first free ``earlier-N`` of it.

    Raises:
        OutputError: The folder cannot be used.
    """
    try:
        named = [folder / name for name in _NAMES]
        earlier = checkpoints_of(folder) + [path for path in named if path.exists()]
    except OSError as error:
        raise OutputError(f"cannot use the folder {folder}: {error.strerror}") from error
    if not earlier:
        return
    number = 1
    while (folder / f"earlier-{number}").exists():
        number += 1
    aside = folder / f"earlier-{number}"
    try:
        aside.mkdir()
        for path in earlier:
            path.rename(aside / path.name)
    except OSError as error:
        raise OutputError(f"cannot move the earlier run to {aside}: {error.strerror}") from error


def clear_leftovers(folder: Path, step: int) -> None:
    """Remove what a killed run left: files half written, and samples of steps after ``step``.

    Raises:
        OutputError: The folder cannot be written.
    """
    remove_temporaries(folder, lambda name: name in _NAMES or is_checkpoint(name))
    path = folder / SAMPLES
    try:
        if not path.exists():
            return
        for header in _SAMPLE.finditer(path.read_bytes()):
            if int(header[1]) > step:  # it will be written again
                with path.open("rb+") as file:
                    file.truncate(header.start())
                return
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def describe(
    folder: Path,
    corpus: CorpusConfig,
    model_config: ModelConfig,
    train_config: TrainConfig,
    tokenizer: Tokenizer,
) -> None:
    """Write ``config.json`` and ``tokenizer.json``.

    Raises:
        OutputError: The folder cannot be written.
    """
    config = {
        "corpus": corpus.to_dict(),
        "model": config_to_dict(model_config),
        "training": asdict(train_config),
    }
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    write_text(folder / TOKENIZER, json.dumps(tokenizer.to_dict()) + "\n")


def append_sample(folder: Path, step: int, text: str) -> None:
    """Add what the model wrote after ``step`` to ``samples.txt``.

    Raises:
        OutputError: The file cannot be written.
    """
    path = folder / SAMPLES
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"--- step {step}\n{text}\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
