"""Guess an `IndexSchema` from some documents, to be printed and then corrected by hand.

Names tell titles; values tell the rest. A string is text if it has spaces enough to be prose, and a
keyword if it is short and comes again; numbers and dates may be written as strings, as in CSV.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from search_system.schema import (
    TITLES,
    DateField,
    Field,
    IndexSchema,
    KeywordField,
    NumberField,
    StoredField,
    TextField,
    is_field_name,
)

_TITLE_WEIGHT = 2.0
_PROSE_WORDS = 4
"""Mean number of words from which a string is text."""
_KEYWORD_CHARACTERS = 64
# 007 and 1e5 are codes more often than numbers.
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_ADDRESS = re.compile(r"(https?|ftp)://\S+")


def guess_schema(
    records: Iterable[Mapping[str, Any]], id_field: str | None = None, analyzer: str = "english"
) -> IndexSchema:
    """Return the most likely schema of some documents, whose id is in ``id_field``.

    ``analyzer`` is that of the text fields.

    Raises:
        OptionError: no field holds anything that could be searched.
    """
    values: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            members = value if isinstance(value, list) else [value]
            values.setdefault(name, []).extend(m for m in members if m not in (None, ""))
    values = {name: v for name, v in values.items() if name != id_field and is_field_name(name)}
    guessed = {name: _guess_field(name, members) for name, members in values.items()}
    if not any(isinstance(field, TextField) for field in guessed.values()):
        keywords = (name for name, field in guessed.items() if isinstance(field, KeywordField))
        guessed |= {name: TextField() for name in keywords}
    texts = {
        n: replace(f, analyzer=analyzer) for n, f in guessed.items() if isinstance(f, TextField)
    }
    return IndexSchema(guessed | texts)


def _guess_field(name: str, values: list[Any]) -> Field:
    if name.lower() in TITLES and all(isinstance(value, str) for value in values):
        return TextField(weight=_TITLE_WEIGHT)
    if not values or any(isinstance(value, dict | list) for value in values):
        return StoredField()
    texts = [str(value) for value in values]
    if all(isinstance(value, int | float) or _NUMBER.fullmatch(str(value)) for value in values):
        booleans = all(isinstance(value, bool) for value in values)
        return KeywordField() if booleans else NumberField()
    if all(isinstance(value, date) or _is_date(str(value)) for value in values):
        return DateField()
    return _guess_string(texts)


def _guess_string(texts: list[str]) -> Field:
    if all(map(_ADDRESS.fullmatch, texts)):
        return StoredField()
    words = sum(len(text.split()) for text in texts) / len(texts)
    short = max(map(len, texts)) <= _KEYWORD_CHARACTERS
    repeated = len(set(texts)) <= max(1, len(texts) // 2)
    if short and (repeated or words < 2):
        return KeywordField()
    return TextField() if words >= _PROSE_WORDS or not repeated else KeywordField()


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
