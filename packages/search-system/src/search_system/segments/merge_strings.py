"""Merge sorted string tables, a range of strings at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.segments.strings import StringTable


@dataclass(frozen=True, slots=True)
class MergedRange:
    """The strings of all tables between two bounds."""

    strings: list[bytes]
    """Distinct and ascending."""
    begins: list[int]
    ends: list[int]
    """Table t's strings here are those from number ``begins[t]`` up to ``ends[t]``."""
    ranks: list[NDArray[np.int64]]
    """Where each of table t's strings is in ``strings``."""


def merge_tables(
    tables: Sequence[StringTable], costs: Sequence[NDArray[np.int64]], limit: int
) -> Iterator[MergedRange]:
    """Yield the merged strings in ranges that cost about ``limit`` or less.

    ``costs[t][i]`` is the cost of all strings of table t before number i. One string is never
    split, so a range can cost as much as the dearest string does in all tables.
    """
    share = max(1, limit // len(tables))
    bounds: set[bytes] = set()
    for table, cost in zip(tables, costs, strict=True):
        steps = np.arange(share, int(cost[-1]), share)
        numbers = np.unique(np.searchsorted(cost[:-1], steps))
        bounds.update(table.encoded(i) for i in numbers.tolist() if i < len(table))
    begins = [0] * len(tables)
    for bound in [*sorted(bounds), None]:
        ends = [len(table) if bound is None else table.place(bound) for table in tables]
        slices = [t.slice(b, e) for t, b, e in zip(tables, begins, ends, strict=True)]
        strings = sorted(set().union(*slices))
        rank = {string: i for i, string in enumerate(strings)}
        ranks = [np.fromiter(map(rank.__getitem__, part), np.int64, len(part)) for part in slices]
        yield MergedRange(strings, begins, ends, ranks)
        begins = ends
