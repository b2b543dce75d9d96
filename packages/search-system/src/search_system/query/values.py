"""Kinds of fields, and what a number or a date in a query stands for.

A date stands for the whole time that it names: 2020 is a year, 2020-05 a month, 2020-05-17 a day,
and a date with a time is one instant. So ``date:2020`` is a range, ``date:>2020`` begins in 2021,
and ``date:<=2020`` ends with that year. Times without a zone are UTC.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from search_system.query.ast import Range, Value

FieldKind = Literal["text", "keyword", "number", "date"]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")

Interval = tuple[Value, Value, bool]
"""What a text stands for: its low end, its high end, and whether the high one belongs to it."""


def interval(text: str, kind: FieldKind) -> Interval | None:
    """Return what a text stands for, or None if it is nothing of the kind."""
    if kind == "number":
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        return (number, number, True) if math.isfinite(number) else None
    if kind == "date":
        return _date_interval(text)
    return text, text, True


def _date_interval(text: str) -> Interval | None:
    try:
        if match := _DATE.fullmatch(text):
            return _period(*(int(part) if part else None for part in match.groups()))
        instant = datetime.fromisoformat(text)
        instant = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return instant, instant, True


def _period(
    year: int | None, month: int | None, day: int | None
) -> tuple[datetime, datetime, bool]:
    first = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
    if day:
        return first, first + timedelta(days=1), False
    months = first.year * 12 + first.month - 1 + (1 if month else 12)
    return first, first.replace(year=months // 12, month=months % 12 + 1), False


def equal(field: str, kind: FieldKind, text: str) -> Range | None:
    """Return the range of the values that a text names; None if it names none."""
    found = interval(text, kind)
    return Range(field, found[0], found[1], include_high=found[2]) if found else None


def compare(field: str, kind: FieldKind, operator: str, text: str) -> Range | None:
    """Return the range of a comparison (<, <=, > or >=); None if the text names no value."""
    found = interval(text, kind)
    if found is None:
        return None
    low, high, closed = found
    match operator:
        case "<":
            return Range(field, high=low, include_high=False)
        case "<=":
            return Range(field, high=high, include_high=closed)
        case ">=":
            return Range(field, low=low)
        case _:
            return Range(field, low=high, include_low=not closed)
