"""Synonyms: other words for what a query says, as rules in Solr's format.

::

    # equivalent: a query for one also finds the others
    laptop, notebook, portable computer
    # one-way: the left side is replaced by the right one
    tv => television, tv
    colour => color

One rule a line; ``#`` starts a comment, and a backslash takes the next character as it is. A word
that shall stay is repeated on the right of ``=>``.

Rules apply to queries only. Indexing them would need no work at search time, but changes lengths
and frequencies, cannot express that several words stand for one, and needs a new index for each new
rule. Both sides go through the index's own chain, so "Laptops" matches the rule for "laptop".
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from search_system.errors import OptionError

Terms = tuple[str, ...]

_ARROW = re.compile(r"(?<!\\)=>")
_COMMA = re.compile(r"(?<!\\),")
_COMMENT = re.compile(r"(?<!\\)#.*")
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class SynonymRule:
    """The words on both sides of a rule; without ``right`` those of ``left`` are equivalent."""

    left: tuple[str, ...]
    right: tuple[str, ...] = ()


def parse_synonym(line: str) -> SynonymRule:
    """Return the rule of a line.

    Raises:
        OptionError: it is none, for a stated reason.
    """
    sides = [_words(side) for side in _ARROW.split(_COMMENT.sub("", line))]
    if len(sides) > 2:
        raise OptionError(f"expected one '=>', found {len(sides) - 1}: {line.strip()}")
    if not all(word for side in sides for word in side):
        raise OptionError(f"expected words between commas and around '=>': {line.strip()}")
    if len(sides) == 1 and len(sides[0]) < 2:
        raise OptionError(f"expected two words or more, separated by commas: {line.strip()}")
    return SynonymRule(*sides)


def _words(side: str) -> tuple[str, ...]:
    return tuple(_ESCAPE.sub(r"\1", word).strip() for word in _COMMA.split(side))


def read_synonyms(path: Path) -> tuple[str, ...]:
    """Return the rules of a file, a line each, without comments.

    Raises:
        OptionError: the file cannot be read, or a line (named by its number) is no rule.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    rules = []
    for number, line in enumerate(lines, 1):
        rule = _COMMENT.sub("", line).strip()
        if rule:
            try:
                parse_synonym(rule)
            except OptionError as error:
                raise OptionError(f"{path}:{number}: {error}") from None
            rules.append(rule)
    return tuple(rules)


class Synonyms:
    """The rules of an analyzer, by the terms of their left sides."""

    def __init__(self, rules: Iterable[str], terms_of: Callable[[str], Terms]) -> None:
        self._alternatives: dict[Terms, dict[Terms, None]] = {}  # a dictionary keeps the order
        self._longest: dict[str, int] = {}
        for line in rules:
            rule = parse_synonym(line)
            left = [_checked(word, terms_of, line) for word in rule.left]
            right = [_checked(word, terms_of, line) for word in rule.right]
            for terms in left:
                self._alternatives.setdefault(terms, {}).update(
                    dict.fromkeys(right or [terms, *left])
                )
                self._longest[terms[0]] = max(len(terms), self._longest.get(terms[0], 0))

    def find(self, terms: Sequence[str], begin: int) -> tuple[int, tuple[Terms, ...]]:
        """Return how many terms from ``begin`` on the longest rule takes, and what may stand there.

        The alternatives begin with the terms as they are, if these stay. Without a rule the one
        term stands for itself.
        """
        for size in range(self._longest.get(terms[begin], 0), 0, -1):
            found = tuple(terms[begin : begin + size])
            if alternatives := self._alternatives.get(found):
                return size, tuple(sorted(alternatives, key=lambda a: a != found))
        return 1, ((terms[begin],),)


def _checked(word: str, terms_of: Callable[[str], Terms], line: str) -> Terms:
    terms = terms_of(word)
    if not terms:
        raise OptionError(f"synonym '{line}': nothing is left of '{word}' after analysis")
    return terms
