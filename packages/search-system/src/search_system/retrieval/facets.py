"""How often values occur among the documents that match."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from search_system.errors import OptionError
from search_system.retrieval.columns import Mask, microseconds
from search_system.retrieval.keyword_ranks import KeywordRanks
from search_system.schema import DateField, NumberField
from search_system.segments.format import MISSING_INTEGER
from search_system.store.snapshot import Snapshot


def value_counts(ranks: KeywordRanks, masks: Sequence[Mask], n: int) -> list[tuple[str, int]]:
    """Return the n most frequent values of a keyword field, with the numbers of documents.

    The most frequent come first; equal counts go by value, ascending. A document with several
    values counts for each. ``masks`` says per segment which documents count.

    Raises:
        OptionError: n is below 1.
    """
    if n < 1:
        raise OptionError(f"expected a number of values from 1 up, not {n}")
    counts = np.zeros(len(ranks), np.int64)
    for column, owners, ranks_of, mask in zip(
        ranks.columns, ranks.owners, ranks.of_codes, masks, strict=True
    ):
        # Weights take a third of the time that picking the codes of a mask's documents would.
        found = np.bincount(column.codes, mask[owners], minlength=len(ranks_of))
        counts[ranks_of] += found.astype(np.int64)
    present = np.flatnonzero(counts)
    if n < len(present):  # keep those that are as frequent as the n-th
        nth = -np.partition(-counts[present], n - 1)[n - 1]
        present = present[counts[present] >= nth]
    best = present[np.lexsort((present, -counts[present]))][:n]
    return [(ranks.value(rank), int(counts[rank])) for rank in best.tolist()]


def histogram(
    snapshot: Snapshot, field: str, masks: Sequence[Mask], edges: Sequence[float | datetime]
) -> list[int]:
    """Return how many documents have a number or date from each edge up to below the next.

    Args:
        snapshot: what the masks belong to.
        field: a number or date field.
        masks: per segment which documents count.
        edges: ascending, at least two; of a date field, datetimes.

    Raises:
        OptionError: the field has no numbers, or the edges do not ascend or are of another kind.
    """
    kind = snapshot.schema.fields.get(field)
    if not isinstance(kind, NumberField | DateField):
        raise OptionError(f"expected a number or date field for a histogram, found '{field}'")
    bounds = _edges(field, edges, dates=isinstance(kind, DateField))
    below = np.zeros(len(bounds), np.int64)
    for view, mask in zip(snapshot.views, masks, strict=True):
        column = view.segment.numbers(field)
        present = mask & (column != MISSING_INTEGER)  # a missing float64, NaN, is below nothing
        below += [np.count_nonzero((column < bound) & present) for bound in bounds]
    return [int(count) for count in np.diff(below)]


def _edges(field: str, edges: Sequence[float | datetime], *, dates: bool) -> list[float]:
    bounds: list[float] = []
    for edge in edges:
        if isinstance(edge, datetime) != dates:
            expected = "datetimes" if dates else "numbers"
            raise OptionError(f"field '{field}': expected {expected} as edges, found {edge!r}")
        bounds.append(microseconds(edge) if isinstance(edge, datetime) else float(edge))
    if len(bounds) < 2 or not all(low < high for low, high in pairwise(bounds)):
        raise OptionError(f"field '{field}': expected at least two edges, ascending")
    return bounds
