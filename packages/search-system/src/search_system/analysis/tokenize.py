r"""Tokenizers: where the words of a normalised text are.

======== ==========================================================================
words    runs of letters and digits, joined by single apostrophes and full stops
runs     runs of letters and digits: the words of dotted and snake_case names
cjk      as words, but Chinese, Japanese and Korean runs as overlapping pairs
blanks   whatever stands between white space
whole    the whole text as one token: names, codes, colours
======== ==========================================================================

``words`` is much as Unicode's word boundaries (UAX 29) have it: don't, 15.6, U.S.A. It gives a
slightly higher nDCG@10 than runs alone on all four test collections of the README. Pairs of
characters are what Lucene's CJK analyzer does for languages that write without blanks; a dictionary
would find truer words, and needs one per language.
"""

import re
from collections.abc import Iterator
from typing import Literal

from search_system.analysis.normalize import marks

TokenizerName = Literal["words", "runs", "cjk", "blanks", "whole"]

_RUN = r"[^\W_]+"
_ASCII_RUN = "[a-zA-Z0-9]+"  # the same on ASCII, a fifth faster
_WORD = "{run}(?:['\u2019.]{run})*"
_PATTERNS = {
    "words": _WORD,
    "runs": "{run}",
    "cjk": _WORD,
    "blanks": r"\S+",
    "whole": r"(?s:\S(?:.*\S)?)",
}
_LETTERS = bytes(ord(c.lower()) if (c := chr(i)).isalnum() and i < 128 else 0 for i in range(256))
_JOINED = bytes(256 - i if chr(i) in "'." else letter for i, letter in enumerate(_LETTERS))
_FOLDED = {"words": _JOINED, "cjk": _JOINED, "runs": _LETTERS}
_CJK = re.compile("[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+")

Span = tuple[int, int]


class Tokenizer:
    """One of the tokenizers, which finds matches of ``first`` (a pattern) before its own words."""

    def __init__(self, name: TokenizerName, first: str | None = None) -> None:
        pattern = f"{first}|{_PATTERNS[name]}" if first else _PATTERNS[name]
        self._pairs = name == "cjk"
        self.folded = None if first else _FOLDED.get(name)
        """What each byte of a text of ASCII is in a word, for code that splits without a pattern.

        That is a digit or a small letter; 0 in none; 256 less itself for what only joins words.
        None if there is more to it.
        """
        self._ascii_word = re.compile(pattern.replace("{run}", _ASCII_RUN))
        self._plain_word = re.compile(pattern.replace("{run}", _RUN))
        # Marks on letters belong to their word, but a text without any is split five times as fast.
        self._marks = marks()
        marks_of_words = "".join(sorted(self._marks))
        self._signs = re.compile(rf"[^\x00-\x7f\w\u2019{marks_of_words}]+")
        marked_run = rf"{_RUN}(?:[{marks_of_words}]+[^\W_]*)*"
        self._word = re.compile(pattern.replace("{run}", marked_run))

    def split(self, text: str) -> list[str]:
        """Return the tokens of a normalised text."""
        if self._pairs and _CJK.search(text):
            return [text[begin:end] for begin, end in self.spans(text)]
        return self._pattern(text).findall(text)

    def without_signs(self, text: str) -> str:
        """Return a normalised text with blanks for what of it is in no word and beyond ASCII."""
        return self._signs.sub(" ", text)

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where the tokens of `split` begin and end."""
        for match in self._pattern(text).finditer(text):
            if self._pairs and _CJK.search(match[0]):
                yield from _pairs(match[0], match.start())
            else:
                yield match.span()

    def _pattern(self, text: str) -> re.Pattern[str]:
        if text.isascii():
            return self._ascii_word
        return self._plain_word if self._marks.isdisjoint(text) else self._word


def _pairs(word: str, shift: int) -> Iterator[Span]:
    """Yield the pieces of a word: pairs of CJK characters, and what stands between those runs."""
    last = 0
    for run in _CJK.finditer(word):
        begin, end = run.span()
        if last < begin:
            yield shift + last, shift + begin
        for first in range(begin, max(end - 1, begin + 1)):
            yield shift + first, shift + min(first + 2, end)
        last = end
    if last < len(word):
        yield shift + last, shift + len(word)
