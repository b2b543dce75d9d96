r"""Recall of the two-tower model beside best sellers and ALS, in one run on the same customers.

    uv run --package fashion-recsys --group bench packages/fashion-recsys/benchmarks/retrieval.py \
        --data data/hm --test-day 2020-09-20 2020-09-21

All three learn from the log before the test day and are asked for 1,000 articles of each warm
customer, one who bought in the days right before. ALS is that of the package ``implicit``, on the
counts of the last week's purchases, with the confidence that was best on 20 September (on the whole
log it is far below the best sellers). New pairs are those of articles that the customer had never
bought. Each model runs in a process of its own, as PyTorch, FAISS and implicit bring different
OpenMP runtimes.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tyro
from rich.console import Console
from rich.table import Table

from fashion_recsys import BestSellers, Dataset, TimeSplit
from fashion_recsys.candidates.best_sellers import WINDOW_DAYS
from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, DATE, RANK, SCORE
from fashion_recsys.evaluation.metrics import find_hits, recall_at
from fashion_recsys.two_tower.settings import TwoTowerSettings

KS = (100, 300, 500, 1000)
_ALS_FACTORS = 32
_ALS_CONFIDENCE = 20.0
"""Weight of a purchase beside a pair that was not bought; 10 to 40 give nearly the same."""
_NEW = "__new"


@dataclass(frozen=True)
class Benchmark:
    """Measure candidate lists of warm customers."""

    data: Path = Path("data/hm")
    """Folder that ingest wrote."""
    test_day: tuple[date, ...] = ()
    """Days to test on, each by itself; by default the log's last."""
    warm_days: int = 5
    """Warm customers bought in so many days before the last test day, or later."""
    seed: int = 0
    """Seed of ALS and of the two towers."""
    json: bool = False
    """Print JSON instead of a table."""
    two_tower: TwoTowerSettings = field(default_factory=TwoTowerSettings)
    """Settings of the two-tower model."""


@dataclass(frozen=True)
class Task:
    """What one process is asked for."""

    data: Path
    as_of: date
    customers: Path
    """Parquet with the customers to answer."""
    scratch: Path
    seed: int
    settings: TwoTowerSettings

    @property
    def wanted(self) -> pl.Series:
        """Customers to answer."""
        return pl.read_parquet(self.customers)[CUSTOMER]


@dataclass(frozen=True)
class Measurement:
    """One model on one day."""

    model: str
    test_day: str
    pairs: int
    new_pairs: int
    recall: dict[int, float]
    recall_new: dict[int, float]
    seconds: float
    """Learning and answering."""


def best_sellers(task: Task) -> pl.DataFrame:
    """Return the list of the last week's best sellers."""
    source = BestSellers().fit(Dataset.open(task.data).log, task.as_of)
    return source.candidates(task.wanted, max(KS))


def als(task: Task) -> pl.DataFrame:
    """Return the lists of implicit's ALS."""
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    week = pl.col(DATE) >= task.as_of - timedelta(days=WINDOW_DAYS)
    rows = before(Dataset.open(task.data).log, task.as_of).filter(week)
    counts = rows.group_by(CUSTOMER, ARTICLE).agg(pl.len().cast(pl.Float32)).collect()
    customers, articles, values = (counts[name].to_numpy() for name in counts.columns)
    matrix = csr_matrix((values, (customers, articles)))
    model = AlternatingLeastSquares(
        factors=_ALS_FACTORS,
        alpha=_ALS_CONFIDENCE,
        random_state=task.seed,
        num_threads=1,
        use_gpu=False,
    )
    model.fit(matrix, show_progress=False)
    wanted = task.wanted.sort().to_numpy()
    wanted = wanted[wanted < matrix.shape[0]]
    k = min(max(KS), matrix.shape[1])
    found, scores = model.recommend(wanted, matrix[wanted], N=k, filter_already_liked_items=False)
    table = {
        CUSTOMER: np.repeat(wanted, k),
        ARTICLE: found.ravel(),
        RANK: np.tile(np.arange(1, k + 1), len(wanted)),
        SCORE: scores.ravel(),
    }
    return pl.DataFrame(table).cast(CANDIDATE_SCHEMA)


def train(task: Task) -> None:
    """Train the two-tower model."""
    from fashion_recsys.two_tower.train import train_two_tower  # noqa: PLC0415

    dataset = Dataset.open(task.data)
    train_two_tower(
        dataset.log,
        task.as_of,
        dataset.articles.collect(),
        dataset.customers.collect(),
        settings=task.settings,
        out=task.scratch / "towers",
        seed=task.seed,
    )


def two_tower(task: Task) -> pl.DataFrame:
    """Return the lists of the trained two-tower model."""
    from fashion_recsys.candidates.two_tower import TwoTowerSource  # noqa: PLC0415

    source = TwoTowerSource.load(task.scratch / "towers")
    return source.fit(Dataset.open(task.data).log, task.as_of).candidates(task.wanted, max(KS))


MODELS: dict[str, tuple[Callable[[Task], Any], ...]] = {
    "best sellers": (best_sellers,),
    f"ALS of {_ALS_FACTORS} factors": (als,),
    "two-tower": (train, two_tower),
}


def warm_pairs(dataset: Dataset, as_of: date, warm_since: date) -> pl.DataFrame:
    """Return the warm customers' pairs of the day, and whether the article is new to them."""
    past = before(dataset.log, as_of)
    warm = past.filter(pl.col(DATE) >= warm_since).select(CUSTOMER).unique().collect()
    owned = past.select(CUSTOMER, ARTICLE).unique().with_columns(pl.lit(value=False).alias(_NEW))
    truth = TimeSplit(min(dataset.first_day, warm_since), as_of, as_of).test(dataset.log)
    pairs = truth.join(warm, on=CUSTOMER, how="semi")
    pairs = pairs.join(owned.collect(), on=[CUSTOMER, ARTICLE], how="left")
    return pairs.with_columns(pl.col(_NEW).fill_null(value=True))


def measure(task: Task, pairs: pl.DataFrame) -> list[Measurement]:
    """Run every model in its own processes and count what it finds."""
    new = pairs.filter(_NEW)
    measured = []
    for model, steps in MODELS.items():
        begin = time.perf_counter()
        for step in steps:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                candidates = pool.submit(step, task).result()
        seconds = time.perf_counter() - begin
        found = (recall_at(find_hits(candidates, p), max(p.height, 1), KS) for p in (pairs, new))
        counts = (pairs.height, new.height)
        measured.append(Measurement(model, str(task.as_of), *counts, *found, seconds))
    return measured


def run(config: Benchmark) -> list[Measurement]:
    """Measure all models on all test days."""
    dataset = Dataset.open(config.data)
    days = config.test_day or (dataset.last_day,)
    warm_since = max(days) - timedelta(days=config.warm_days)
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        task = Task(
            config.data, days[0], scratch / "customers.parquet", scratch, config.seed,
            config.two_tower,
        )  # fmt: skip
        for day in days:
            pairs = warm_pairs(dataset, day, warm_since)
            if pairs.is_empty():
                sys.exit(f"{day}: no warm customer bought anything; test another day")
            pairs.select(CUSTOMER).unique().write_parquet(task.customers)
            measured += measure(replace(task, as_of=day), pairs)
    return measured


def render(measured: list[Measurement]) -> Table:
    """Return the measurements as a table."""
    table = Table(title="Recall of warm customers' pairs", title_justify="left")
    table.add_column("test day")
    table.add_column("model")
    for group in ("all", "new"):
        for k in KS:
            table.add_column(f"{group} @{k}", justify="right")
    table.add_column("seconds", justify="right")
    for m in measured:
        shares = [f"{x:.3f}" for x in (*m.recall.values(), *m.recall_new.values())]
        table.add_row(m.test_day, m.model, *shares, f"{m.seconds:.1f}")
    return table


def main(config: Benchmark) -> None:
    """Measure and print."""
    measured = run(config)
    if config.json:
        sys.stdout.write(json.dumps([asdict(m) for m in measured], indent=2) + "\n")
    else:
        console = Console()
        console.width = max(console.width, 120)
        console.print(render(measured))


if __name__ == "__main__":
    main(tyro.cli(Benchmark, description=__doc__))
