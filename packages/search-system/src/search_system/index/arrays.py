"""Open the files of a segment as memory-mapped arrays."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.floating[Any]]


def open_array(path: Path) -> IntArray:
    """Map an ``.npy`` file of whole numbers; raise `CorruptIndexError` if it is none."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CorruptIndexError(f"{path}: {error}; build the index again") from error
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise CorruptIndexError(f"{path}: expected a list of whole numbers; build the index again")
    # The plain view of a map: each slice of np.memmap itself costs microseconds.
    return np.asarray(array)


def open_bytes(path: Path) -> NDArray[np.uint8]:
    """Map a file as bytes; raise `CorruptIndexError` if that fails."""
    try:
        if path.stat().st_size == 0:  # an empty file cannot be mapped
            return np.empty(0, dtype=np.uint8)
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except OSError as error:
        raise CorruptIndexError(f"{path}: {error}; build the index again") from error
