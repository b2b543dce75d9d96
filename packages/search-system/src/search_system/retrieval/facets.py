"""How often values occur among the documents that match."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.retrieval.best import best_of
from search_system.retrieval.columns import Mask, microseconds
from search_system.retrieval.keyword_ranks import KeywordRanks
from search_system.schema import DateField, NumberField
from search_system.segments.format import MISSING_INTEGER
from search_system.store.snapshot import Snapshot


def value_counts(ranks: KeywordRanks, masks: Sequence[Mask], n: int) -> list[tuple[str, int]]:
    """Return the n most frequent values of a keyword field, with the numbers of documents.

    The most frequent come first; equal counts go by value, ascending. A document with several
    values counts for each. ``masks`` says per segment which documents count.
    """
    counts = np.zeros(len(ranks), np.int64)
    for column, owners, ranks_of, mask in zip(
        ranks.columns, ranks.owners, ranks.of_codes, masks, strict=True
    ):
        found = np.bincount(column.codes[mask[owners]], minlength=len(ranks_of))
        counts[ranks_of] += found
    present = np.flatnonzero(counts)
    best, frequencies = best_of(present, counts[present].astype(np.float64), n)
    return [(ranks.value(r), int(c)) for r, c in zip(best.tolist(), frequencies, strict=True)]


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
    counts = np.zeros(len(bounds) - 1, np.int64)
    for view, mask in zip(snapshot.views, masks, strict=True):
        column = view.segment.numbers(field)[mask]
        present = column != MISSING_INTEGER if column.dtype == np.int64 else ~np.isnan(column)
        bins = np.searchsorted(bounds, column[present], side="right") - 1
        inside = (bins >= 0) & (bins < len(counts))
        counts += np.bincount(bins[inside], minlength=len(counts))
    return [int(count) for count in counts]


def _edges(field: str, edges: Sequence[float | datetime], *, dates: bool) -> NDArray[np.float64]:
    numbers = []
    for edge in edges:
        if isinstance(edge, datetime) != dates:
            expected = "datetimes" if dates else "numbers"
            raise OptionError(f"field '{field}': expected {expected} as edges, found {edge!r}")
        numbers.append(microseconds(edge) if isinstance(edge, datetime) else float(edge))
    bounds = np.array(numbers, np.float64)
    if len(bounds) < 2 or not np.all(bounds[1:] > bounds[:-1]):
        raise OptionError(f"field '{field}': expected at least two edges, ascending")
    return bounds
