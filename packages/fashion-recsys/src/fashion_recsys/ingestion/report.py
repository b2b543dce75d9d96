"""What ingest found: a dataclass, its JSON and its table for people, side by side."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from fashion_recsys.ingestion.read_table import BadRow


@dataclass(frozen=True)
class FileReport:
    """One raw file as it was read."""

    table: str
    file: str
    rows: int
    """Valid rows."""
    nulls: dict[str, int]
    """Empty values of every column that has any."""


@dataclass(frozen=True)
class EntityReport:
    """Customers or articles: their table against the log."""

    total: int
    """Distinct ids in the table or the log."""
    in_log: int
    without_row: int
    """In the log but not in the table: orphans."""
    rows_without_row: int
    """Rows of the log that belong to orphans."""
    not_in_log: int
    """In the table but not in the log: who never bought, what was never sold."""

    @classmethod
    def of_log(cls, total: int) -> "EntityReport":
        """Report a table that was made from the log, so that every id has a row and purchases."""
        return cls(total, in_log=total, without_row=0, rows_without_row=0, not_in_log=0)


@dataclass(frozen=True)
class LogReport:
    """The transactions as a log in order of time."""

    rows: int
    first_day: date
    last_day: date
    days_without_sales: int
    duplicates: int
    """Rows beyond the first of the same customer, article and day."""

    @classmethod
    def of(cls, days: Counter[date], duplicates: int) -> "LogReport":
        """Report a log with the given number of rows on each day."""
        first, last = min(days), max(days)
        return cls(
            rows=days.total(),
            first_day=first,
            last_day=last,
            days_without_sales=(last - first).days + 1 - len(days),
            duplicates=duplicates,
        )


@dataclass(frozen=True)
class IngestReport:
    """Everything that ingest found; saved as ``report.json`` beside the tables."""

    files: tuple[FileReport, ...]
    log: LogReport
    customers: EntityReport
    articles: EntityReport
    bad_rows: tuple[BadRow, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    """Valid rows that are no purchases, by the reason; Kaggle's files have none."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; days are ISO dates."""
        plain = asdict(self)
        for key in ("first_day", "last_day"):
            plain["log"][key] = plain["log"][key].isoformat()
        return plain


def render(report: IngestReport) -> RenderableType:
    """Return the report as tables for people."""
    parts: list[RenderableType] = [_files(report), "", _facts(report), ""]
    for reason, rows in report.left_out.items():
        parts.append(f"Left out {rows:,} rows: {reason}")
    if report.bad_rows:
        parts.append(f"Set aside {len(report.bad_rows):,} bad rows, the first of them:")
        parts += [f"  {row}" for row in report.bad_rows[:5]]
    return Group(*parts)


def _files(report: IngestReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("file")
    table.add_column("rows", justify="right")
    table.add_column("bad", justify="right")
    table.add_column("empty values")
    for file in report.files:
        bad = sum(row.file == file.file for row in report.bad_rows)
        nulls = ", ".join(f"{name} {count:,}" for name, count in file.nulls.items())
        table.add_row(Path(file.file).name, f"{file.rows:,}", f"{bad:,}", nulls or "none")
    return table


def _facts(report: IngestReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("log")
    table.add_column("", justify="right")
    for name, value in _log_facts(report):
        table.add_row(name, value)
    return table


def _log_facts(report: IngestReport) -> Iterator[tuple[str, str]]:
    log, customers, articles = report.log, report.customers, report.articles
    yield "days", f"{log.first_day} to {log.last_day}"
    yield "days without sales", f"{log.days_without_sales:,}"
    yield "rows", f"{log.rows:,}"
    share = log.duplicates / log.rows
    yield "rows that repeat customer, article and day", f"{log.duplicates:,} ({share:.1%})"
    yield "customers in the log", f"{customers.in_log:,}"
    yield "  of them without a row in customers", f"{customers.without_row:,}"
    yield "customers who never bought", f"{customers.not_in_log:,}"
    yield "articles in the log", f"{articles.in_log:,}"
    orphans = f"{articles.without_row:,} ({articles.rows_without_row:,} rows)"
    yield "  of them without a row in articles", orphans
    yield "articles never sold", f"{articles.not_in_log:,}"
