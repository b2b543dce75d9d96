"""Turn a document's fields into what columns hold, or an error that names the field."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from search_system.errors import CollectionError, FieldValueError
from search_system.schema import DateField, KeywordField, NumberField
from search_system.segments.format import MISSING_INTEGER

ColumnField = KeywordField | NumberField | DateField
ColumnValue = list[bytes] | float | int

_PLAIN = {str, int, float, bool, type(None)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def check_id(doc_id: object) -> None:
    """Raise `CollectionError` for what cannot be a document's id."""
    if not isinstance(doc_id, str) or not doc_id:
        raise CollectionError(f"a document's id must be a string and not empty, not {doc_id!r}")
    try:
        doc_id.encode()
    except UnicodeEncodeError as error:
        raise CollectionError(
            f"document id {doc_id!r}: no Unicode text ({error.reason})"
        ) from error


def encode_document(document: Mapping[str, Any], doc_id: str) -> bytes:
    """Return a document as one line of JSON; dates become ISO strings.

    Raises:
        CollectionError: it holds what JSON cannot.
    """
    try:
        return _ENCODER.encode(dict(document)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CollectionError(f"document '{doc_id}': no JSON document ({error})") from error


def as_replayed(document: Mapping[str, Any], line: bytes) -> Mapping[str, Any]:
    """Return a document as it comes back from its JSON line; the same one if that is certain."""
    return document if _PLAIN.issuperset(map(type, document.values())) else json.loads(line)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain)


def column_value(field: ColumnField, value: object, name: str, doc_id: str) -> ColumnValue:
    """Return what the column of a field holds for a value.

    Raises:
        CollectionError: the value is none that the field can hold.
    """
    try:
        if isinstance(field, KeywordField):
            return _keywords(value)
        if value is None or value == "":
            integer = isinstance(field, DateField) or field.integer
            return MISSING_INTEGER if integer else math.nan
        if isinstance(field, DateField):
            return _microseconds(value)
        return _integer(value) if field.integer else _float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise FieldValueError(
            f"document '{doc_id}', field '{name}': expected a {field.type}"
            f"{' (integer)' if isinstance(field, NumberField) and field.integer else ''}, "
            f"found {str(value)[:80]!r}"
        ) from error


def _keywords(value: object) -> list[bytes]:
    if isinstance(value, str):
        return [value.encode("utf-8", "replace")] if value else []
    members = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(member, dict | list | tuple) for member in members):
        raise TypeError
    texts = (_keyword(member) for member in members if member is not None and member != "")
    return list(dict.fromkeys(texts))


def _keyword(value: object) -> bytes:
    """Return a value's bytes as JSON would write it, so that true is 'true'."""
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return text.encode("utf-8", "replace")


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = int(value)
    if number != value and not isinstance(value, str):
        raise ValueError
    return _in_int64(number)


def _in_int64(number: int) -> int:
    if not MISSING_INTEGER < number < -MISSING_INTEGER:
        raise OverflowError
    return number


def _microseconds(value: object) -> int:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise TypeError
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
