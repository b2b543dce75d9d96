"""Order documents by columns: numbers, dates and keywords, each up or down, missing values last.

Each column becomes an array of numbers to compare, ascending, whatever its kind and direction: the
largest one stands for a missing value. The first k are found by selection, key after key, so the
time is linear in the documents that match. Documents that are equal in all keys go by number. Of
several keywords, the smallest counts, or, in descending order, the largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.retrieval.columns import Mask
from search_system.retrieval.cursor import Key
from search_system.retrieval.keyword_ranks import KeywordRanks, RankTables
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField
from search_system.segments.format import MISSING_INTEGER
from search_system.store.snapshot import Snapshot

Keys = NDArray[Any]

_LAST = 2**64 - 1
_SIGN = np.uint64(1 << 63)


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to sort by."""

    field: str
    descending: bool = False


def sort_keys(names: Sequence[str], schema: IndexSchema) -> tuple[SortKey, ...]:
    """Return the keys of fields' names, where "-price" means descending.

    Raises:
        OptionError: a name is that of no number, date or keyword field.
    """
    keys = []
    sortable = [n for n, f in schema.fields.items() if f.type in {"number", "date", "keyword"}]
    for name in names:
        key = SortKey(name.removeprefix("-"), descending=name.startswith("-"))
        if key.field not in sortable:
            raise OptionError(
                f"expected a number, date or keyword field to sort by, found '{key.field}'; "
                f"there are {', '.join(sortable) or 'none'}"
            )
        keys.append(key)
    return tuple(keys)


class _Column(Protocol):
    """A column of all segments as numbers to compare."""

    def keys(self, place: int, docs: NDArray[np.int64]) -> Keys:
        """Return the numbers of some documents of a segment."""

    def key_of(self, value: Key) -> float:
        """Return the number of a value."""

    def value_of(self, key: Any) -> Key:
        """Return the value of a number."""


class _Floats:
    def __init__(self, snapshot: Snapshot, key: SortKey) -> None:
        self._columns = [view.segment.numbers(key.field) for view in snapshot.views]
        self._sign = -1.0 if key.descending else 1.0

    def keys(self, place: int, docs: NDArray[np.int64]) -> Keys:
        values = self._sign * self._columns[place][docs]
        values[np.isnan(values)] = np.inf
        return values

    def key_of(self, value: Key) -> float:
        return np.inf if value is None else self._sign * _a_number(value)

    def value_of(self, key: Any) -> Key:
        return None if np.isinf(key) else self._sign * float(key)


class _Integers:
    """Shifted to uint64, where the missing one, the smallest int64, wraps round to the largest."""

    def __init__(self, snapshot: Snapshot, key: SortKey) -> None:
        self._columns = [view.segment.numbers(key.field) for view in snapshot.views]
        self._descending = key.descending

    def keys(self, place: int, docs: NDArray[np.int64]) -> Keys:
        values = (self._columns[place][docs].view(np.uint64) ^ _SIGN) - np.uint64(1)
        if not self._descending:
            return values
        return np.where(values == _LAST, values, np.uint64(_LAST - 1) - values)

    def key_of(self, value: Key) -> int:
        if value is None:
            return _LAST
        shifted = min(max(int(_a_number(value)) - MISSING_INTEGER - 1, 0), _LAST - 1)
        return _LAST - 1 - shifted if self._descending else shifted

    def value_of(self, key: Any) -> Key:
        if key == _LAST:
            return None
        shifted = _LAST - 1 - int(key) if self._descending else int(key)
        return shifted + MISSING_INTEGER + 1


class _Keywords:
    def __init__(self, ranks: KeywordRanks, key: SortKey) -> None:
        self._ranks = ranks
        self._descending = key.descending

    def keys(self, place: int, docs: NDArray[np.int64]) -> Keys:
        ranks = self._ranks.of_docs(place, largest=self._descending)[docs]
        keys = len(self._ranks) - 1 - ranks if self._descending else ranks
        keys[np.isnan(keys)] = np.inf
        return keys

    def key_of(self, value: Key) -> float:
        if value is None:
            return np.inf
        place = self._ranks.place(str(value))
        return len(self._ranks) - 1 - place if self._descending else place

    def value_of(self, key: Any) -> Key:
        if np.isinf(key):
            return None
        return self._ranks.value(len(self._ranks) - 1 - int(key) if self._descending else int(key))


def _a_number(value: Key) -> float:
    if isinstance(value, str) or value is None:
        raise OptionError(f"expected a cursor with a number, found {value!r}")
    return value


class Sorter:
    """Orders the documents of a snapshot by some keys."""

    def __init__(self, snapshot: Snapshot, keys: Sequence[SortKey], ranks: RankTables) -> None:
        self._bases = snapshot.bases
        self._columns = [_column(snapshot, key, ranks) for key in keys]

    def first(
        self, masks: Sequence[Mask], k: int, after: tuple[Sequence[Key], int] | None = None
    ) -> tuple[NDArray[np.int64], tuple[Key, ...]]:
        """Return the numbers of the first k documents, in order, and the values of the last.

        Args:
            masks: per segment which documents count.
            k: how many documents.
            after: values and number of a document; only those behind it count.
        """
        numbers, keys = self._matching(masks)
        if after is not None:
            behind = self._behind(keys, numbers, *after)
            numbers, keys = numbers[behind], [key[behind] for key in keys]
        chosen = _first_of(keys, np.arange(len(numbers)), k)
        order = np.lexsort((numbers[chosen], *(key[chosen] for key in reversed(keys))))
        chosen = chosen[order]
        if not len(chosen):
            return numbers[chosen], ()
        last = chosen[-1]
        values = (c.value_of(key[last]) for c, key in zip(self._columns, keys, strict=True))
        return numbers[chosen], tuple(values)

    def _matching(self, masks: Sequence[Mask]) -> tuple[NDArray[np.int64], list[Keys]]:
        """Return the numbers of the documents that count, ascending, and their keys by column."""
        docs = [np.flatnonzero(mask) for mask in masks]
        numbers = (its_docs + base for its_docs, base in zip(docs, self._bases, strict=True))
        keys = [
            np.concatenate([column.keys(place, its_docs) for place, its_docs in enumerate(docs)])
            if docs
            else np.empty(0)
            for column in self._columns
        ]
        return np.concatenate([np.empty(0, np.int64), *numbers]), keys

    def _behind(
        self, keys: Sequence[Keys], numbers: NDArray[np.int64], values: Sequence[Key], number: int
    ) -> Mask:
        """Return which documents come behind one, given by its values and its number."""
        behind = np.asarray(numbers > number)
        for column, key, value in reversed(list(zip(self._columns, keys, values, strict=True))):
            end = column.key_of(value)
            behind = (key > end) | ((key == end) & behind)
        return behind


def _first_of(keys: Sequence[Keys], places: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return the k of some places, ascending, with the smallest keys; equal ones by place."""
    if k >= len(places):
        return places
    if not keys:
        return places[:k]
    values = keys[0][places]
    kth = np.partition(values, k - 1)[k - 1]
    below = places[values < kth]
    ties = _first_of(keys[1:], places[values == kth], k - len(below))
    return np.concatenate([below, ties])


def _column(snapshot: Snapshot, key: SortKey, ranks: RankTables) -> _Column:
    field = snapshot.schema.fields[key.field]
    if isinstance(field, KeywordField):
        return _Keywords(ranks[key.field], key)
    if isinstance(field, DateField) or (isinstance(field, NumberField) and field.integer):
        return _Integers(snapshot, key)
    return _Floats(snapshot, key)
