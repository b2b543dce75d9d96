"""Texts whose characters remember where they came from, for phrases, snippets and highlighting.

Normalisation changes lengths (ß -> ss, a letter and an accent -> one letter) and splitting
identifiers adds words, so a token's place in the changed text is not its place in the original. An
`AlignedText` carries, for each character, the span of the original that it stands for. Only those
who ask for places pay for it; a text of ASCII costs them nothing either.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search_system.analysis.normalize import identifier_parts

_PIECE = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A text, and for each character where its source begins and ends in the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "AlignedText":
        """Return an original, aligned with itself."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def source(self, begin: int, end: int) -> tuple[int, int]:
        """Return the span of the original that the characters ``begin:end`` come from."""
        return min(self.starts[begin:end]), max(self.ends[begin:end])


class _Builder:
    """Puts an aligned text together from pieces of another one."""

    def __init__(self, source: AlignedText) -> None:
        self._source = source
        self._texts: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def same(self, begin: int, end: int, text: str) -> None:
        """Add a text whose characters correspond one to one to ``begin:end`` of the source."""
        self._texts.append(text)
        self._starts.extend(self._source.starts[begin:end])
        self._ends.extend(self._source.ends[begin:end])

    def whole(self, begin: int, end: int, text: str) -> None:
        """Add a text whose every character stands for all of ``begin:end``."""
        first, last = self._source.source(begin, end)
        self._texts.append(text)
        self._starts.extend([first] * len(text))
        self._ends.extend([last] * len(text))

    def build(self) -> AlignedText:
        return AlignedText("".join(self._texts), self._starts, self._ends)


def align_identifiers(source: AlignedText) -> AlignedText:
    """Do what `split_identifiers` does, and keep each part's place."""
    out, last = _Builder(source), 0
    for end, parts in identifier_parts(source.text):
        out.same(last, end, source.text[last:end])
        last = end
        for begin, stop in parts:
            out.whole(stop - 1, stop, " ")
            out.same(begin, stop, source.text[begin:stop])
    out.same(last, len(source.text), source.text[last:])
    return out.build()


def align_normalized(source: AlignedText, normalize: Callable[[str], str]) -> AlignedText:
    """Apply a normalisation that lowers ASCII, and keep the characters' places.

    Non-ASCII words are normalised one letter with its marks at a time. Where that gives another
    result than the whole word, whose letters then interact, all its characters stand for all of it.
    """
    text = source.text
    if text.isascii():
        return AlignedText(normalize(text), source.starts, source.ends)
    out = _Builder(source)
    for match in _PIECE.finditer(text):
        _add_normalized(out, match, normalize)
    aligned, expected = out.build(), normalize(text)
    if aligned.text == expected:
        return aligned
    out = _Builder(source)
    out.whole(0, len(text), expected)
    return out.build()


def _add_normalized(out: _Builder, match: re.Match[str], normalize: Callable[[str], str]) -> None:
    piece, begin = match[0], match.start()
    expected = normalize(piece)
    if piece.isascii():
        out.same(begin, match.end(), expected)
        return
    clusters = list(_clusters(piece))
    texts = [normalize(piece[first:last]) for first, last in clusters]
    if "".join(texts) != expected:
        out.whole(begin, match.end(), expected)
        return
    for (first, last), text in zip(clusters, texts, strict=True):
        out.whole(begin + first, begin + last, text)


def _clusters(piece: str) -> list[tuple[int, int]]:
    """Return the spans of each character with the combining marks behind it."""
    begins = [i for i, c in enumerate(piece) if i == 0 or not unicodedata.combining(c)]
    return list(zip(begins, [*begins[1:], len(piece)], strict=True))
