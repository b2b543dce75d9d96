"""Cut a query string into tokens; nothing is an error, what is odd is repaired and noted.

One pass from left to right. What a character means depends on where it stands: ``-`` before a word
excludes it and inside one ("wi-fi") is part of it, and a quote after a digit (15.6") is an inch.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from search_system.query.values import FieldKind

TokenKind = Literal[
    "word",
    "phrase",
    "range",
    "all",
    "star",
    "field",
    "boost",
    "tilde",
    "stray",  # a boost or a tilde with nothing right before it
    "(",
    ")",
    "+",
    "-",
    "#",
    "AND",
    "OR",
    "NOT",
]


@dataclass(frozen=True, slots=True)
class Repair:
    """What was odd about a query, and how it was read."""

    position: int
    """Where, in characters from the beginning."""
    message: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"at {self.position}: {self.message}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What stands between the brackets of a range; None is an open end."""

    low: str | None
    high: str | None
    include_low: bool
    include_high: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query."""

    kind: TokenKind
    position: int
    text: str = ""
    """A word or phrase without escapes, a field's name, or the number behind ~ and ^."""
    prefix: bool = False
    """A word that ends with a star."""
    operator: str = ""
    """The <, <=, > or >= before a word."""
    boost: str = ""
    """A field's, as in title^2:word."""
    bounds: Bounds | None = None


_SPACE = re.compile(r"\s+")
_NAME = r"[^\W\d][\w.-]*"
_FIELD = re.compile(rf"({_NAME})(?:\^(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))?:")
_ALL = re.compile(r"\*:\*(?=[\s()^~]|$)")
_STAR = re.compile(r"\*(?=[\s()^~]|$)")
_BOOST = re.compile(r"\^(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)(?=[\s()~^]|$)")
_TILDE = re.compile(r"~(\d*\.?\d*)(?=[\s()^~]|$)")
_SYMBOLS: tuple[tuple[TokenKind, re.Pattern[str]], ...] = (
    ("all", _ALL),
    ("star", _STAR),
    ("boost", _BOOST),
    ("tilde", _TILDE),
)
_PLAIN_WORD = re.compile(r'[^\s()"^~\\]+(?=[\s()]|$)')
_COMPARISON = re.compile(r"[<>]=?")
_END = r'"((?:[^"\\]|\\.)*)"|((?:[^\s"\\()\[\]{}]|\\.)+)'
_RANGE = re.compile(
    rf"([\[{{])\s*(?:{_END})\s+TO\s+(?:{_END})(?:\s*([\]}}])|(?=[\s()]|$))", re.DOTALL
)
_QUOTED = re.compile(r'(?:[^"\\]|\\.|\\$)*', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def unescape(text: str) -> str:
    r"""Return a text with each backslash taken away, and the character behind it as it is."""
    return _ESCAPE.sub(r"\1", text)


class Lexer:
    """The tokens of a text; `repairs` fills up on the way."""

    def __init__(self, text: str, fields: Mapping[str, FieldKind]) -> None:
        self.repairs: list[Repair] = []
        self._text = text
        self._fields = fields
        self._at = 0
        self._token_end = -1
        self._value_at = -1  # right behind a field, where a sign belongs to the value

    def note(self, position: int, message: str) -> None:
        """Add a repair."""
        self.repairs.append(Repair(position, message))

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens from left to right."""
        while True:
            if space := _SPACE.match(self._text, self._at):
                self._at = space.end()
            if self._at >= len(self._text):
                return
            token = self._symbol() or self._pattern() or self._word()
            if token:
                self._token_end = self._at
                yield token

    def _symbol(self) -> Token | None:
        """Return a token of one character, or a phrase."""
        text, at = self._text, self._at
        char = text[at]
        if char == '"':
            return self._phrase()
        if char in "()":
            self._at += 1
            return Token(char, at)  # type: ignore[arg-type]
        if at == self._value_at:
            return None
        if char in "+-" and _next_is_clause(text, at + 1):
            self._at += 1
            return Token(char, at)  # type: ignore[arg-type]
        if char == "#" and self._begins_filter(at + 1):
            self._at += 1
            return Token("#", at)
        return None

    def _begins_filter(self, at: int) -> bool:
        field = _FIELD.match(self._text, at)
        return self._text.startswith(("(", "*:*"), at) or bool(field and field[1] in self._fields)

    def _phrase(self) -> Token:
        begin = self._at + 1
        match = _QUOTED.match(self._text, begin)
        end = match.end() if match else begin
        if end >= len(self._text):
            self.note(begin - 1, "this quote is never closed; the phrase goes on to the end")
        self._at = end + 1
        return Token("phrase", begin - 1, unescape(self._text[begin:end]))

    def _pattern(self) -> Token | None:
        """Return a token that a regular expression tells."""
        text, at = self._text, self._at
        for kind, pattern in _SYMBOLS:
            if match := pattern.match(text, at):
                self._at = match.end()
                if kind in {"all", "star"}:
                    return Token(kind, at)
                alone = at != self._token_end
                return Token("stray", at, match[0]) if alone else Token(kind, at, match[1])
        if text[at] in "[{" and (match := _RANGE.match(text, at)):
            return self._range(match)
        return self._field()

    def _range(self, match: re.Match[str]) -> Token:
        self._at = match.end()
        bracket, low_quoted, low, high_quoted, high, close = match.groups()
        if close is None:
            self.note(match.start(), "this range is never closed; it ends behind its second value")
        bounds = Bounds(
            _end(low_quoted, low), _end(high_quoted, high), bracket == "[", close != "}"
        )
        return Token("range", match.start(), bounds=bounds)

    def _field(self) -> Token | None:
        match = _FIELD.match(self._text, self._at)
        if not match:
            return None
        if match[1] in self._fields:
            self._at = self._value_at = match.end()
            return Token("field", match.start(), match[1], boost=match[2] or "")
        following = self._text[match.end() : match.end() + 1]
        if following.strip() and following != "/":  # neither "Star Wars: Episode" nor "http://"
            known = ", ".join(self._fields) or "none"
            message = f"there is no field '{match[1]}' (fields: {known}); it is searched as text"
            self.note(match.start(), message)
        return None

    def _word(self) -> Token | None:
        begin = self._at
        operator = _COMPARISON.match(self._text, begin)
        self._at = operator.end() if operator else begin
        if plain := _PLAIN_WORD.match(self._text, self._at):
            self._at = plain.end()
            pieces = list(plain[0])
        else:
            pieces = list(self._pieces())
        raw = self._text[begin : self._at]
        if raw in {"AND", "OR", "NOT"}:
            return Token(raw, begin)  # type: ignore[arg-type]
        if raw in {"+", "-"}:
            self.note(begin, f"'{raw}' stands before nothing; it is left out")
            return None
        prefix = len(pieces) > 1 and pieces[-1] == "*"
        if prefix:
            pieces.pop()
        if "*" in pieces:
            self.note(begin, "a star works only at the end of a word; this one is searched as text")
        text = "".join(piece[-1] for piece in pieces)
        return Token("word", begin, text, prefix, operator[0] if operator else "")

    def _pieces(self) -> Iterator[str]:
        """Yield the characters of a word, each with its escape, and go behind it."""
        text, begin = self._text, self._at
        while self._at < len(text):
            at, char = self._at, text[self._at]
            if char.isspace() or char in "()" or (char == '"' and not _is_inch(text, at, begin)):
                return
            if char in "^~" and (_BOOST if char == "^" else _TILDE).match(text, at):
                return
            if char == "^":
                self.note(at, "a boost is ^ and a number; this one is searched as text")
            piece = text[at : at + 2] if char == "\\" else char
            self._at += len(piece)
            yield piece


def _next_is_clause(text: str, at: int) -> bool:
    return at < len(text) and not text[at].isspace() and text[at] != ")"


def _is_inch(text: str, at: int, begin: int) -> bool:
    return at > begin and text[at - 1].isdigit()


def _end(quoted: str | None, plain: str | None) -> str | None:
    if quoted is not None:
        return unescape(quoted)
    return None if plain == "*" else unescape(plain or "")
