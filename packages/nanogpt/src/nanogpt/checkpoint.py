"""A run on disk: one file that holds all that sampling and resuming need.

The file is torch's own format, read with ``weights_only``, so that a checkpoint from a stranger
can hold numbers and text but run no code. It is written under a temporary name and renamed.
"""

import pickle
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch

from nanogpt.atomic import atomic_path
from nanogpt.data.config import CorpusConfig
from nanogpt.errors import CheckpointError, ConfigError, TokenizerError
from nanogpt.models.config import ModelConfig
from nanogpt.models.registry import Model, build_model, config_from_dict, config_to_dict
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.registry import tokenizer_from_dict
from nanogpt.training.config import TrainConfig

FORMAT = "nanogpt checkpoint"
VERSION = 2


@dataclass(frozen=True)
class Checkpoint:
    """A model, its tokenizer, and the state that its training continues from."""

    model_config: ModelConfig
    train_config: TrainConfig
    corpus: CorpusConfig
    """Which text, and how it became tokens."""
    corpus_sha256: str
    """Of its token ids; a resumed run must go on with the same text."""
    tokenizer: Tokenizer
    training: dict[str, Any]
    """`Trainer.state_dict`."""
    seconds: float
    """Time spent in training so far."""

    def build_model(self, device: torch.device) -> Model:
        """Return the trained model on ``device``.

        Raises:
            CheckpointError: The weights do not fit the configuration.
        """
        model = build_model(self.model_config, self.tokenizer.vocab_size)
        try:
            model.load_state_dict(self.training["model"])
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise CheckpointError(f"the weights do not fit the saved shape: {reason}") from error
        return model.to(device)

    def save(self, path: Path) -> None:
        """Write to ``path`` atomically.

        Raises:
            OutputError: The file cannot be written.
        """
        state = {
            "format": FORMAT,
            "version": VERSION,
            "model_config": config_to_dict(self.model_config),
            "train_config": asdict(self.train_config),
            "corpus": self.corpus.to_dict(),
            "corpus_sha256": self.corpus_sha256,
            "tokenizer": self.tokenizer.to_dict(),
            "training": self.training,
            "seconds": self.seconds,
        }
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote, its tensors on the CPU.

        Raises:
            CheckpointError: No such file, damaged, not of this program, or of another version.
        """
        state = _read(path)
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise CheckpointError(f"{path} is not a checkpoint of nanogpt train")
        if state.get("version") != VERSION:
            raise CheckpointError(
                f"{path} has checkpoint version {state.get('version')}, this nanogpt reads "
                f"{VERSION}; train again, or use the nanogpt that wrote it"
            )
        match state:
            case {
                "corpus": dict(),
                "corpus_sha256": str(),
                "seconds": float(),
                "training": {"step": int(), "model": dict(), "optimizer": dict()},
            }:
                pass
            case _:
                raise CheckpointError(f"{path} is not a complete checkpoint; train again")
        try:
            return cls(
                model_config=config_from_dict(state["model_config"]),
                train_config=TrainConfig(**state["train_config"]),
                corpus=CorpusConfig.from_dict(state["corpus"]),
                corpus_sha256=state["corpus_sha256"],
                tokenizer=tokenizer_from_dict(state["tokenizer"]),
                training=state["training"],
                seconds=state["seconds"],
            )
        except (KeyError, TypeError, ConfigError, TokenizerError) as error:
            raise CheckpointError(f"{path} is not a complete checkpoint: {error}") from error


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise CheckpointError(f"{path} is damaged, or not a checkpoint of nanogpt train")
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"no checkpoint {path}; 'nanogpt train' writes one, by default into runs/nanogpt"
        ) from error
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than numbers and text, which is not safe to load"
        ) from error
    except RuntimeError as error:
        raise CheckpointError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
