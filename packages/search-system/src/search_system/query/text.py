"""Write a query tree as a query string, which the parser reads as the same tree."""

from datetime import UTC, datetime

from search_system.query.ast import (
    Bool,
    Boost,
    Fuzzy,
    MatchAll,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
    TermPhrase,
    Value,
)

SPECIAL = frozenset('\\+-&|!(){}[]^"~*?:/#<>')
_OPERATORS = frozenset({"AND", "OR", "NOT", "TO"})


def to_text(query: Query) -> str:
    """Return a query as text: ``parse_query(to_text(query), fields).query == simplify(query)``.

    That holds for what the parser returns, and for all trees of no more levels, leaves and
    characters than it takes. `TermPhrase` is written as a phrase, for people to read.
    """
    if not isinstance(query, Bool):
        return _leaf(query)
    clauses = [f"+{_member(child)}" for child in query.must]
    clauses += [_member(child) for child in query.should]
    clauses += [f"-{_member(child)}" for child in query.must_not]
    clauses += [f"#({to_text(child)})" for child in query.filter]
    return " ".join(clauses)


def _member(query: Query) -> str:
    return f"({to_text(query)})" if isinstance(query, Bool) else _leaf(query)


def _leaf(query: Query) -> str:
    match query:
        case Boost(child, factor):
            inner = f"({_member(child)})" if isinstance(child, Boost) else _member(child)
            written = f"{inner}^{number_text(factor)}"
        case MatchAll():
            written = "*:*"
        case Term(text, field):
            written = _scope(field) + _escape(text)
        case Prefix(text, field):
            written = f"{_scope(field)}{_escape(text)}*"
        case Fuzzy(text, edits, field):
            written = f"{_scope(field)}{_escape(text)}~{edits}"
        case Phrase(text, slop, field):
            written = _scope(field) + quote(text) + (f"~{slop}" if slop else "")
        case TermPhrase(terms, _, slop, field):
            written = _leaf(Phrase(" ".join(terms), slop, field))
        case Range():
            written = _range(query)
        case Bool():
            written = _member(query)
    return written


def _range(query: Range) -> str:
    begin, end = "[" if query.include_low else "{", "]" if query.include_high else "}"
    return f"{query.field}:{begin}{_value(query.low)} TO {_value(query.high)}{end}"


def _value(value: Value | None) -> str:
    match value:
        case None:
            return "*"
        case str():
            return quote(value)
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None).isoformat()
        case _:
            return number_text(value)


def number_text(number: float) -> str:
    """Return the shortest text of a number that reads back as it."""
    whole = float(number).is_integer() and abs(number) < 1e15
    return str(int(number)) if whole else repr(number)


def quote(text: str) -> str:
    """Return a text as a phrase in quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _scope(field: str | None) -> str:
    return f"{field}:" if field else ""


def _escape(text: str) -> str:
    if text in _OPERATORS:
        return f"\\{text}"
    return "".join(f"\\{c}" if c in SPECIAL or c.isspace() else c for c in text)
