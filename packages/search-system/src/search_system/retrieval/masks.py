"""Masks that were made before, kept for the next query that has the same filter."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

_CAPACITY = 64 << 20


class MaskCache:
    """The masks used last, up to some bytes; safe for use by several threads."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._nbytes = 0
        self._masks: OrderedDict[Hashable, NDArray[np.bool_]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Return the mask of a key, made now if it is not kept; it cannot be written to."""
        with self._lock:
            if (mask := self._masks.get(key)) is not None:
                self._masks.move_to_end(key)
                return mask
        mask = make()
        mask.flags.writeable = False
        with self._lock:
            if key not in self._masks:
                self._nbytes += mask.nbytes
            self._masks[key] = mask
            while self._nbytes > self._capacity:
                self._nbytes -= self._masks.popitem(last=False)[1].nbytes
        return mask
