"""Read the leaves of a query by the kind of their field: a text, a keyword, a number or a date."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from search_system.query.ast import (
    NOTHING,
    Bool,
    Fuzzy,
    MatchAll,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
    allowed_edits,
)
from search_system.query.lexer import Bounds, Token
from search_system.query.values import FieldKind, Interval, compare, equal, interval

MAX_EDITS = 2
MAX_SLOP = 1_000

_NAMES = {"number": "number", "date": "date (as 2020-05-17)", "keyword": "value", "text": "word"}


class LeafReader:
    """Makes leaves of tokens, and notes what had to be repaired."""

    def __init__(self, fields: Mapping[str, FieldKind], note: Callable[[int, str], None]) -> None:
        self._fields = fields
        self._note = note

    def _kind(self, field: str | None) -> FieldKind:
        return self._fields[field] if field else "text"

    def word(self, token: Token, tilde: Token | None, field: str | None) -> Query:
        """Return the leaf of a word, with a star, a tilde or a comparison."""
        kind = self._kind(field)
        if field and kind != "text" and token.operator:
            return self._comparison(token, field, kind)
        text = token.operator + token.text
        if field and kind in {"number", "date"}:
            if token.prefix or tilde:
                self._note(token.position, f"'{field}' is a {kind}, where * and ~ do not work")
            return self._equal(text, token.position, field, kind)
        if token.prefix:
            if tilde:
                self._note(tilde.position, "a word has a star or a tilde, not both; ~ is left out")
            return Prefix(text, field)
        edits = self._edits(tilde, text) if tilde else 0
        return Fuzzy(text, edits, field) if edits else Term(text, field)

    def phrase(self, token: Token, tilde: Token | None, field: str | None) -> Query:
        """Return the leaf of a text in quotes."""
        kind = self._kind(field)
        if not token.text.strip():
            self._note(token.position, "there is nothing in these quotes; they are left out")
            return NOTHING
        if tilde and kind != "text":
            self._note(tilde.position, f"'{field}' is a {kind}, where ~ does not work")
        if field and kind in {"number", "date"}:
            return self._equal(token.text, token.position, field, kind)
        if kind == "keyword":
            return Term(token.text, field)
        return Phrase(token.text, self._slop(tilde) if tilde else 0, field)

    def any_value(self, field: str | None) -> Query:
        """Return the leaf of a star alone."""
        return Range(field) if field else MatchAll()

    def range(self, token: Token, field: str | None) -> Query:
        """Return the leaf of a range in brackets."""
        bounds, kind = token.bounds, self._kind(field)
        assert bounds is not None
        if field and bounds.low is None and bounds.high is None:
            return Range(field)
        if not field or kind == "text":
            self._note(
                token.position,
                "a range needs a field of numbers, keywords or dates; this one is searched as text",
            )
            return _as_text(bounds)
        low = self._end(bounds.low, kind, token.position)
        high = self._end(bounds.high, kind, token.position)
        if low is None and high is None:
            return _as_text(bounds)
        return self._in_order(_between(field, bounds, low, high), token.position)

    def _end(self, text: str | None, kind: FieldKind, position: int) -> Interval | None:
        if text is None:
            return None
        found = interval(text, kind)
        if found is None:
            self._note(position, f"'{text}' is no {_NAMES[kind]}; this end is left open")
        return found

    def _in_order(self, found: Range, position: int) -> Range:
        low, high = found.low, found.high
        if low is None or high is None or not low > high:  # type: ignore[operator]
            return found
        self._note(position, "this range ends before it begins; its ends are exchanged")
        return Range(found.field, high, low, found.include_high, found.include_low)

    def _comparison(self, token: Token, field: str, kind: FieldKind) -> Query:
        found = compare(field, kind, token.operator, token.text) if token.text else None
        if found is None:
            self._bad_value(token.text or token.operator, token.position, field, kind)
            return Term(token.operator + token.text)
        return found

    def _equal(self, text: str, position: int, field: str, kind: FieldKind) -> Query:
        found = equal(field, kind, text)
        if found is None:
            self._bad_value(text, position, field, kind)
            return Term(text)
        return found

    def _bad_value(self, text: str, position: int, field: str, kind: FieldKind) -> None:
        self._note(position, f"'{text}' is no {_NAMES[kind]} for '{field}'; it is searched as text")

    def _edits(self, tilde: Token, word: str) -> int:
        """Return the edits that are asked for, or as many as a word of this length can bear."""
        if not tilde.text:
            return allowed_edits(word)
        if not tilde.text.isdecimal() or float(tilde.text) > MAX_EDITS:
            self._note(tilde.position, f"a word takes ~0 to ~{MAX_EDITS}; ~{MAX_EDITS} is taken")
            return MAX_EDITS
        return int(tilde.text)

    def _slop(self, tilde: Token) -> int:
        if not tilde.text.isdecimal() or float(tilde.text) > MAX_SLOP:
            if tilde.text:
                self._note(tilde.position, f"a phrase takes ~0 to ~{MAX_SLOP}; ~0 is taken")
            return 0
        return int(tilde.text)


def _between(field: str, bounds: Bounds, low: Interval | None, high: Interval | None) -> Range:
    """Return the range between what its ends stand for, with or without them."""
    found = Range(field)
    if low:
        first, behind, closed = low
        at, include = (first, True) if bounds.include_low else (behind, not closed)
        found = replace(found, low=at, include_low=include)
    if high:
        first, behind, closed = high
        at, include = (behind, closed) if bounds.include_high else (first, False)
        found = replace(found, high=at, include_high=include)
    return found


def _as_text(bounds: Bounds) -> Query:
    return Bool(should=tuple(Term(end) for end in (bounds.low, bounds.high) if end))
