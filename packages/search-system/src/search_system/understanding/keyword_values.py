"""The values of keyword fields over all segments of a snapshot, numbered once.

Each segment codes its values for itself; here the same value of the same field has one number
wherever it occurs, so that counts and weights are arrays over all values. Making it reads the
columns once and keeps 8 bytes per value of a document.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.schema import KeywordField
from search_system.segments.columns import KeywordColumn
from search_system.store.snapshot import Snapshot

Numbers = NDArray[np.int64]


class KeywordValues:
    """The values of some keyword fields; documents go by their numbers in the snapshot."""

    def __init__(self, snapshot: Snapshot, fields: Sequence[str]) -> None:
        """Read the columns.

        Raises:
            OptionError: a field is none of type keyword.
        """
        known = snapshot.schema.of_type(KeywordField)
        if unknown := [name for name in fields if name not in known]:
            raise OptionError(f"no keyword field '{unknown[0]}'; there are {[*known]}")
        self._known: dict[tuple[str, str], int] = {}
        columns = [
            (view.segment.keywords(field), field) for view in snapshot.views for field in fields
        ]
        coded = [self._number(column, field) for column, field in columns]
        sizes = [view.segment.n_docs for view in snapshot.views]
        live = np.concatenate([np.zeros(0, np.bool_), *(view.live for view in snapshot.views)])
        bases = np.repeat(np.cumsum([0, *sizes])[:-1], len(fields)).tolist()
        counts = [np.diff(column.offsets) for column, _ in columns]
        owners = [
            np.repeat(np.arange(len(count)) + base, count)
            for count, base in zip(counts, bases, strict=True)
        ]
        owner = np.concatenate([np.zeros(0, np.int64), *owners])
        codes = np.concatenate([np.zeros(0, np.int64), *coded])
        order = np.argsort(owner, kind="stable")
        self._codes = codes[order]
        self._offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(live)))])
        self.n_live = int(np.count_nonzero(live))
        """How many documents there are."""
        self.n_docs = np.bincount(codes[live[owner]], minlength=len(self._known))
        """How many documents have each value, shape (values,)."""
        self.values = tuple(self._known)
        """The field and the text of each value."""

    def _number(self, column: KeywordColumn, field: str) -> Numbers:
        """Return the numbers of a column's values, in its documents' order."""
        texts = (column.values[code] for code in range(len(column.values)))
        numbers = [self._known.setdefault((field, text), len(self._known)) for text in texts]
        return np.array(numbers, np.int64)[column.codes]

    def number(self, field: str, value: str) -> int | None:
        """Return the number of a value, or None."""
        return self._known.get((field, value))

    def of(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """Return the values of some documents: places among the documents, and value numbers."""
        begins, sizes = self._offsets[numbers], np.diff(self._offsets)[numbers]
        owners = np.repeat(np.arange(len(numbers)), sizes)
        flat = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return owners, self._codes[begins[owners] + flat]

    def has(self, number: int, numbers: Numbers) -> NDArray[np.bool_]:
        """Return which of some documents have a value."""
        owners, codes = self.of(numbers)
        found = np.zeros(len(numbers), np.bool_)
        found[owners[codes == number]] = True
        return found
