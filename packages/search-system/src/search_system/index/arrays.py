"""Arrays on disk: plain little-endian numbers, whose type is the file's suffix.

``postings_docs.int32`` opens with ``np.memmap(path, "<i4")``, here and anywhere else. There is no
header to parse: a damaged file can hold wrong numbers, but cannot fail to open in surprising ways.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.errors import CorruptIndexError

IntArray = NDArray[np.integer[Any]]


def array_path(folder: Path, name: str, dtype: np.dtype[Any]) -> Path:
    """Return the path of an array's file."""
    return folder / f"{name}.{dtype.name}"


def write_array(folder: Path, name: str, array: IntArray) -> None:
    """Write an array of whole numbers."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    little.tofile(array_path(folder, name, array.dtype))


def open_array(folder: Path, name: str) -> IntArray:
    """Map the array of a name; raise `CorruptIndexError` if there is none."""
    path = next(folder.glob(f"{name}.*"), folder / name)
    try:
        dtype = np.dtype(path.suffix[1:]).newbyteorder("<")
        if path.stat().st_size == 0:  # nothing cannot be mapped
            return np.empty(0, dtype)
        # The plain view of a map: each slice of np.memmap itself costs microseconds.
        return np.asarray(np.memmap(path, dtype, mode="r"))
    except (OSError, TypeError, ValueError) as error:
        raise CorruptIndexError(f"{path}: {error}; build the index again") from error
