"""Give every id a small integer while the file streams past, and sort the integers at the end.

The map is a polars ``Categories``: a hash table in Rust that grows as blocks arrive, so that no id
is kept twice and no pass over the data is needed before the first row can be written. Codes come in
order of first sight; ``ranks`` turns them into the final numbers, in order of the ids themselves,
which do not depend on the order of the rows. 1.4M ids of 64 characters take about 0.2 GB.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.uint32]


class IdMap:
    """A growing map from ids (text) to codes 0, 1, 2, ... in order of first sight."""

    def __init__(self) -> None:
        categories = pl.Categories.random()
        self._dtype = pl.Categorical(categories)
        self._categories = categories
        # polars drops a map that no series uses.
        self._alive = pl.Series([], dtype=self._dtype)

    def __len__(self) -> int:
        """Return the number of ids seen so far."""
        return self.ids().len()

    def encode(self, ids: pl.Series) -> pl.Series:
        """Return the code (u32) of every id, giving new ones the next codes."""
        return ids.cast(self._dtype).to_physical()

    def ids(self) -> pl.Series:
        """Return the ids in order of their codes."""
        return self._categories.to_series()

    def ranks(self) -> Codes:
        """Return, for every code, the place of its id among all ids in sorted order."""
        order = self.ids().arg_sort().to_numpy()
        ranks = np.empty(len(order), dtype=np.uint32)
        ranks[order] = np.arange(len(order), dtype=np.uint32)
        return ranks
