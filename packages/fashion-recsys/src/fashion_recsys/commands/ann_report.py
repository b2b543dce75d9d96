"""fashion-recsys ann-report."""

import numpy as np

from fashion_recsys.ann.index import Vectors
from fashion_recsys.ann.report import clustered_vectors, measure_indexes, render
from fashion_recsys.config import AnnReport
from fashion_recsys.console import show, show_json
from fashion_recsys.errors import check_range
from fashion_recsys.progress import progress_bars
from fashion_recsys.stages.finished import latest_vectors
from fashion_recsys.two_tower.vectors import SavedVectors

_DIM = 64
_QUERIES = 500


def run(config: AnnReport) -> None:
    """Measure every kind of index, and print which to take."""
    vectors, queries = _vectors(config)
    with progress_bars() as progress:
        report = measure_indexes(
            vectors,
            queries,
            k=config.k,
            target_recall=config.target_recall,
            threads=config.threads,
            progress=progress,
        )
    if config.json:
        show_json(report.as_dict())
    else:
        show(render(report))


def _vectors(config: AnnReport) -> tuple[Vectors, Vectors]:
    """Return the vectors to search and some queries: of a run, or random ones."""
    check_range(0, seed=config.seed)
    if config.run is None:
        check_range(1, articles=config.articles)
        both = clustered_vectors(config.articles + _QUERIES, _DIM, seed=config.seed)
        return both[_QUERIES:], both[:_QUERIES]
    saved = SavedVectors.open(latest_vectors(config.run))
    rng = np.random.default_rng(config.seed)
    some = rng.permutation(len(saved.customers))[:_QUERIES]
    return np.array(saved.articles), np.array(saved.customers[np.sort(some)])
