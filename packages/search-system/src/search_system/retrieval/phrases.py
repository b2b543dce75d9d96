"""Find the documents of a segment in which terms stand in a phrase.

A document matches if its tokens can be put where the phrase wants them by at most ``slop`` moves of
one place. As in Lucene's sloppy phrases, with p_i the position of term i and q_i its place in the
phrase, that is ``max(p_i - q_i) - min(p_i - q_i) <= slop``: all terms lie in their places of a
window that starts at some v, each shifted right by up to the slop. Two words exchanged take 2
moves. A term that the phrase has twice needs two tokens.

Any token of any term may be the leftmost one of a window (without slop, those of the rarest term
are enough). For a start v, a term's token must lie from ``v + q_i`` up to ``v + q_i + slop``; for a
term with several places these are intervals of one length, and taking the first free token for each
from left to right finds a choice if there is one. A kernel does so in one pass through the postings
of all terms, some nanoseconds each.

Fields without positions cannot tell: there, a phrase matches where all its terms occur.
"""

from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.query.ast import TermPhrase
from search_system.scoring.kernels.phrases import find_phrase
from search_system.segments.reader import TextIndex

_LARGEST_SLOP = 1 << 40
"""More than any distance between two tokens of a document."""
_NO_POSITIONS = np.empty(0, np.uint32)


class _Term(NamedTuple):
    begin: int
    end: int
    """Where its postings begin and end."""
    positions_begin: int
    places: list[int]
    """Where the phrase has it, ascending, from 0."""


def phrase_docs(text: TextIndex, phrase: TermPhrase) -> NDArray[np.uint32]:
    """Return the documents with a phrase, ascending, deleted ones included.

    Raises:
        CorruptIndexError: postings or positions are damaged.
    """
    terms = _terms(text, phrase)
    if not terms:
        return np.empty(0, np.uint32)
    begins, ends, positions_begins, places = zip(*terms, strict=True)
    found = np.empty(ends[0] - begins[0], np.uint32)
    n = find_phrase(
        text.docs, text.tfs, text.large_at, text.large_tfs,
        text.all_positions if text.has_positions else _NO_POSITIONS,
        np.array(begins), np.array(ends), np.array(positions_begins),
        np.array([place for its_places in places for place in its_places]),
        np.array([0, *accumulate(map(len, places))]),
        min(max(phrase.slop, 0), _LARGEST_SLOP), found,
    )  # fmt: skip
    return found[:n]


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
        at = 0
        if text.has_positions:
            text.positions(number)  # checks that there are as many as the kernel will read
            at = int(text.positions_offsets[number])
        terms.append(_Term(*text.bounds(number), at, sorted(its_places)))
    return sorted(terms, key=lambda term: term.end - term.begin)
