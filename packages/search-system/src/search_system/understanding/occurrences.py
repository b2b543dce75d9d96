"""Where the terms of a query stand in given documents, one field at a time.

`frequencies` looks each document up in each term's postings; `positions` also reads the places, as
one flat list of (document, place, term) sorted by document and place, on which phrases, pairs and
spans are array operations over all documents at once. A term's positions are addressed through the
frequencies before them, so reading any costs one pass over its frequencies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from search_system.searching.searcher import Searcher
from search_system.segments.reader import TextIndex
from search_system.store.snapshot import Snapshot

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Occurrences, ascending by document and position; element i of each array is one."""

    docs: Numbers
    """The place of the document among those that were asked for."""
    positions: Numbers
    terms: Numbers
    """The number of the term among those that were asked for."""


def documents_with_all(searcher: Searcher, terms: Sequence[str]) -> Numbers:
    """Return the numbers of the live documents that have each term in some searched field."""
    found = []
    fields = searcher.scorer().parameters.fields
    for base, source in zip(searcher.snapshot.bases, searcher.sources, strict=True):
        mask = np.ones(source.n_docs, np.bool_) if source.live is None else source.live.copy()
        for term in dict.fromkeys(terms):
            has = np.zeros(source.n_docs, np.bool_)
            for field in fields:
                postings = source.postings(field, term)
                if postings is not None:
                    has[postings[0]] = True
            mask &= has
        found.append(np.flatnonzero(mask) + base)
    return np.concatenate([np.zeros(0, np.int64), *found])


def by_segment(snapshot: Snapshot, numbers: Numbers) -> list[tuple[int, Numbers, Numbers]]:
    """Return, for each segment that has some of the documents, their places and numbers in it."""
    bases = np.asarray(snapshot.bases, np.int64)
    segment_of = np.searchsorted(bases, numbers, side="right") - 1
    found = []
    for segment in np.unique(segment_of).tolist():
        mine = np.flatnonzero(segment_of == segment)
        found.append((segment, mine, numbers[mine] - bases[segment]))
    return found


def frequencies(
    snapshot: Snapshot, field: str, terms: Sequence[str], numbers: Numbers
) -> NDArray[np.int64]:
    """Return how often each document has each term in a field, shape (terms, documents)."""
    counts = np.zeros((len(terms), len(numbers)), np.int64)
    for segment, places, docs in by_segment(snapshot, numbers):
        text = snapshot.views[segment].segment.text(field)
        for i, term in enumerate(terms):
            at = _postings_of(text, term, docs)
            if at is not None:
                found, postings, tfs, _ = at
                counts[i, places[found]] = tfs[postings]
    return counts


def positions(snapshot: Snapshot, field: str, terms: Sequence[str], numbers: Numbers) -> Places:
    """Return where the documents have the terms in a field; nothing if it keeps no positions."""
    docs_of: list[Numbers] = [np.zeros(0, np.int64)]
    places_of: list[Numbers] = [np.zeros(0, np.int64)]
    terms_of: list[Numbers] = [np.zeros(0, np.int64)]
    for segment, places, docs in by_segment(snapshot, numbers):
        text = snapshot.views[segment].segment.text(field)
        if not text.has_positions:
            continue
        for i, term in enumerate(terms):
            at = _postings_of(text, term, docs)
            if at is None:
                continue
            found, postings, tfs, number = at
            ends = np.cumsum(tfs, dtype=np.int64)
            sizes = tfs[postings].astype(np.int64)
            owners = np.repeat(np.arange(len(found)), sizes)
            begins = ends[postings] - sizes
            flat = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            docs_of.append(places[found][owners])
            places_of.append(text.positions(number)[begins[owners] + flat].astype(np.int64))
            terms_of.append(np.full(len(owners), i, np.int64))
    found_docs, found_places = np.concatenate(docs_of), np.concatenate(places_of)
    order = np.lexsort((found_places, found_docs))
    return Places(found_docs[order], found_places[order], np.concatenate(terms_of)[order])


def _postings_of(
    text: TextIndex, term: str, docs: Numbers
) -> tuple[Numbers, Numbers, NDArray[np.integer], int] | None:
    """Return which of the documents have a term, their postings, all frequencies, its number."""
    number = text.terms.find(term)
    if number is None:
        return None
    postings, tfs = text.postings(number)
    at = np.searchsorted(postings, docs).clip(max=len(postings) - 1)
    found = np.flatnonzero(postings[at] == docs)
    return found, at[found], tfs, number


def phrase_counts(places: Places, query: Sequence[int], n_docs: int) -> tuple[Numbers, Numbers]:
    """Return how often each document has a phrase, and where first (-1: never).

    ``query`` has the numbers of the phrase's terms in ``places``. One term is a phrase of one word.
    """
    keys = np.sort(_key(places.docs, places.positions, places.terms))
    starts = np.flatnonzero(places.terms == query[0]) if query else np.zeros(0, np.int64)
    for i, term in enumerate(query[1:], 1):
        starts = starts[_has(keys, places.docs[starts], places.positions[starts] + i, term)]
    counts = np.bincount(places.docs[starts], minlength=n_docs)
    first = np.full(n_docs, -1, np.int64)
    first[places.docs[starts[::-1]]] = places.positions[starts[::-1]]
    return counts, first


def ordered_pairs(places: Places, query: Sequence[int], n_docs: int) -> Numbers:
    """Return how many neighbours of the query are neighbours, in that order, in each document."""
    keys = np.sort(_key(places.docs, places.positions, places.terms))
    count = np.zeros(n_docs, np.int64)
    for first, second in pairwise(query):
        left = np.flatnonzero(places.terms == first)
        beside = _has(keys, places.docs[left], places.positions[left] + 1, second)
        found = np.zeros(n_docs, np.bool_)
        found[places.docs[left[beside]]] = True
        count += found
    return count


def minimal_spans(places: Places, n_terms: int, n_docs: int) -> Numbers:
    """Return the width of the narrowest window that has all terms of the query; 0: none has.

    A window from position 3 to 5 is 3 wide. Distinct terms are expected: a window may count one
    occurrence for only one of them, and equal terms would be found in one.
    """
    spans = np.zeros(n_docs, np.int64)
    n = len(places.docs)
    if not n:
        return spans
    # The last occurrence of each term up to here, in the same document: a running maximum over
    # keys that grow with the document, so one of an earlier document is below this one's begin.
    width = int(places.positions.max()) + 2
    keys = places.docs * width + places.positions + 1
    oldest = keys.copy()
    for i in range(n_terms):
        last = np.maximum.accumulate(np.where(places.terms == i, keys, 0))
        np.minimum(oldest, last, out=oldest)
    complete = np.flatnonzero(oldest > places.docs * width)
    best = np.full(n_docs, np.iinfo(np.int64).max)
    np.minimum.at(best, places.docs[complete], keys[complete] - oldest[complete] + 1)
    found = best < np.iinfo(np.int64).max
    spans[found] = best[found]
    return spans


def _has(keys: Numbers, docs: Numbers, positions: Numbers, term: int) -> NDArray[np.bool_]:
    """Return whether a term stands at each of some positions; ``keys`` are sorted."""
    wanted = _key(docs, positions, np.full(len(docs), term))
    at = np.searchsorted(keys, wanted).clip(max=max(len(keys) - 1, 0))
    return np.asarray(keys[at] == wanted, np.bool_)


def _key(docs: Numbers, places: Numbers, terms: Numbers) -> Numbers:
    """Return one number for an occurrence: 24 bits of document, 32 of position, 7 of term."""
    return (docs << 39) | (places << 7) | terms
