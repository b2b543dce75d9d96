"""Unicode normalisation: one spelling for what readers take for the same word."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

_DIACRITICS = re.compile("[\u0300-\u036f]+")
_VARIATION = re.compile("[\u180b-\u180f\u20d0-\u20ff\ufe00-\ufe0f]")
_CASE_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")


def normalize(text: str) -> str:
    """Fold case, compatibility forms and European accents: Café, ﬁ, ① -> cafe, fi, 1.

    Other scripts' marks are letters in all but name, so they stay.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _DIACRITICS.sub("", _fold_decomposed(text)))


def fold_case(text: str) -> str:
    """Fold case and compatibility forms, and leave accents: Café, ﬁ, ① -> café, fi, 1."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", _fold_decomposed(text))


def _fold_decomposed(text: str) -> str:
    """Fold case between two decompositions.

    Unicode's definition 146 of a compatibility caseless match has it so.
    """
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())


@cache
def marks() -> frozenset[str]:
    """Return all combining marks, which Python's regular expressions do not count as letters.

    Without them, words of Hindi, Tamil or Burmese would fall apart at their vowels. Those that only
    choose between a symbol's looks (emoji variations, keycaps) belong to no word.
    """
    candidates = map(chr, range(0x300, 0x1F000))
    return frozenset(
        c for c in candidates if unicodedata.category(c) in {"Mn", "Mc"} and not _VARIATION.match(c)
    )


def split_identifiers(text: str) -> str:
    """Add the parts of camel-case words behind each: DataFrame -> DataFrame Data Frame.

    The whole word stays, because people type it without its case. Underscores need no care here:
    the tokenizer splits at them.
    """
    return _ALPHANUMERIC.sub(_with_parts, text)


def _with_parts(match: re.Match[str]) -> str:
    word = match[0]
    parts = _CASE_BOUNDARY.split(word)
    return f"{word} {' '.join(parts)}" if len(parts) > 1 else word


def identifier_parts(text: str) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the end of each camel-case word of a text, and the spans of its parts."""
    for word in _ALPHANUMERIC.finditer(text):
        borders = [word.start() + m.start() for m in _CASE_BOUNDARY.finditer(word[0])]
        if borders:
            begins, ends = [word.start(), *borders], [*borders, word.end()]
            yield word.end(), list(zip(begins, ends, strict=True))
