"""Saved vectors: what training writes and serving reads, without PyTorch.

A folder holds ``articles.npy`` (n, D) and ``customers.npy`` (m, D), both float32, and
``vectors.json``. The score of a pair is the inner product of its two rows. The arrays are opened as
memory maps.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fashion_recsys.errors import DatasetError

FORMAT_VERSION = 1
ARTICLES, CUSTOMERS, META = "articles.npy", "customers.npy", "vectors.json"

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SavedVectors:
    """Vectors of all articles and customers, made from the log before ``as_of``."""

    as_of: date
    articles: Vectors
    customers: Vectors
    meta: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "SavedVectors":
        """Open the vectors that training wrote.

        Raises:
            DatasetError: there are none, or a file is damaged or of another version.
        """
        try:
            meta = json.loads((folder / META).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DatasetError(
                f"{folder}: no two-tower vectors here (no {META}); train the model first"
            ) from error
        except (OSError, ValueError) as error:
            raise _damaged(folder / META, error) from error
        version = meta.get("format_version") if isinstance(meta, dict) else None
        if version != FORMAT_VERSION:
            raise DatasetError(
                f"{folder / META}: expected format version {FORMAT_VERSION}, found {version}; "
                "train the model again"
            )
        try:
            as_of = date.fromisoformat(meta["as_of"])
            articles = _map(folder / ARTICLES, (meta["articles"], meta["dim"]))
            customers = _map(folder / CUSTOMERS, (meta["customers"], meta["dim"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(folder / META, error) from error
        return cls(as_of, articles, customers, meta)


def write_meta(folder: Path, meta: dict[str, Any]) -> None:
    """Write the file that says that the vectors are complete, last and atomically."""
    partial = folder / f".{META}.partial"
    text = json.dumps({"format_version": FORMAT_VERSION, **meta}, indent=2)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.rename(folder / META)


def _map(path: Path, shape: tuple[int, int]) -> Vectors:
    try:
        array: Vectors = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error
    if array.shape != shape or array.dtype != np.float32:
        raise _damaged(path, f"expected float32 {shape}, found {array.dtype} {array.shape}")
    return array


def _damaged(path: Path, cause: object) -> DatasetError:
    return DatasetError(f"{path}: is missing or damaged ({cause}); train the model again")
