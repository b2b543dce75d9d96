"""Checkpoints: written whole after each epoch, and read only by the run that they belong to."""

import pickle
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fashion_recsys.errors import DatasetError
from fashion_recsys.two_tower.inputs import Inputs
from fashion_recsys.two_tower.settings import TwoTowerSettings

NAME = "checkpoint.pt"


def fingerprint(inputs: Inputs, settings: TwoTowerSettings, seed: int) -> dict[str, Any]:
    """Return what a checkpoint must share with a run that resumes from it."""
    arrays = (
        inputs.histories.customers,
        inputs.histories.days,
        inputs.histories.articles,
        inputs.histories.totals,
        inputs.articles.codes.codes,
        inputs.articles.words,
        inputs.customers.codes.codes,
        inputs.customers.numbers,
    )
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
    return {
        "as_of": str(inputs.as_of),
        "seed": seed,
        "settings": asdict(settings),
        "inputs": checksum,
    }


def save(folder: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint in ``folder`` by ``state``, whole or not at all."""
    partial = folder / f".{NAME}.partial"
    torch.save(state, partial)
    partial.replace(folder / NAME)


def load(folder: Path, expected: dict[str, Any]) -> dict[str, Any] | None:
    """Return the checkpoint in ``folder``; None if there is none or it is another run's.

    Raises:
        DatasetError: it is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        # The name of the error only: PyTorch's message is a page about pickles.
        kind = type(error).__name__
        raise DatasetError(f"{path}: is damaged ({kind}); remove it and train again") from error
    if not isinstance(state, dict) or state.get("fingerprint") != expected:
        return None
    return state
