"""Which documents of a segment have some values, as masks [n_docs], from its columns.

Deleted documents are not left out here: whoever combines masks does that once. A missing value is
in no range, not even in one that is open at both ends.
"""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.query.ast import Fuzzy, MatchAll, Prefix, Range, Term, Value
from search_system.query.expand import Vocabulary
from search_system.schema import DateField, IndexSchema, KeywordField, TextField
from search_system.segments.columns import KeywordColumn, Numbers
from search_system.segments.format import MISSING_INTEGER
from search_system.segments.reader import Segment

Mask = NDArray[np.bool_]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SMALLEST, _LARGEST = MISSING_INTEGER + 1, -(MISSING_INTEGER + 1)


def leaf_mask(
    segment: Segment, schema: IndexSchema, query: Term | Prefix | Fuzzy | Range | MatchAll
) -> Mask:
    """Return the mask of a leaf that asks for values."""
    if isinstance(query, MatchAll):
        return np.ones(segment.n_docs, np.bool_)
    assert query.field is not None
    field = schema.fields[query.field]
    if isinstance(field, TextField):
        return _text_mask(segment, query)
    if isinstance(field, KeywordField):
        return _keyword_mask(segment.keywords(query.field), query)
    assert isinstance(query, Range)
    column = segment.numbers(query.field)
    if column.dtype == np.int64:
        return _integer_mask(column, query, is_date=isinstance(field, DateField))
    return _float_mask(column, query)


def _text_mask(segment: Segment, query: Term | Prefix | Fuzzy | Range) -> Mask:
    if not isinstance(query, Range) or query.low is not None or query.high is not None:
        raise OptionError(f"'{query.field}' is a text, which has no ranges")
    return np.asarray(segment.text(query.field).lengths > 0)


def _keyword_mask(column: KeywordColumn, query: Term | Prefix | Fuzzy | Range) -> Mask:
    """Return which documents have one of the values asked for: mostly one run of the sorted."""
    values, codes = column.values, column.codes
    if isinstance(query, Fuzzy):
        found = Vocabulary([values[i] for i in range(len(values))], np.ones(len(values), np.int64))
        wanted = np.zeros(len(values), np.bool_)
        wanted[[number for number, _ in found.fuzzy(query.text, query.edits)]] = True
        return _owners(column, wanted[codes])
    if isinstance(query, Term):
        number = values.find(query.text)
        run = range(0) if number is None else range(number, number + 1)
    elif isinstance(query, Prefix):
        run = values.prefix_range(query.text)
    else:
        run = _keyword_run(column, query)
    if run.stop - run.start == 1:
        return _owners(column, codes == run.start)
    return _owners(column, (codes >= run.start) & (codes < run.stop))


def _keyword_run(column: KeywordColumn, query: Range) -> range:
    begin, end = 0, len(column.values)
    for value, is_low in ((query.low, True), (query.high, False)):
        if value is None:
            continue
        if not isinstance(value, str):
            raise _bad_end(query, "string", value)
        # The smallest string above another is that with a zero byte behind.
        encoded = value.encode("utf-8", "replace")
        behind = not query.include_low if is_low else query.include_high
        place = column.values.place(encoded + b"\0" * behind)
        begin, end = (place, end) if is_low else (begin, place)
    return range(begin, max(begin, end))


def _owners(column: KeywordColumn, hit: Mask) -> Mask:
    """Return which documents own one of the values that are hit."""
    before = np.zeros(len(hit) + 1, np.int64)
    np.cumsum(hit, out=before[1:])
    at = before[column.offsets]
    return np.asarray(at[1:] > at[:-1])


def _float_mask(column: Numbers, query: Range) -> Mask:
    mask = ~np.isnan(column)
    for value, is_low in ((query.low, True), (query.high, False)):
        if value is None:
            continue
        end = float(_number(query, value))
        if is_low:
            mask &= column >= end if query.include_low else column > end
        else:
            mask &= column <= end if query.include_high else column < end
    return mask


def _integer_mask(column: Numbers, query: Range, *, is_date: bool) -> Mask:
    """Compare with whole numbers, exactly: a float64 cannot tell integers above 2^53 apart."""
    read = _end_microseconds if is_date else _number
    low, high = _SMALLEST, _LARGEST
    if query.low is not None:
        low = _first_from(read(query, query.low), include=query.include_low)
    if query.high is not None:
        high = -_first_from(-read(query, query.high), include=query.include_high)
    if low > high:
        return np.zeros(len(column), np.bool_)
    return np.asarray((column >= low) & (column <= high))


def _first_from(end: float, *, include: bool) -> int:
    """Return the smallest whole number of an int64 column from an end on; beyond it, one more."""
    if not _SMALLEST <= end <= _LARGEST:
        return _SMALLEST if end < 0 else _LARGEST + 1
    whole = math.ceil(end)
    return whole + (not include and whole == end)


def _number(query: Range, value: Value) -> float:
    if isinstance(value, str | datetime) or math.isnan(value):
        raise _bad_end(query, "number", value)
    return value


def _end_microseconds(query: Range, value: Value) -> int:
    if not isinstance(value, datetime):
        raise _bad_end(query, "datetime", value)
    return microseconds(value)


def microseconds(value: datetime) -> int:
    """Return a time as date columns hold it; one without a zone is UTC."""
    return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def _bad_end(query: Range, expected: str, found: Value) -> OptionError:
    return OptionError(
        f"field '{query.field}': expected a {expected} as an end of a range, found {found!r}"
    )
