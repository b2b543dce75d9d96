"""Evaluate: fit the sources before a day, and measure their lists on what was bought from then on.

Every ranking is measured for all customers of the test period, and for the warm ones, who have a
purchase in the training rows: the two differ by more than most models do from each other. Customers
pass in batches, so that memory is bounded by ``BATCH_ROWS`` candidates and not by their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from fashion_recsys.candidates.best_sellers import BestSellers
from fashion_recsys.candidates.fusion import in_turn
from fashion_recsys.candidates.own_purchases import OwnPurchases
from fashion_recsys.candidates.source import CandidateSource
from fashion_recsys.columns import CUSTOMER
from fashion_recsys.dataset import Dataset
from fashion_recsys.errors import SplitError, check_range
from fashion_recsys.evaluation.metrics import average_precision, find_hits, recall_at
from fashion_recsys.progress import Progress, silent
from fashion_recsys.split import TimeSplit

MAP_K = 12
RECALL_KS = (12, 100, 300, 500, 1000)
MAX_K = 1_000_000
BATCH_ROWS = 10_000_000


@dataclass(frozen=True)
class Ranking:
    """What is measured: one source, or several in turn, each filling up the one before."""

    sources: tuple[CandidateSource, ...]

    @property
    def name(self) -> str:
        """The names of the sources in their order."""
        return " + ".join(source.name for source in self.sources)


@dataclass(frozen=True)
class Score:
    """One ranking measured on one group of customers."""

    ranking: str
    group: str
    """``all``, or ``warm``: with a purchase in the training rows."""
    customers: int
    pairs: int
    """Distinct (customer, article) pairs to predict."""
    recall: dict[int, float]
    map_at_12: float


@dataclass(frozen=True)
class Evaluation:
    """All scores, and the days that they are about."""

    split: TimeSplit
    train_rows: int
    scores: tuple[Score, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; days are ISO dates."""
        plain = asdict(self)
        plain["split"] = {name: day.isoformat() for name, day in plain["split"].items()}
        return plain


def default_rankings() -> tuple[Ranking, ...]:
    """Return the rankings that need no training: the lists every model has to beat."""
    best_sellers, own = BestSellers(), OwnPurchases()
    return Ranking((best_sellers,)), Ranking((own,)), Ranking((own, best_sellers))


def evaluate(
    dataset: Dataset,
    split: TimeSplit,
    *,
    rankings: Sequence[Ranking] | None = None,
    ks: Sequence[int] = RECALL_KS,
    progress: Progress = silent,
) -> Evaluation:
    """Measure ``rankings`` on the test period of ``split``.

    Args:
        dataset: the data.
        split: which rows to train and to test on.
        rankings: what to measure; by default ``default_rankings()``.
        ks: list lengths of recall, each from 1 to ``MAX_K``.
        progress: told how far each step is.

    Raises:
        SettingError: a list length is out of range.
        SplitError: there is no training row or nothing to predict.
    """
    for k in ks or (0,):
        check_range(1, MAX_K, k=k)
    rankings = default_rankings() if rankings is None else rankings
    train, truth = split.train(dataset.log), split.test(dataset.log)
    train_rows = train.select(pl.len()).collect().item()
    if not train_rows:
        raise SplitError(f"no purchase from {split.train_start} to {split.train_end} to train on")
    warm = truth.lazy().join(train, on=CUSTOMER, how="semi").collect(engine="streaming")
    sources = {source.name: source for ranking in rankings for source in ranking.sources}
    for place, source in enumerate(sources.values()):
        source.fit(train, split.as_of)
        progress("fit sources", (place + 1) / len(sources))
    hits = _hits(rankings, truth, max(*ks, MAP_K), progress)
    scores = [
        _score(ranking.name, group, hits[ranking.name], pairs, ks)
        for group, pairs in (("all", truth), ("warm", warm))
        for ranking in rankings
        if pairs.height
    ]
    return Evaluation(split, train_rows, tuple(scores))


def _hits(
    rankings: Sequence[Ranking], truth: pl.DataFrame, k: int, progress: Progress
) -> dict[str, pl.DataFrame]:
    """Return the hits of every ranking among the first ``k``, over all customers of ``truth``."""
    batches = list(_batches(truth[CUSTOMER].unique().sort(), max(1, BATCH_ROWS // k)))
    found: dict[str, list[pl.DataFrame]] = {ranking.name: [] for ranking in rankings}
    for place, customers in enumerate(batches):
        tables = {
            source.name: source.candidates(customers, k)
            for ranking in rankings
            for source in ranking.sources
        }
        for ranking in rankings:
            lists = [tables[source.name] for source in ranking.sources]
            fused = lists[0] if len(lists) == 1 else in_turn(lists, k)
            found[ranking.name].append(find_hits(fused, truth))
        progress("measure", (place + 1) / len(batches))
    return {name: pl.concat(parts) for name, parts in found.items()}


def _batches(customers: pl.Series, size: int) -> Iterator[pl.Series]:
    for begin in range(0, len(customers), size):
        yield customers[begin : begin + size]


def _score(
    ranking: str, group: str, hits: pl.DataFrame, pairs: pl.DataFrame, ks: Sequence[int]
) -> Score:
    hits = hits.join(pairs, on=CUSTOMER, how="semi", maintain_order="left")
    precisions = average_precision(hits, pairs, MAP_K)
    return Score(
        ranking=ranking,
        group=group,
        customers=precisions.height,
        pairs=pairs.height,
        recall=recall_at(hits, pairs.height, ks),
        map_at_12=float(precisions["average_precision"].to_numpy().mean()),
    )
