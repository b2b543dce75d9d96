"""Where a page of results ended, as text that a client keeps and sends back.

It holds the sort values and the number of the page's last document: the next page begins behind
them, so it costs the same however deep it is, and no state is kept between pages. It is meant for
one snapshot, which an index keeps until its next refresh or commit. Later, documents that were
added or deleted meanwhile appear or not, as they sort, and a merge that renumbers documents can
repeat or skip one among equal values; but a commit changes all scores a little, so pages by score
that come from different snapshots repeat and skip whatever moved across their border.

Pages by meaning are cut from one ranking (`search_system.searching.semantic`): their cursor holds
how deep that is and how many documents the pages before had.
"""

import base64
import binascii
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, Self

from search_system.errors import OptionError

Key = float | str | None
"""The value that a document is sorted by: a score, a number, a date's microseconds, a keyword."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the results of one query."""

    query: str
    """The fingerprint of the query and its order."""
    keys: tuple[Key, ...]
    """What the page's last document is sorted by; by meaning, the depth of the ranking."""
    number: int
    """That document's number; by meaning, its place, counted from 1."""

    def encode(self) -> str:
        """Return the cursor as text of letters, digits, - and _."""
        data = json.dumps([self.query, list(self.keys), self.number], separators=(",", ":"))
        return base64.urlsafe_b64encode(data.encode("utf-8", "surrogatepass")).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, query: str, n_keys: int) -> Self:
        """Return the cursor of a text.

        Raises:
            OptionError: it is none, or one of another query.
        """
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            its_query, keys, number = json.loads(data)
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise _no_cursor(text) from error
        if its_query != query:
            raise OptionError(
                "this cursor belongs to another query, order or mode; take it from the page "
                "before, with the same query, filters, sort, mode and weights"
            )
        if not (_is_key_list(keys) and len(keys) == n_keys and type(number) is int):
            raise _no_cursor(text)
        return cls(query, tuple(keys), number)


def fingerprint(*parts: object) -> str:
    """Return a short text that differs for different queries and orders."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _is_key_list(keys: Any) -> bool:
    return isinstance(keys, list) and all(
        key is None or type(key) in {int, str} or (type(key) is float and math.isfinite(key))
        for key in keys
    )


def _no_cursor(text: str) -> OptionError:
    return OptionError(f"expected a cursor as a page of results returned it, found {text[:60]!r}")
