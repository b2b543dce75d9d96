"""Filters given as a dictionary, such as a page with checkboxes and sliders makes."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from search_system.errors import OptionError
from search_system.query.ast import NOTHING, Bool, MatchAll, Query, Range, Term
from search_system.query.values import Interval, interval
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField


def filter_query(filters: Mapping[str, Any], schema: IndexSchema) -> Query:
    """Return the query of filters by field, all of which a document must pass.

    ::

        {"brand": ["sony", "lg"], "price": (100, 500), "released": ("2020", None), "stars": 5}

    A list holds alternatives; an empty one lets nothing pass. A pair is a range with both ends, of
    which None is open. A date as text stands for the whole year, month or day that it names.

    Raises:
        OptionError: a field is no keyword, number or date, or a value does not fit it.
    """
    conditions = tuple(_filter(name, value, schema) for name, value in filters.items())
    return Bool(filter=conditions) if conditions else MatchAll()


def with_filter(query: Query, filters: Query) -> Query:
    """Return a query that only finds documents which pass another; scores stay as they are."""
    return Bool(must=(query,), filter=(filters,))


def _filter(name: str, value: Any, schema: IndexSchema) -> Query:
    field = schema.fields.get(name)
    if not isinstance(field, KeywordField | NumberField | DateField):
        known = [n for n, f in schema.fields.items() if f.type in {"keyword", "number", "date"}]
        raise OptionError(
            f"expected a keyword, number or date field to filter by, found '{name}'; "
            f"there are {', '.join(known) or 'none'}"
        )
    if isinstance(value, tuple):
        if len(value) != 2:
            raise OptionError(f"filter '{name}': expected a pair of ends, found {value!r}")
        return _between(name, field, *value)
    if isinstance(value, list | set | frozenset):
        ordered = value if isinstance(value, list) else sorted(value, key=repr)
        members = tuple(_equal(name, field, member) for member in ordered)
        return members[0] if len(members) == 1 else Bool(should=members) if members else NOTHING
    return _equal(name, field, value)


def _equal(name: str, field: KeywordField | NumberField | DateField, value: Any) -> Query:
    low, high, closed = _interval(name, field, value)
    if isinstance(field, KeywordField):
        return Term(str(low), name)
    return Range(name, low, high, include_high=closed)


def _between(
    name: str, field: KeywordField | NumberField | DateField, low: Any, high: Any
) -> Query:
    first = None if low is None else _interval(name, field, low)[0]
    if high is None:
        return Range(name, first)
    _, last, closed = _interval(name, field, high)
    return Range(name, first, last, include_high=closed)


def _interval(name: str, field: KeywordField | NumberField | DateField, value: Any) -> Interval:
    """Return what a value stands for."""
    if isinstance(field, KeywordField):
        if isinstance(value, str | int | float):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return text, text, True
    elif isinstance(field, DateField):
        if isinstance(value, datetime):
            return value, value, True
        found = interval(str(value), "date") if isinstance(value, str | date) else None
        if found is not None:
            return found
    elif isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return value, value, True
    raise OptionError(f"filter '{name}': expected a {field.type}, found {value!r}")
