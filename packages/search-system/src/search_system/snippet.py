"""Cut the piece out of a document that shows best why it was found."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from search_system.analysis.analyzer import Analyzer

_LOOKED_AT = 50_000  # characters: thirty pages, some 40 ms

Span = tuple[int, int]
_Match = tuple[int, int, AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of text, and the places in it to highlight."""

    text: str
    spans: tuple[Span, ...]

    def marked(self, begin: str = "*", end: str = "*") -> str:
        """Return the text with marks around the highlighted places."""
        pieces, last = [], 0
        for start, stop in self.spans:
            pieces += [self.text[last:start], begin, self.text[start:stop], end]
            last = stop
        return "".join([*pieces, self.text[last:]])


def make_snippet(
    text: str, terms: AbstractSet[str], analyzer: Analyzer, width: int = 200
) -> Snippet:
    """Return about ``width`` characters of ``text``, with the words that match ``terms``.

    The window is the one with the most distinct terms, then the most matches, then the first. White
    space and control characters become single blanks. Of a very long text only the beginning is
    looked at, so that no document can make a result page slow.
    """
    clean = one_line(text[:_LOOKED_AT])
    matches = [
        (start, end, found)
        for start, end, words in analyzer.words(clean)
        if (found := terms & set(words))
    ]
    begin, stop = _best_window(clean, matches, width)
    head, tail = "… " if begin else "", " …" if stop < len(clean) else ""
    shift = len(head) - begin
    inside = [(s + shift, e + shift) for s, e, _ in matches if begin <= s and e <= stop]
    return Snippet(f"{head}{clean[begin:stop]}{tail}", tuple(inside))


def one_line(text: str) -> str:
    """Return a text in one line without control characters, which could drive a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _best_window(text: str, matches: list[_Match], width: int) -> Span:
    """Return where the best window begins and ends, at the borders of words."""
    if len(text) <= width:
        return 0, len(text)
    best, best_key, last = 0, (0, 0), 0
    for first, (start, _, _) in enumerate(matches):
        last = max(last, first)
        while last < len(matches) and matches[last][1] <= start + width - width // 4:
            last += 1
        inside = matches[first:last]
        key = (len(frozenset().union(*(found for _, _, found in inside))), len(inside))
        if key > best_key:
            best, best_key = start, key
    begin = min(max(0, best - width // 4), len(text) - width)
    if begin:
        begin = text.find(" ", begin, best) + 1 or begin
    end = min(len(text), begin + width)
    if end < len(text):
        end = max(
            text.rfind(" ", begin, end), max((e for _, e, _ in matches if e <= end), default=0)
        )
    return begin, end if end > begin else min(len(text), begin + width)
