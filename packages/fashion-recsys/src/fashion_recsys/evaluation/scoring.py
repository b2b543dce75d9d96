"""From the collected arrays to the figures of a ledger.

Every figure of a group is a ratio of two sums over its customers, so each group makes one call of
``resample`` and all its differences are paired.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, RANK
from fashion_recsys.errors import SettingError
from fashion_recsys.evaluation.bootstrap import Resampled, Vector, resample
from fashion_recsys.evaluation.collected import LIST_K, Collected
from fashion_recsys.evaluation.ledger import (
    BEST_SELLERS,
    IN_TURN,
    METRICS,
    RANKED,
    GroupSize,
    Ledger,
    ListScore,
    PoolScore,
    Retrieval,
    SourceUse,
)
from fashion_recsys.evaluation.metrics import list_measures
from fashion_recsys.evaluation.period import CUSTOMER_GROUPS, Mask

RECALL_KS = (12, 50, 100, 200, 300, 500, 1000)

Figures = Mapping[Hashable, Resampled]


@dataclass(frozen=True)
class _Question:
    """What a ledger asks for."""

    sources: tuple[str, ...]
    final: str
    retrained: Mapping[str, str]
    ks: tuple[int, ...]


def make_ledger(
    collected: Collected,
    sources: Sequence[str],
    final: str,
    *,
    retrained: Mapping[str, str],
    ks: Sequence[int],
    seed: int,
    replicates: int,
) -> Ledger:
    """Return the ledger of what was collected; the arguments are those of ``LedgerBuilder``."""
    for name in (final, *retrained.values()):
        if ("final", name) not in collected.ranks:
            known = sorted(str(key[1]) for key in _keys(collected, "final"))
            raise SettingError(f"expected the list {name!r} to be added, found {known}")
    question = _Question(tuple(sources), final, retrained, tuple(ks))
    parts = []
    for name, mask in collected.period.groups().items():
        group = _Group(name, mask, collected, question)
        parts.append((group, resample(dict(group.ratios()), seed=seed, replicates=replicates)))
    return Ledger(
        collected.period.as_of,
        collected.period.test_end,
        final,
        groups=tuple(group.size() for group, _ in parts),
        retrieval=tuple(row for group, figures in parts for row in group.retrieval(figures)),
        pool=tuple(row for group, figures in parts for row in group.pool(figures)),
        sources=tuple(row for group, figures in parts for row in group.sources(figures)),
        lists=tuple(row for group, figures in parts for row in group.lists(figures)),
    )


def _keys(collected: Collected, kind: str) -> list[tuple[str, str]]:
    return [key for key in collected.ranks if isinstance(key, tuple) and key[0] == kind]


class _Group:
    """The purchases of one group: first the sums per customer, then the rows of the ledger."""

    def __init__(self, name: str, mask: Mask, collected: Collected, question: _Question) -> None:
        self.name = name
        self._mask = mask
        self._collected = collected
        self._ask = question
        self._places, owner = np.unique(collected.owner[mask], return_inverse=True)
        self._owner: npt.NDArray[np.int64] = owner.astype(np.int64)
        self._n = len(self._places)
        self._pairs = self._per_customer(np.ones(len(owner), np.bool_))
        self._one = np.ones(self._n)
        self._pooled = {
            source: self._rank(("pool", source)) > 0
            for source in question.sources
            if ("pool", source) in collected.ranks
        }
        own_lists = {key[1]: key for key in _keys(collected, "list")}
        self._candidates = {source: ("pool", source) for source in self._pooled} | own_lists

    def size(self) -> GroupSize:
        """Return the numbers of customers and purchases."""
        return GroupSize(self.name, self._n, len(self._owner))

    def ratios(self) -> Iterator[tuple[Hashable, tuple[Vector, Vector]]]:
        """Yield every figure as (key, (numerator, denominator) per customer)."""
        for name, key in self._candidates.items():
            rank = self._rank(key)
            for k in self._ask.ks:
                hit = (rank > 0) & (rank <= k)
                yield ("recall", name, k), (self._per_customer(hit), self._pairs)
        for _, name in _keys(self._collected, "final"):
            for metric, values in self._measures(name).items():
                bottom = self._pairs if metric == "recall" else self._one
                yield (metric, name), (values, bottom)
        if self._pooled:
            for without in (None, *self._pooled):
                found = self._per_customer(self._found(without))
                oracle = np.minimum(found, LIST_K) / np.minimum(self._pairs, LIST_K)
                yield ("pool", without), (found, self._pairs)
                yield ("oracle", without), (oracle, self._one)

    def retrieval(self, figures: Figures) -> Iterator[Retrieval]:
        """Yield recall@K of every list of candidates, best sellers first, the ranked pool last."""
        names = self._candidates
        order = {BEST_SELLERS: 0, IN_TURN: 2, RANKED: 3}
        for name in sorted(names, key=lambda name: order.get(name, 1)):
            recall = {k: figures["recall", name, k] for k in self._ask.ks}
            gain, ratio = {}, {}
            if BEST_SELLERS in names and name != BEST_SELLERS:
                for k, figure in recall.items():
                    best = figures["recall", BEST_SELLERS, k]
                    gain[k] = (figure - best).estimate()
                    ratio[k] = figure.value / best.value if best.value else None
            plain = {k: figure.estimate() for k, figure in recall.items()}
            yield Retrieval(name, self.name, plain, gain, ratio)

    def pool(self, figures: Figures) -> Iterator[PoolScore]:
        """Yield the score of the pool, if one was added."""
        if self._pooled:
            whole, oracle = figures["pool", None], figures["oracle", None]
            per_customer = self._mean_size(("pool",))
            yield PoolScore(self.name, per_customer, whole.estimate(), oracle.estimate())

    def sources(self, figures: Figures) -> Iterator[SourceUse]:
        """Yield what each source brings to the pool."""
        for source, mine in self._pooled.items():
            made = self._ask.retrained.get(source)
            loss = figures["map", self._ask.final] - figures["map", made] if made else None
            yield SourceUse(
                source,
                self.name,
                per_customer=self._mean_size(("pool", source)),
                only_per_customer=self._mean_size(("only", source)),
                found=int(mine.sum()),
                found_only=int((mine & ~self._found(source)).sum()),
                recall_loss=(figures["pool", None] - figures["pool", source]).estimate(),
                oracle_loss=(figures["oracle", None] - figures["oracle", source]).estimate(),
                map_loss=loss.estimate() if loss else None,
            )

    def lists(self, figures: Figures) -> Iterator[ListScore]:
        """Yield the scores of the final list and of the baselines, in the order they were added."""
        final, retrained = self._ask.final, self._ask.retrained.values()
        for _, name in _keys(self._collected, "final"):
            if name in retrained:
                continue
            found = {metric: figures[metric, name] for metric in METRICS}
            gain = {metric: figures[metric, final] - figure for metric, figure in found.items()}
            yield ListScore(
                name,
                self.name,
                {metric: figure.estimate() for metric, figure in found.items()},
                {m: figure.estimate() for m, figure in gain.items()} if name != final else {},
                *self._breadth(name),
            )

    def _rank(self, key: Hashable) -> npt.NDArray[np.int64]:
        return self._collected.ranks[key][self._mask]

    def _per_customer(self, hit: Mask) -> Vector:
        return np.bincount(self._owner[hit], minlength=self._n).astype(np.float64)

    def _mean_size(self, key: Hashable) -> float:
        return float(self._collected.sizes[key][self._places].mean())

    def _found(self, without: str | None) -> Mask:
        """Return which purchases are in the pool of all sources but one."""
        found = np.zeros(len(self._owner), np.bool_)
        for source, proposed in self._pooled.items():
            if source != without:
                found |= proposed
        return found

    def _measures(self, name: str) -> dict[str, Vector]:
        """Return the metrics of a list of 12 per customer, (n,)."""
        truth = pl.DataFrame({CUSTOMER: self._owner})
        ranks = truth.with_columns(pl.Series(RANK, self._rank(("final", name))))
        hits = ranks.filter(pl.col(RANK) > 0).sort(CUSTOMER, RANK)
        found = list_measures(hits, truth.with_columns(pl.lit(0).alias(ARTICLE)), LIST_K)
        return {
            "map": found["average_precision"].to_numpy(),
            "ndcg": found["ndcg"].to_numpy(),
            "hit_rate": (found["hits"].to_numpy() > 0).astype(np.float64),
            "recall": found["hits"].to_numpy().astype(np.float64),
        }

    def _breadth(self, name: str) -> tuple[float | None, float | None]:
        """Return coverage and novelty of the lists of a group of customers."""
        if self.name not in CUSTOMER_GROUPS:
            return None, None
        rows = {"all": [0, 1], "cold": [0], "warm": [1]}[self.name]
        shown = self._collected.shown[name][rows].sum(axis=0)
        coverage = float((shown > 0).mean())
        if not shown.any():
            return coverage, None
        sales = np.maximum(self._collected.period.sales, 1)
        bits = -np.log2(sales / max(1, self._collected.period.sales.sum()))
        return coverage, float((shown * bits).sum() / shown.sum())
