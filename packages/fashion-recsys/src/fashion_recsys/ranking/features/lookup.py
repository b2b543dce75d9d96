"""Tables that features are gathered from: dense by one id, sorted by two.

An id is a row number, so one id needs no join. A pair of ids becomes one 64-bit key, and a table
sorted by it is searched by bisection: candidates come sorted by customer, so neighbours in the
search are neighbours in memory. Both tables end with a row of nulls, for whoever is unknown.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Ids = npt.NDArray[np.uint32]


class DenseTable:
    """One row of Float32 features per id 0..n-1."""

    def __init__(self, features: pl.DataFrame, key: str, size: int) -> None:
        """Spread ``features``, one row per ``key``, over the ids 0..size-1; the rest is null."""
        ids = pl.DataFrame({key: pl.arange(0, size + 1, dtype=pl.UInt32, eager=True)})
        known = features.filter(pl.col(key) < size)
        spread = ids.join(known, on=key, how="left", maintain_order="left")
        self.table = spread.drop(key).cast(pl.Float32)
        self._size = size

    def gather(self, ids: Ids) -> pl.DataFrame:
        """Return the rows of ``ids``."""
        return self.table[np.minimum(ids, self._size)]


class PairTable:
    """One row of Float32 features per pair of ids."""

    def __init__(self, features: pl.DataFrame, first: str, second: str) -> None:
        """Index ``features``, which hold each pair once, by the columns ``first``, ``second``."""
        ordered = features.sort(first, second)
        self._keys = _keys(ordered[first].to_numpy(), ordered[second].to_numpy())
        values = ordered.drop(first, second).cast(pl.Float32)
        self.table = pl.concat([values, values.clear(1)])

    def gather(self, first: Ids, second: Ids) -> pl.DataFrame:
        """Return the rows of the pairs."""
        wanted = _keys(first, second)
        places = np.searchsorted(self._keys, wanted)
        missing = len(self._keys)
        if missing:
            found = self._keys[np.minimum(places, missing - 1)] == wanted
            places = np.where(found, places, missing)
        return self.table[places]


def _keys(first: Ids, second: Ids) -> npt.NDArray[np.uint64]:
    high = np.left_shift(first.astype(np.uint64), np.uint64(32))
    return np.bitwise_or(high, second.astype(np.uint64))
