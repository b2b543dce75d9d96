"""Features of a query's words in the fields of documents, over all documents at once.

Of each searched field: BM25 within it, the share of the query's terms that it has, its length, and
where it keeps positions, the query as a phrase, its neighbouring pairs, and its narrowest window.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.merging import FieldTerm, Term
from search_system.scoring.scorer import Scorer
from search_system.searching.searcher import Searcher
from search_system.store.snapshot import Snapshot
from search_system.understanding.occurrences import (
    Places,
    by_segment,
    frequencies,
    minimal_spans,
    ordered_pairs,
    phrase_counts,
    positions,
)

Numbers = NDArray[np.int64]
Column = NDArray[np.float64]

MOST_TERMS = 16
"""Only so many terms of a query are looked for: a pasted paragraph is no phrase."""
PLAIN = ("bm25", "coverage", "length")
PLACED = ("phrase", "first", "after", "pairs", "window")


def field_feature_names(searcher: Searcher, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the names of `field_features`, in their order."""
    return tuple(
        f"{feature}:{field}"
        for field in fields
        for feature in (PLAIN + PLACED if has_positions(searcher, field) else PLAIN)
    )


def has_positions(searcher: Searcher, field: str) -> bool:
    """Return whether a field keeps positions."""
    return bool(getattr(searcher.schema.fields[field], "positions", False))


def field_features(
    searcher: Searcher, scorer: Scorer, terms: Sequence[str], numbers: Numbers
) -> dict[str, Column]:
    """Return each field's features of some documents by name."""
    terms = terms[:MOST_TERMS]
    distinct, n = list(dict.fromkeys(terms)), len(numbers)
    found: dict[str, Column] = {}
    for field in scorer.parameters.fields:
        lengths = field_lengths(searcher.snapshot, field, numbers)
        words: dict[Term, float] = {FieldTerm(term, (field,)): 1.0 for term in distinct}
        found[f"bm25:{field}"] = scorer.scores(words, numbers.tolist())
        found[f"length:{field}"] = np.log1p(lengths)
        if has_positions(searcher, field):
            places = positions(searcher.snapshot, field, distinct, numbers)
            has = np.zeros((len(distinct), n), np.bool_)
            has[places.terms, places.docs] = True
            placed = _placed(places, [distinct.index(term) for term in terms], lengths)
            found |= {f"{name}:{field}": values for name, values in placed.items()}
        else:
            has = frequencies(searcher.snapshot, field, distinct, numbers) > 0
        found[f"coverage:{field}"] = has.sum(axis=0) / max(len(distinct), 1)
    return found


def _placed(places: Places, query: Sequence[int], lengths: Column) -> dict[str, Column]:
    """Return what the places of the distinct terms say; ``query`` is made of their numbers.

    ``first`` and ``after`` are nan without a phrase.
    """
    n, distinct = len(lengths), len(set(query))
    phrases, first = phrase_counts(places, query, n)
    spans = minimal_spans(places, distinct, n)
    # Stop words have a position but no length, so less than nothing may follow.
    after = np.maximum(lengths - first - len(query), 0)
    return {
        "phrase": np.log1p(phrases),
        "first": np.where(first >= 0, np.log1p(np.maximum(first, 0)), np.nan),
        "after": np.where(first >= 0, np.log1p(after), np.nan),
        "pairs": ordered_pairs(places, query, n).astype(np.float64),
        "window": np.where(spans > 0, distinct / np.maximum(spans, 1), 0.0),
    }


def field_lengths(snapshot: Snapshot, field: str, numbers: Numbers) -> Column:
    """Return the number of tokens that some documents have in a field."""
    lengths = np.zeros(len(numbers))
    for segment, places, docs in by_segment(snapshot, numbers):
        lengths[places] = snapshot.views[segment].segment.text(field).lengths[docs]
    return lengths
