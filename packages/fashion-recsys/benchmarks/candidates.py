"""Seconds, rows per second and peak memory of every candidate source and of the pool.

    uv run --package fashion-recsys packages/fashion-recsys/benchmarks/candidates.py --data DIR

Sources are fitted in their order on all days before ``--as-of``; the first that needs the recent
purchases reads them for all. Then each source and the pool are asked for the same customers, shard
by shard. Memory is the peak of the process since its start, so it only grows along the rows.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
import tyro
from rich import box
from rich.console import Console
from rich.table import Table

from fashion_recsys import Dataset
from fashion_recsys.candidates.defaults import default_sources
from fashion_recsys.candidates.pool import CandidatePool
from fashion_recsys.columns import CUSTOMER, DATE


@dataclass(frozen=True)
class Benchmark:
    """Measure the candidate sources on an ingested data set."""

    data: Path
    """Folder that 'fashion-recsys ingest' wrote."""
    as_of: str = ""
    """Day of the candidates, such as 2020-09-16; by default the last day of the log."""
    customers: int = 100_000
    """Customers to ask for: the first of those who bought before."""
    shard: int = 50_000
    """Customers asked for at once."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Measurement:
    """One step: wall time, time of all cores, rows made, peak memory of the process after it."""

    step: str
    seconds: float
    cpu_seconds: float
    rows: int
    peak_mib: float


def measure(step: str, work: Callable[[], object]) -> Measurement:
    """Run ``work``, which returns the number of rows that it made, if it makes any."""
    begin, cpu_begin = time.perf_counter(), time.process_time()
    made = work()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    # Linux counts in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    rows = made if isinstance(made, int) else 0
    return Measurement(step, seconds, cpu_seconds, rows, peak)


def ask(candidates: Callable[[pl.Series], pl.DataFrame], shards: list[pl.Series]) -> int:
    """Return the number of candidates of all shards; each table is dropped before the next."""
    return sum(candidates(shard).height for shard in shards)


def run(config: Benchmark) -> list[Measurement]:
    """Fit and ask every source of the default budgets, then ask the pool."""
    dataset = Dataset.open(config.data)
    as_of = date.fromisoformat(config.as_of) if config.as_of else dataset.last_day
    past = dataset.log.filter(pl.col(DATE) < as_of).select(CUSTOMER).unique()
    buyers = past.collect(engine="streaming")[CUSTOMER].sort().head(config.customers)
    shards = [buyers[begin : begin + config.shard] for begin in range(0, len(buyers), config.shard)]
    pool = CandidatePool(default_sources(dataset.articles.collect(), dataset.customers.collect()))
    found = []
    for source, _ in pool.budgets:
        fit = partial(source.fit, dataset.log, as_of)
        found.append(measure(f"fit {source.name}", fit))
    for source, budget in pool.budgets:
        candidates = partial(source.candidates, k=budget)
        found.append(measure(f"{source.name}, {budget}", partial(ask, candidates, shards)))
    return [*found, measure("pool", partial(ask, pool.candidates, shards))]


def main(config: Benchmark) -> None:
    """Measure and print."""
    found = run(config)
    if config.json:
        steps = [asdict(step) for step in found]
        sys.stdout.write(json.dumps({"cores": os.cpu_count(), "steps": steps}, indent=2) + "\n")
        return
    title = f"{config.customers:,} customers, {os.cpu_count()} cores"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for column in ("step", "seconds", "CPU seconds", "rows", "rows/s", "peak MiB"):
        table.add_column(column, justify="left" if column == "step" else "right", no_wrap=True)
    for step in found:
        made = (f"{step.rows:,}", f"{step.rows / step.seconds:,.0f}") if step.rows else ("", "")
        times = (f"{step.seconds:,.1f}", f"{step.cpu_seconds:,.1f}")
        table.add_row(step.step, *times, *made, f"{step.peak_mib:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(Benchmark, description=__doc__))
