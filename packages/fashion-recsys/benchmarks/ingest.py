"""Speed and memory of ingest beside a plain pandas read_csv + to_parquet, in one run.

    uv run --package fashion-recsys --group bench packages/fashion-recsys/benchmarks/ingest.py

Both read the same generated files, each in a process of its own, whose peak memory the kernel
reports. The two do not do the same: pandas parses and writes the columns as they are; ingest also
checks every value, numbers the ids, sorts by day, counts duplicates and orphans, and reports.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from fashion_recsys import generate

OURS = """
import sys
from pathlib import Path
from fashion_recsys import ingest
ingest(Path(sys.argv[1]), Path(sys.argv[2]))
"""

_PANDAS = """
import sys
from pathlib import Path
import pandas as pd
source, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir()
ids = {"article_id": str, "customer_id": str}
for name in ("articles", "customers", "transactions_train"):
    dates = ["t_dat"] if name == "transactions_train" else []
    table = pd.read_csv(source / f"{name}.csv.gz", dtype=ids, parse_dates=dates)
    table.to_parquet(out / f"{name}.parquet")
"""

_CUSTOMERS = 300_000
_ROWS_PER_CUSTOMER_AND_DAY = 0.0257


@dataclass(frozen=True)
class Benchmark:
    """Measure ingest beside pandas on a generated log."""

    rows: int = 5_000_000
    """About how many transactions to generate."""
    seed: int = 0
    """Seed of the generator."""


@dataclass(frozen=True)
class Measurement:
    """One process: wall time, time of all cores, peak memory and size of what it wrote."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    written_mib: float


def measure(code: str, source: Path, out: Path) -> Measurement:
    """Run ``code`` in a new process on ``source`` and ``out``."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, source, out])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    # Told, or Popen would complain of a process that nobody waited for.
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        sys.exit("the measured process failed; its message stands above")
    written = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    # Linux counts in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Measurement(seconds, cpu_seconds, usage.ru_maxrss / unit, written / 2**20)


def main(config: Benchmark) -> None:
    """Generate, measure both and print them side by side."""
    customers = min(_CUSTOMERS, config.rows)
    days = max(2, round(config.rows / customers / _ROWS_PER_CUSTOMER_AND_DAY))
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "raw"
        rows = generate(source, customers=customers, articles=105_542, days=days, seed=config.seed)
        ours = measure(OURS, source, Path(scratch) / "ours")
        pandas = measure(_PANDAS, source, Path(scratch) / "pandas")
    table = Table(title=f"{rows:,} transactions, {os.cpu_count()} cores", title_justify="left")
    for column in ("", "fashion-recsys ingest", "pandas", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    for name, here, peer in (
        ("seconds", ours.seconds, pandas.seconds),
        ("seconds of CPU", ours.cpu_seconds, pandas.cpu_seconds),
        ("rows per second", rows / ours.seconds, rows / pandas.seconds),
        ("peak memory, MiB", ours.peak_mib, pandas.peak_mib),
        ("Parquet written, MiB", ours.written_mib, pandas.written_mib),
    ):
        table.add_row(name, f"{here:,.1f}", f"{peer:,.1f}", f"{here / peer:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(Benchmark, description=__doc__))
