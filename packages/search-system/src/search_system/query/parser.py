r"""The query language, and its parser, which takes any string.

::

    red shoes                    documents with either word, those with both first
    "running shoes"~2            a phrase, with up to two moves between its words
    red AND shoes                both;  OR: either;  NOT red, -red: without;  +red: with
    (red OR blue) shoes          a group
    title:red brand:"Le Coq"     a word or phrase in a field;  title:(red shoes): all of a group
    title^2:red red^2 (a b)^.5   counted more or less
    price:[10 TO 20} date:>=2020 ranges: [] with the ends, {} without, * is open; <, <=, >, >=
    price:*                      documents that have a price
    shoe*  schoe~  schoe~1       terms that begin so; terms within one or two edits
    #brand:sony #(a b)           a filter: must match, without counting for the score
    *:* or *                     every document

    query    = all ("OR" all)*
    all      = clauses ("AND" clauses)*
    clauses  = clause+
    clause   = ("+" | "-" | "NOT" | "#")* (field ["^" number] ":")? primary ["^" number]
    primary  = word | word "*" | (word | phrase) "~" number | phrase | range | "*" | "(" query ")"

So words that stand together bind closest: ``red shoes AND leather`` is ``(red shoes) AND leather``,
as in SQLite's FTS5. Operators are written in capitals. A backslash takes the next character as it
is. Dates are explained in `search_system.query.values`.

People type what they like, so nothing is an error. What cannot be read as meant is repaired, and
`ParsedQuery.repairs` says what and where: an open quote or bracket is closed, an operator between
nothing is left out, an unknown field and a number that is none are searched as text. A hostile
query costs little: it is cut at 10,000 characters, 1,024 clauses and 20 levels of groups.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from search_system.query.ast import (
    BOOST_LIMITS,
    NOTHING,
    Bool,
    Boost,
    Query,
    Term,
    depth,
    limit_depth,
    simplify,
)
from search_system.query.clauses import Clauses, conjunction
from search_system.query.leaf import LeafReader
from search_system.query.lexer import Lexer, Repair, Token
from search_system.query.values import FieldKind

MAX_LENGTH = 10_000
MAX_CLAUSES = 1_024
MAX_LEVELS = 20
MAX_REPAIRS = 100

_SYNTAX = re.compile(r'[\\()\[\]{}^"~*:<>#]|[^\S ]|  |(?<!\S)(?:[+-]|(?:AND|OR|NOT)(?!\S))')
"""What makes a query more than some words, each a blank apart."""


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query string and what it means."""

    text: str
    query: Query
    repairs: tuple[Repair, ...]
    """What was odd and how it was read: the first hundred, from left to right."""


def has_syntax(text: str) -> bool:
    """Return whether a query is more than some words, any of which may match.

    A search of plain words can take their terms straight from the analyzer's `query_terms`, in a
    tenth of the time that a tree costs; without synonyms they are those of the rewritten tree.
    """
    return len(text) > MAX_LENGTH or bool(_SYNTAX.search(text))


def parse_query(text: str, fields: Mapping[str, FieldKind]) -> ParsedQuery:
    """Return the meaning of a query string; no string is an error.

    Args:
        text: what someone typed.
        fields: the kind of each field that a query can name.
    """
    if not has_syntax(text):
        words = text.split()
        if 1 < len(words) <= MAX_CLAUSES:  # most queries by far, in a tenth of the time
            return ParsedQuery(text, Bool(should=tuple(map(Term, words))), ())
    return _parse_syntax(text, fields)


def _parse_syntax(text: str, fields: Mapping[str, FieldKind]) -> ParsedQuery:
    lexer = Lexer(text[:MAX_LENGTH], fields)
    tokens = list(lexer.tokens())
    if len(text) > MAX_LENGTH:
        lexer.note(MAX_LENGTH, f"a query has at most {MAX_LENGTH:,} characters; the rest is cut")
    shallow = _without_deep_groups(tokens)
    query = simplify(_Parser(shallow, lexer, fields).parse())
    if len(shallow) < len(tokens) or depth(query) > MAX_LEVELS:
        lexer.note(0, f"groups lie at most {MAX_LEVELS} deep; deeper ones are lists of words")
        query = simplify(limit_depth(query, MAX_LEVELS))
    repairs = sorted(lexer.repairs, key=lambda repair: repair.position)
    return ParsedQuery(text, query, tuple(repairs[:MAX_REPAIRS]))


def _without_deep_groups(tokens: list[Token]) -> list[Token]:
    """Take out the parentheses that lie too deep for recursion: an AND or OR adds a level too."""
    kept, level = [], 0
    for token in tokens:
        if token.kind == "(":
            level += 1
        if level <= MAX_LEVELS + 2 or token.kind not in {"(", ")"}:
            kept.append(token)
        if token.kind == ")":
            level = max(level - 1, 0)
    return kept


class _Parser:
    """Recursive descent: one method per rule of the grammar."""

    def __init__(self, tokens: list[Token], lexer: Lexer, fields: Mapping[str, FieldKind]) -> None:
        self._tokens = tokens
        self._note = lexer.note
        self._leaf = LeafReader(fields, lexer.note)
        self._at = 0
        self._clauses = 0

    def parse(self) -> Query:
        """Read all tokens."""
        clauses = [self._any_of(None)]
        while token := self._take(")"):
            self._note(token.position, "this ) closes nothing; it is left out")
            clauses.append(self._any_of(None))
        found = tuple(query for query in clauses if query != NOTHING)
        return found[0] if len(found) == 1 else Bool(should=found)

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *kinds: str) -> Token | None:
        token = self._peek()
        if token is None or token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _any_of(self, scope: str | None) -> Query:
        """Read the rule ``query``."""
        operands, operator = [self._all_of(scope)], None
        while operator := self._take("OR"):
            operands.append(self._all_of(scope))
            self._check_operands(operator, operands)
        found = tuple(query for query in operands if query != NOTHING)
        return found[0] if len(found) == 1 else Bool(should=found)

    def _all_of(self, scope: str | None) -> Query:
        """Read the rule ``all``."""
        operands = [self._sequence(scope)]
        while operator := self._take("AND"):
            operands.append(self._sequence(scope))
            self._check_operands(operator, operands)
        found = [query for query in operands if query != NOTHING]
        return conjunction(found) if len(found) > 1 else (found or [NOTHING])[0]

    def _check_operands(self, operator: Token, operands: list[Query]) -> None:
        if NOTHING in operands[-2:]:
            side = "before" if operands[-2] == NOTHING else "behind"
            self._note(operator.position, f"{operator.kind} has nothing {side} it; it is left out")

    def _sequence(self, scope: str | None) -> Query:
        """Read the rule ``clauses``."""
        clauses = Clauses()
        while (token := self._peek()) and token.kind not in {")", "OR", "AND"}:
            occurrence = self._occurrence()
            query = self._boosted(self._clause(scope))
            if query != NOTHING:
                clauses.add(occurrence, query)
        group = clauses.query()
        alone = len(group.should) == 1 and not (group.must or group.must_not or group.filter)
        return group.should[0] if alone else group

    def _occurrence(self) -> str:
        """Take the signs before a clause, of which the last one counts."""
        sign, first = "", True
        while token := self._take("+", "-", "#", "NOT"):
            if not first:
                self._note(token.position, "only one of +, -, # and NOT fits; the last one counts")
            sign, first = "-" if token.kind == "NOT" else token.kind, False
        if not first and ((token := self._peek()) is None or token.kind in {")", "OR", "AND"}):
            at = self._tokens[self._at - 1].position
            self._note(at, "this sign stands before nothing; it is left out")
        return sign

    def _clause(self, scope: str | None) -> Query:
        """Take an optional field and what it holds for."""
        name = self._take("field")
        if name is None:
            return self._primary(scope)
        while inner := self._take("field"):
            self._note(name.position, f"'{name.text}' is followed by a field; the last one counts")
            name = inner
        token = self._peek()
        if token is None or token.kind in {")", "OR", "AND", "NOT", "boost", "tilde"}:
            self._note(name.position, f"the field '{name.text}' is empty; it is searched as text")
            return self._leaf.word(Token("word", name.position, name.text), None, None)
        return self._boost(self._primary(name.text), name.boost, name.position)

    def _primary(self, scope: str | None) -> Query:
        """Take a group or a leaf, with what belongs to it."""
        token = self._peek()
        if token is None or token.kind in {")", "OR", "AND"}:
            return NOTHING
        self._at += 1
        return self._group(token, scope) if token.kind == "(" else self._one(token, scope)

    def _one(self, token: Token, scope: str | None) -> Query:
        """Read a token that is a leaf, or that should not be here."""
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            self._note(
                token.position, f"a query has at most {MAX_CLAUSES:,} words; the rest is cut"
            )
            self._at = len(self._tokens)
            return NOTHING
        if token.kind in {"word", "phrase"}:
            token = self._with_operand(token)
            tilde = self._take("tilde")
            read = self._leaf.word if token.kind == "word" else self._leaf.phrase
            return read(token, tilde, scope)
        if token.kind == "range":
            return self._leaf.range(token, scope)
        if token.kind in {"star", "all"}:
            return self._leaf.any_value(scope if token.kind == "star" else None)
        self._note(token.position, f"'{_sign(token)}' belongs to nothing; it is left out")
        return NOTHING

    def _with_operand(self, token: Token) -> Token:
        """Join a comparison with the word behind it, as in price:> 10."""
        following = self._peek()
        if token.operator and not token.text and following and following.kind in {"word", "phrase"}:
            self._at += 1
            return Token("word", token.position, following.text, operator=token.operator)
        return token

    def _group(self, opened: Token, scope: str | None) -> Query:
        query = self._any_of(scope)
        if not self._take(")"):
            self._note(opened.position, "this ( is never closed; the group goes on to the end")
        if query == NOTHING:
            self._note(opened.position, "there is nothing in this group; it is left out")
        return query

    def _boosted(self, query: Query) -> Query:
        """Take the boosts behind a clause."""
        while query != NOTHING and (token := self._take("boost", "tilde")):
            if token.kind == "boost":
                query = self._boost(query, token.text, token.position)
            else:
                self._note(token.position, "~ belongs behind a word or a phrase; it is left out")
        return query

    def _boost(self, query: Query, text: str, position: int) -> Query:
        if not text or query == NOTHING:
            return query
        factor = float(text)
        low, high = BOOST_LIMITS
        if not low <= factor <= high:
            factor = min(max(factor, low), high) if factor else 1.0
            self._note(position, f"a boost lies from {low:g} to {high:,.0f}; {factor:g} is taken")
        if isinstance(query, Boost):  # not one inside the other, however many there are
            factor *= query.factor
            query = query.query
        return Boost(query, factor)


def _sign(token: Token) -> str:
    signs = {"boost": f"^{token.text}", "tilde": f"~{token.text}", "stray": token.text}
    return signs.get(token.kind, token.kind)
