"""The results of a run as a table for people."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from fashion_recsys.pipeline.stage import StageResult


def render(results: Sequence[StageResult]) -> Table:
    """Return one row per stage: what it cost when it ran, and its facts that are numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("status")
    for name in ("seconds", "CPU s", "peak MiB"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("facts")
    for result in results:
        table.add_row(
            result.stage,
            result.status,
            f"{result.seconds:,.1f}",
            f"{result.cpu_seconds:,.1f}",
            f"{result.peak_mib:,.0f}",
            ", ".join(_numbers(result)),
        )
    return table


def _numbers(result: StageResult) -> Iterator[str]:
    for name, value in result.facts.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield f"{value:,} {name}"
        elif isinstance(value, float):
            yield f"{name} {value:.4g}"
