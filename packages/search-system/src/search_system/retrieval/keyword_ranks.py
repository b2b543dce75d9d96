"""The values of a keyword field in one order over all segments.

Each segment codes its own values. To sort documents of several segments, or to count a value in all
of them, codes become ranks: places in the sorted list of all distinct values. It is made when a
field is first sorted or counted by (about 1 second per million distinct values; where there is one
segment, its codes are the ranks and there is nothing to do) and kept as long as the snapshot.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.schema import KeywordField
from search_system.segments.columns import KeywordColumn
from search_system.store.snapshot import Snapshot


class KeywordRanks:
    """The ranks of one field's values, ascending by their UTF-8 bytes."""

    def __init__(self, columns: Sequence[KeywordColumn]) -> None:
        self.columns = columns
        self._of_docs: dict[tuple[int, bool], NDArray[np.float64]] = {}
        self.owners: list[NDArray[np.uint32]] = [
            np.repeat(np.arange(len(c.offsets) - 1, dtype=np.uint32), np.diff(c.offsets))
            for c in columns
        ]
        """Per segment the document of each code."""

    def __len__(self) -> int:
        """Return the number of distinct values."""
        return len(self._values)

    @cached_property
    def _values(self) -> list[bytes]:
        tables = [column.values.slice(0, len(column.values)) for column in self.columns]
        return tables[0] if len(tables) == 1 else sorted(set().union(*tables))

    @cached_property
    def of_codes(self) -> list[NDArray[np.int64]]:
        """Per segment the rank of each code."""
        if len(self.columns) == 1:
            return [np.arange(len(self))]
        ranks = {value: rank for rank, value in enumerate(self._values)}
        tables = (column.values.slice(0, len(column.values)) for column in self.columns)
        return [np.fromiter(map(ranks.__getitem__, t), np.int64, len(t)) for t in tables]

    def of_docs(self, place: int, *, largest: bool) -> NDArray[np.float64]:
        """Return each document's smallest or largest rank in a segment; NaN if it has none."""
        key = place, largest
        if key not in self._of_docs:
            column = self.columns[place]
            ranks = np.full(len(column.offsets) - 1, np.nan)
            filled = np.flatnonzero(np.diff(column.offsets))
            if len(filled):
                reduce = np.maximum.reduceat if largest else np.minimum.reduceat
                ranks[filled] = reduce(
                    self.of_codes[place][column.codes], column.offsets[:-1][filled]
                )
            self._of_docs[key] = ranks
        return self._of_docs[key]

    def value(self, rank: int) -> str:
        """Return the value of a rank."""
        return self._values[rank].decode("utf-8", "replace")

    def place(self, value: str) -> float:
        """Return the rank of a value; of one that there is not, half a step before the next."""
        encoded = value.encode("utf-8", "replace")
        rank = bisect_left(self._values, encoded)
        return rank if self._values[rank : rank + 1] == [encoded] else rank - 0.5


class RankTables:
    """The ranks of a snapshot's keyword fields; safe for use by several threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._tables: dict[str, KeywordRanks] = {}
        self._lock = Lock()

    def __getitem__(self, field: str) -> KeywordRanks:
        """Return the ranks of a field; raise `OptionError` if it is no keyword field."""
        names = list(self._snapshot.schema.of_type(KeywordField))
        if field not in names:
            raise OptionError(
                f"expected a keyword field to count by, found '{field}'; "
                f"there are {', '.join(names) or 'none'}"
            )
        with self._lock:
            if field not in self._tables:
                columns = [view.segment.keywords(field) for view in self._snapshot.views]
                self._tables[field] = KeywordRanks(columns)
            return self._tables[field]
