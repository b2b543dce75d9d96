"""Show why a document was found: the best piece of its text, with what matched marked in it.

What is shown is one line without control characters, which could drive a terminal or break a page.
Matches are found in the text as it is, as the index found them, and their places carried over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.analysis.analyzer import Analyzer
from search_system.query.ast import Query
from search_system.searching.matches import Match, find_matches

_LOOKED_AT = 50_000  # characters: thirty pages, some 40 ms
_BLANK = ord(" ")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of text, and the places in it to highlight, ascending and apart from each other."""

    text: str
    spans: tuple[Span, ...]

    def marked(self, begin: str = "*", end: str = "*") -> str:
        """Return the text with marks around the highlighted places."""
        pieces, last = [], 0
        for start, stop in self.spans:
            pieces += [self.text[last:start], begin, self.text[start:stop], end]
            last = stop
        return "".join([*pieces, self.text[last:]])


def highlight(
    text: str, query: Query, analyzer: Analyzer, field: str | None, width: int = 200
) -> Snippet:
    """Return about ``width`` characters of a text, with what a query finds there.

    The window is the one with the most parts of the query, then the most matches, then the first.
    Of a very long text only the beginning is looked at, so that no document can make a result page
    slow.

    Args:
        text: of one field of a document.
        query: rewritten, as `search_system.searching.matches.find_matches` takes it.
        analyzer: the field's.
        field: its name.
        width: in characters; one that holds the whole text shows all of it.
    """
    looked_at = text[:_LOOKED_AT]
    matches = find_matches(looked_at, query, analyzer, field)
    if len(looked_at) < len(text):  # the last word may be half of one
        matches = [match for match in matches if match.end < len(looked_at)]
    line, place = _one_line(looked_at)
    matches = _moved(matches, line, place)
    begin, stop = _best_window(line, matches, width)
    head, tail = "… " if begin else "", " …" if stop < len(line) else ""
    shift = len(head) - begin
    inside = [
        (m.start + shift, m.end + shift) for m in matches if begin <= m.start and m.end <= stop
    ]
    return Snippet(f"{head}{line[begin:stop]}{tail}", _united(inside))


def one_line(text: str) -> str:
    """Return a text in one line without control characters: each becomes a blank, runs of them one.

    The same goes for everything else that cannot be seen, such as lone surrogates.
    """
    return _one_line(text)[0]


def _one_line(text: str) -> tuple[str, NDArray[np.int64]]:
    """Return a text as a line, and how many characters of that are before each of the text's.

    The places have one more, for the end: [characters + 1].
    """
    if text.isprintable() and "  " not in text and text == text.strip():
        return text, np.arange(len(text) + 1)
    invisible = {ord(c): " " for c in set(text) if not c.isprintable()}
    codes = np.frombuffer(text.translate(invisible).encode("utf-32-le"), np.uint32)
    blank = codes == _BLANK
    kept = ~blank
    kept[1:] |= ~blank[:-1]  # the first of some blanks
    visible = np.flatnonzero(~blank)
    kept[visible[-1] + 1 if len(visible) else 0 :] = False
    place = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
    return codes[kept].tobytes().decode("utf-32-le"), place


def _moved(matches: Sequence[Match], line: str, place: NDArray[np.int64]) -> list[Match]:
    """Return where matches are in a line; those of which nothing is seen are left out."""
    moved = []
    for match in matches:
        start, end = int(place[match.start]), int(place[match.end])
        shown = line[start:end]
        start += len(shown) - len(shown.lstrip())
        end -= len(shown) - len(shown.rstrip())
        if start < end:
            moved.append(Match(start, end, match.leaf))
    return moved


def _united(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans, which come by their beginnings, with overlapping ones as one."""
    united: list[Span] = []
    for start, end in spans:
        if united and start < united[-1][1]:
            united[-1] = united[-1][0], max(end, united[-1][1])
        else:
            united.append((start, end))
    return tuple(united)


def _best_window(text: str, matches: Sequence[Match], width: int) -> Span:
    """Return where the best window begins and ends, at the borders of words."""
    if len(text) <= width:
        return 0, len(text)
    best = _best_start(matches, width - width // 4)
    begin = min(max(0, best - width // 4), len(text) - width)
    if begin:
        begin = text.find(" ", begin, best) + 1 or begin
    end = min(len(text), begin + width)
    if end < len(text):
        last = max((match.end for match in matches if match.end <= end), default=0)
        end = max(text.rfind(" ", begin, end), last)
    return begin, end if end > begin else min(len(text), begin + width)


def _best_start(matches: Sequence[Match], size: int) -> int:
    """Return where the best matches within ``size`` characters begin."""
    best, best_key, last = 0, (0, 0), 0
    for first, match in enumerate(matches):
        last = max(last, first)
        while last < len(matches) and matches[last].end <= match.start + size:
            last += 1
        inside = matches[first:last]
        key = len({match.leaf for match in inside}), len(inside)
        if key > best_key:
            best, best_key = match.start, key
    return best
