"""fashion-recsys synth."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from fashion_recsys.config import Synth
from fashion_recsys.console import say, show, show_json
from fashion_recsys.dataset import Dataset
from fashion_recsys.ingestion.ingest import ingest
from fashion_recsys.progress import progress_bars
from fashion_recsys.synth.facts import REAL, measure, render
from fashion_recsys.synth.generate import generate


def run(config: Synth) -> None:
    """Generate, and print the facts of the result."""
    with progress_bars() as progress, tempfile.TemporaryDirectory() as scratch:
        generate(
            config.out,
            customers=config.customers,
            articles=config.articles,
            days=config.days,
            seed=config.seed,
            progress=progress,
        )
        # Measured on the files as written, through the same door as real data.
        ingest(config.out, Path(scratch) / "data", progress=progress)
        facts = measure(Dataset.open(Path(scratch) / "data"))
    if config.json:
        show_json({"generated": asdict(facts), "real": asdict(REAL)})
    else:
        show(render(facts))
        say(f"\nWritten to {config.out}. Next: fashion-recsys ingest {config.out} --out data/synth")
