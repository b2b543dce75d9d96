"""Turn the transactions into a log of integers in order of time, in two bounded passes.

1. ``spill``: every block of the CSV becomes a small Parquet file of codes; the days are counted.
2. ``write_ordered``: days are taken together to parts of about two million rows, and each part is
   read back, sorted by day (rows of one day keep the file's order), given its final numbers and
   written. A duplicate is two rows of one day, so it is counted inside a part, exactly.

Memory holds one block or one part, and one number per customer and article, whatever the length of
the log; the file need not be in order. A log that is in order costs one read of the spill in all,
since Parquet's statistics let each part skip the other files; a shuffled one costs a read per part.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from fashion_recsys.columns import ARTICLE, ARTICLE_ID, CUSTOMER, CUSTOMER_ID, DATE, LOG_SCHEMA
from fashion_recsys.ingestion.id_map import Codes, IdMap
from fashion_recsys.progress import Progress

PART_ROWS = 2_000_000


@dataclass
class LogFacts:
    """What the second pass learns about the log, by final numbers."""

    customer_rows: Codes
    """Rows of each customer."""
    article_rows: Codes
    """Rows of each article."""
    duplicates: int = 0
    """Rows beyond the first of the same customer, article and day."""


def spill(
    blocks: Iterator[pl.DataFrame], customers: IdMap, articles: IdMap, folder: Path
) -> Counter[date]:
    """Write each block with codes instead of ids; return the number of rows of every day."""
    folder.mkdir()
    days: Counter[date] = Counter()
    for number, block in enumerate(blocks):
        coded = block.with_columns(
            customers.encode(block[CUSTOMER_ID]).alias(CUSTOMER),
            articles.encode(block[ARTICLE_ID]).alias(ARTICLE),
        ).select(LOG_SCHEMA.names())
        days.update(dict(coded.group_by(DATE).len().iter_rows()))
        coded.write_parquet(folder / f"{number:06d}.parquet", compression="lz4")
    return days


def write_ordered(
    spilled: Path,
    folder: Path,
    days: Counter[date],
    customers: IdMap,
    articles: IdMap,
    *,
    progress: Progress,
) -> LogFacts:
    """Write the spilled rows in order of time with final numbers, one file per part."""
    folder.mkdir()
    customer_ranks, article_ranks = customers.ranks(), articles.ranks()
    facts = LogFacts(
        np.zeros(len(customer_ranks), dtype=np.uint32),
        np.zeros(len(article_ranks), dtype=np.uint32),
    )
    parts = list(parts_of_days(days))
    rows = pl.scan_parquet(sorted(spilled.iterdir()), glob=False)
    for number, (first, last) in enumerate(parts):
        part = rows.filter(pl.col(DATE).is_between(first, last)).collect()
        part = part.sort(DATE, maintain_order=True)
        part = part.with_columns(
            pl.Series(CUSTOMER, customer_ranks[part[CUSTOMER].to_numpy()]),
            pl.Series(ARTICLE, article_ranks[part[ARTICLE].to_numpy()]),
        )
        _count(part, facts)
        part.write_parquet(folder / f"{number:06d}.parquet")
        progress("write transactions", (number + 1) / len(parts))
    return facts


def parts_of_days(days: Counter[date], part_rows: int = PART_ROWS) -> Iterator[tuple[date, date]]:
    """Yield (first day, last day) of consecutive parts with at most ``part_rows`` rows each.

    A single day with more rows is a part by itself.
    """
    first = last = None
    rows = 0
    for day in sorted(days):
        if first is not None and last is not None and rows + days[day] > part_rows:
            yield first, last
            first, rows = None, 0
        first = first or day
        last = day
        rows += days[day]
    if first is not None and last is not None:
        yield first, last


def _count(part: pl.DataFrame, facts: LogFacts) -> None:
    facts.customer_rows += _rows_of(part[CUSTOMER], len(facts.customer_rows))
    facts.article_rows += _rows_of(part[ARTICLE], len(facts.article_rows))
    # One number per (day, customer, article): five times as fast to count as three columns.
    day = pl.col(DATE).to_physical() - pl.col(DATE).to_physical().min()
    pair = day.cast(pl.UInt64) * len(facts.customer_rows) + pl.col(CUSTOMER)
    distinct = part.select(pair * len(facts.article_rows) + pl.col(ARTICLE)).n_unique()
    facts.duplicates += part.height - distinct


def _rows_of(numbers: pl.Series, n: int) -> Codes:
    return np.bincount(numbers.to_numpy(), minlength=n).astype(np.uint32)
