"""Texts whose characters remember where they came from, for phrases, snippets and highlighting.

Normalisation changes lengths (ß -> ss, a letter and an accent -> one letter) and splitting
identifiers adds words, so a token's place in the changed text is not its place in the original. An
`AlignedText` carries, for each character, the span of the original that it stands for. Only those
who ask for places pay for it; a text of ASCII costs them nothing either.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search_system.analysis.normalize import identifier_parts

_BEYOND_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")  # with the letter that an accent is for


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
        return self.starts[begin], self.ends[end - 1]


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

    Beyond ASCII, letters are normalised one at a time, with their marks. Where that gives another
    result than for the whole text, because letters interact, all of them stand for all of it.
    """
    text = source.text
    if text.isascii():
        return AlignedText(normalize(text), source.starts, source.ends)
    out, last, cached = _Builder(source), 0, functools.cache(normalize)
    for run in _BEYOND_ASCII.finditer(text):
        out.same(last, run.start(), normalize(text[last : run.start()]))
        last = run.end()
        clusters = _clusters(text, run.start(), last)
        letters = [cached(text[begin:end]) for begin, end in clusters]
        expected = normalize(run[0])
        if "".join(letters) == expected:
            for (begin, end), letter in zip(clusters, letters, strict=True):
                out.whole(begin, end, letter)
        else:
            out.whole(run.start(), last, expected)
    out.same(last, len(text), normalize(text[last:]))
    aligned, expected = out.build(), normalize(text)
    if aligned.text == expected:
        return aligned
    out = _Builder(source)
    out.whole(0, len(text), expected)
    return out.build()


def _clusters(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Return the spans of each character with the combining marks behind it."""
    begins = [i for i in range(begin, end) if i == begin or not unicodedata.combining(text[i])]
    return list(zip(begins, [*begins[1:], end], strict=True))
