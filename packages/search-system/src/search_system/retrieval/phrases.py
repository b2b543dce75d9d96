"""Find the documents of a segment in which terms stand in a phrase.

A document matches if its tokens can be put where the phrase wants them by at most ``slop`` moves of
one place. As in Lucene's sloppy phrases, with p_i the position of term i and q_i its place in the
phrase, that is ``max(p_i - q_i) - min(p_i - q_i) <= slop``: all terms lie in their places of a
window that starts at some v, each shifted right by up to the slop. Two words exchanged take 2
moves. A term that the phrase has twice needs two tokens.

All windows are tried at once: each token of each term may be the leftmost one (without slop, those
of the rarest term are enough). For a start v, a term's token must lie from ``v + q_i`` up to
``v + q_i + slop``; for a term with several places these are intervals of one length, and taking the
first free token for each from left to right finds a choice if there is one. The cost is a binary
search per term and token, in the documents that have all terms.

Fields without positions cannot tell: there, a phrase matches where all its terms occur.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.query.ast import TermPhrase
from search_system.segments.reader import TextIndex


@dataclass(frozen=True, slots=True)
class _Term:
    number: int
    places: list[int]
    """Where the phrase has it, ascending, from 0."""
    docs: NDArray[np.uint32]


def phrase_docs(text: TextIndex, phrase: TermPhrase) -> NDArray[np.uint32]:
    """Return the documents with a phrase, ascending, deleted ones included."""
    terms = _terms(text, phrase)
    if not terms:
        return np.empty(0, np.uint32)
    docs = terms[0].docs
    for term in terms[1:]:
        at = np.searchsorted(term.docs, docs)
        at[at == len(term.docs)] = 0
        docs = docs[term.docs[at] == docs]
    if not text.has_positions or not len(docs):
        return docs
    return docs[_with_window(text, terms, docs, max(phrase.slop, 0))]


def _terms(text: TextIndex, phrase: TermPhrase) -> list[_Term]:
    """Return the distinct terms of a phrase, the rarest first; none if the segment lacks one."""
    first = min(phrase.places, default=0)
    places: dict[str, list[int]] = {}
    for term, place in zip(phrase.terms, phrase.places, strict=True):
        places.setdefault(term, []).append(place - first)
    terms = []
    for term, its_places in places.items():
        number = text.terms.find(term)
        if number is None:
            return []
        begin, end = text.bounds(number)
        terms.append(_Term(number, sorted(its_places), text.docs[begin:end]))
    return sorted(terms, key=lambda term: len(term.docs))


def _with_window(
    text: TextIndex, terms: Sequence[_Term], docs: NDArray[np.uint32], slop: int
) -> NDArray[np.int64]:
    """Return which of some documents, by their place among these, have all terms in a window."""
    found = [_tokens(text, term, docs) for term in terms]
    furthest = max(int(positions.max()) for _, positions in found)
    last_place = max(term.places[-1] for term in terms)
    slop = min(slop, furthest + last_place)
    # One number per token, far enough apart that no window reaches into another document.
    stride = furthest + last_place + slop + 1
    keys = [owners * stride + positions for owners, positions in found]
    starters = range(len(terms)) if slop else range(1)
    starts = np.concatenate(
        [keys[i] - place for i in starters for place in terms[i].places[: None if slop else 1]]
    )
    for term, its_keys in zip(terms, keys, strict=True):
        starts = starts[_has_tokens(starts, its_keys, term.places, slop)]
    return np.unique((starts + last_place) // stride)


def _tokens(
    text: TextIndex, term: _Term, docs: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the tokens of a term in some documents that have it: (places of docs, positions)."""
    positions = text.positions(term.number)
    tfs = text.frequencies(*text.bounds(term.number)).astype(np.int64)
    ends = np.cumsum(tfs)
    at = np.searchsorted(term.docs, docs)
    sizes = tfs[at]
    owners = np.repeat(np.arange(len(docs)), sizes)
    shifts = ends[at] - np.cumsum(sizes)
    return owners, positions[np.repeat(shifts, sizes) + np.arange(len(owners))].astype(np.int64)


def _has_tokens(
    starts: NDArray[np.int64], keys: NDArray[np.int64], places: Sequence[int], slop: int
) -> NDArray[np.bool_]:
    """Return for which starts of windows each place of a term gets a token of its own."""
    complete = np.ones(len(starts), np.bool_)
    free = np.zeros(len(starts), np.int64)
    for place in places:
        chosen = np.maximum(np.searchsorted(keys, starts + place), free)
        exists = chosen < len(keys)
        chosen[~exists] = 0
        complete &= exists & (keys[chosen] <= starts + (place + slop))
        free = chosen + 1
    return complete
