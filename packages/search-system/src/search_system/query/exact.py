"""Which parts of a query string mean exactly what they say, so that no spelling is to be corrected.

What a query forbids is one: somebody who excludes a brand wants it excluded as it is written. What
it looks for in a field that is no text is another: a keyword is a value, not a word.
"""

from collections.abc import Mapping

from search_system.query.lexer import Lexer, Token
from search_system.query.values import FieldKind

Span = tuple[int, int]
"""Where a part begins and ends, in characters."""


def exact_spans(query: str, fields: Mapping[str, FieldKind]) -> list[Span]:
    """Return the parts of a query that are to stay as they are, from left to right.

    Args:
        query: what someone typed.
        fields: the kind of each field that a query can name.
    """
    tokens = list(Lexer(query, fields).tokens())
    ends = [*(token.position for token in tokens[1:]), len(query)]  # one more if there is none
    walk, spans = _Walk(fields), []
    for token, end in zip(tokens, ends, strict=False):
        if walk.is_exact(token):
            spans.append((token.position, end))
    return spans


class _Walk:
    """Goes through tokens and knows which clause each is in."""

    def __init__(self, fields: Mapping[str, FieldKind]) -> None:
        self._fields = fields
        self._groups: list[bool] = [False]  # whether each open group is exact
        self._forbidden = self._valued = False  # by a sign, by a field, for the next clause

    def is_exact(self, token: Token) -> bool:
        """Return whether a token is part of a clause that stays as it is, and go behind it."""
        exact = self._groups[-1] or self._forbidden or self._valued
        if token.kind in {"-", "NOT", "+", "#"}:  # of several signs, the last one counts
            self._forbidden = token.kind in {"-", "NOT"}
        elif token.kind == "field":
            self._valued = self._fields[token.text] != "text"
        elif token.kind not in {"boost", "tilde", "stray"} and not _is_comparison(token):
            self._forbidden = self._valued = False
            if token.kind == "(":
                self._groups.append(exact)
            elif token.kind == ")" and len(self._groups) > 1:
                self._groups.pop()
        return exact and token.kind in {"word", "phrase", "range"}


def _is_comparison(token: Token) -> bool:
    """Return whether the word behind a token belongs to it, as in brand:> acme."""
    return token.kind == "word" and bool(token.operator) and not token.text
