"""Results page by page, by score or by columns, each page with the cursor of the next."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.query.ast import Query
from search_system.retrieval.cursor import Cursor, fingerprint
from search_system.retrieval.matcher import Matcher
from search_system.retrieval.sorting import Sorter, sort_keys


class Page(NamedTuple):
    """Some results in their order."""

    numbers: NDArray[np.int64]
    scores: NDArray[np.float64] | None
    """None where columns gave the order: then nothing was scored."""
    total: int | None
    """How many documents match; None if they were not counted (`Matcher.count`)."""
    cursor: str | None
    """Where the next page begins; None if this page is not full, so that it was the last."""


def find_page(
    matcher: Matcher, query: Query, k: int, sort: Sequence[str] = (), cursor: str | None = None
) -> Page:
    """Return the first k results, or the k behind a cursor.

    Args:
        matcher: of a snapshot; pages may come from different ones.
        query: rewritten, filters included.
        k: how many results, at least 1.
        sort: fields, "-price" for descending; none: by score, best first. Equal ones go by number.
        cursor: of the page before.

    Raises:
        OptionError: k is below 1, a field cannot be sorted by, or the cursor is none of this query.
    """
    if k < 1:
        raise OptionError(f"k must be a whole number from 1 up, not {k}")
    mark = query_mark(matcher, query, sort)
    start = None if cursor is None else Cursor.decode(cursor, mark, max(1, len(sort)))
    if not sort:
        return _by_score(matcher, query, k, mark, start)
    snapshot = matcher.snapshot
    sorter = Sorter(snapshot, sort_keys(sort, snapshot.schema), matcher.ranks)
    masks = matcher.matches(query)
    total = sum(int(np.count_nonzero(mask)) for mask in masks)
    after = None if start is None else (start.keys, start.number)
    numbers, values = sorter.first(masks, k, after)
    behind = Cursor(mark, values, int(numbers[-1])).encode() if len(numbers) == k else None
    return Page(numbers, None, total, behind)


def cursor_behind(matcher: Matcher, query: Query, score: float, number: int) -> str:
    """Return the cursor behind a document of the results of a query by score."""
    return Cursor(query_mark(matcher, query), (score,), number).encode()


def query_mark(matcher: Matcher, query: Query, sort: Sequence[str] = ()) -> str:
    """Return what tells this query and order from others; columns sort without any parameters."""
    parameters = None if sort else matcher.scorer.parameters
    fields = None if parameters is None else (parameters.k1, *parameters.fields.items())
    return fingerprint(query, tuple(sort), fields)


def _by_score(matcher: Matcher, query: Query, k: int, mark: str, start: Cursor | None) -> Page:
    after = None
    if start is not None:
        (score,) = start.keys
        if isinstance(score, str) or score is None:
            raise OptionError(f"expected a cursor with a score, found {score!r}")
        after = score, start.number
    numbers, scores, total = matcher.search(query, k, after)
    full = len(numbers) == k
    behind = Cursor(mark, (float(scores[-1]),), int(numbers[-1])).encode() if full else None
    return Page(numbers, scores, total, behind)
