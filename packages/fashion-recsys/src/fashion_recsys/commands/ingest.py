"""fashion-recsys ingest."""

from fashion_recsys.config import Ingest
from fashion_recsys.console import say, show, show_json
from fashion_recsys.ingestion.ingest import ingest
from fashion_recsys.ingestion.report import render
from fashion_recsys.ingestion.shop import ingest_log
from fashion_recsys.progress import progress_bars


def run(config: Ingest) -> None:
    """Ingest, and print the report."""
    read = ingest_log if config.source.suffix == ".toml" else ingest
    with progress_bars() as progress:
        report = read(
            config.source, config.out, max_bad_rows=config.max_bad_rows, progress=progress
        )
    if config.json:
        show_json(report.as_dict())
    else:
        show(render(report))
        say(f"Written to {config.out}. Next: fashion-recsys run --data {config.out}")
