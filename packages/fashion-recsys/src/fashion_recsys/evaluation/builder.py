"""Collect what a ledger needs, batch by batch.

75,000 customers x 1,000 candidates x 8 sources do not fit into memory, but only hits matter: for
each list we keep the rank it gave to every purchase to predict, an array of P numbers (P = 28,800
on an H&M day), and throw the batch away. Beside them stay the candidates per customer, and for
lists of 12 how often each article was shown. So a builder of a Kaggle week holds some 100 MB
however many candidates pass through it, and builders that saw different customers can be merged in
any order.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, RANK, rank_column
from fashion_recsys.errors import SettingError
from fashion_recsys.evaluation.bootstrap import REPLICATES
from fashion_recsys.evaluation.collected import LIST_K, Collected
from fashion_recsys.evaluation.ledger import IN_TURN, RANKED, Ledger
from fashion_recsys.evaluation.period import Period
from fashion_recsys.evaluation.scoring import RECALL_KS, make_ledger

_PAIR = "__pair"
_PLACE = "__place"


class LedgerBuilder:
    """Takes candidates and lists in batches of customers and makes the ledger of a period.

    Customers without a purchase in the test period may be in the tables; they are left out. A
    customer's rows of one table must come in one batch.
    """

    def __init__(self, period: Period, sources: Sequence[str]) -> None:
        """Begin the ledger of ``period``; ``sources`` are the names of the pool's sources."""
        self.sources = tuple(sources)
        self._owners, owner = np.unique(period.pairs[CUSTOMER].to_numpy(), return_inverse=True)
        self._truth = period.pairs.select(CUSTOMER, ARTICLE).with_row_index(_PAIR)
        self._customers = pl.DataFrame({CUSTOMER: self._owners}).with_row_index(_PLACE)
        self.collected = Collected(period, owner, len(self._owners))

    def add_source(self, name: str, candidates: pl.DataFrame) -> None:
        """Add a batch of a source's own list, as deep as recall is wanted.

        Without it the source is measured by its ranks in the pool: right up to its budget there,
        and flat beyond.

        Args:
            name: name of the source.
            candidates: customer, article, rank (from 1); each pair once.
        """
        self.collected.keep(("list", name), *self._hits(candidates))
        self.collected.count(("list", name), *self._sizes(candidates))

    def add_pool(self, pool: pl.DataFrame) -> None:
        """Add a batch of the pool.

        Args:
            pool: customer, article, and ``rank_column(source)`` of every source, null where the
                source did not propose the pair; each pair once.
        """
        columns = [rank_column(source) for source in self.sources]
        pool = pool.select(CUSTOMER, ARTICLE, *columns)
        pool = pool.join(self._customers, on=CUSTOMER, how="inner", maintain_order="left")
        hits = pool.join(self._truth, on=[CUSTOMER, ARTICLE], how="inner")
        self.collected.count(("pool",), *self._sizes(pool))
        alone = pl.sum_horizontal(pl.col(columns).is_not_null()) == 1
        for source, column in zip(self.sources, columns, strict=True):
            proposed = hits.filter(pl.col(column).is_not_null())
            self.collected.keep(("pool", source), proposed[_PAIR], proposed[column])
            here = pl.col(column).is_not_null()
            self.collected.count(("pool", source), *self._sizes(pool, here))
            self.collected.count(("only", source), *self._sizes(pool, here & alone))
        self.collected.keep(("list", IN_TURN), hits[_PAIR], _rank_in_turn(pool, hits, columns))

    def add_ranked(self, ranked: pl.DataFrame) -> None:
        """Add a batch of the whole pool in the ranker's order: customer, article, rank."""
        self.add_source(RANKED, ranked)

    def add_list(self, name: str, lists: pl.DataFrame) -> None:
        """Add a batch of lists for customers: the final one, a baseline, one without a source.

        Args:
            name: name of the list.
            lists: customer, article, rank (from 1); each pair once; beyond 12 ignored.
        """
        top = lists.filter(pl.col(RANK) <= LIST_K)
        top = top.join(self._customers, on=CUSTOMER, how="inner")
        self.collected.keep(("final", name), *self._hits(top))
        self.collected.count(("final", name), *self._sizes(top))
        self.collected.show(name, top[_PLACE], top[ARTICLE])

    def merge(self, other: "LedgerBuilder") -> None:
        """Take over what ``other`` collected about other customers of the same period.

        Raises:
            SettingError: the builders are about different periods or sources, or saw the same
                customer.
        """
        if self.sources != other.sources:
            raise SettingError(
                f"expected builders of the same sources, found {self.sources} and {other.sources}"
            )
        self.collected.merge(other.collected)

    def ledger(
        self,
        final: str,
        *,
        retrained: Mapping[str, str] | None = None,
        ks: Sequence[int] = RECALL_KS,
        seed: int = 0,
        replicates: int = REPLICATES,
    ) -> Ledger:
        """Return the ledger of all that was added.

        Args:
            final: name of the final list; every other list is compared with it.
            retrained: source -> name of the list that was ranked without it.
            ks: list lengths of recall.
            seed: of the bootstrap.
            replicates: of the bootstrap.

        Raises:
            SettingError: a list of that name was not added.
        """
        return make_ledger(
            self.collected,
            self.sources,
            final,
            retrained=retrained or {},
            ks=ks,
            seed=seed,
            replicates=replicates,
        )

    def _hits(self, table: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Return (pair, rank) of the purchases that are in the table."""
        hits = self._truth.join(table, on=[CUSTOMER, ARTICLE], how="inner")
        return hits[_PAIR], hits[RANK]

    def _sizes(
        self, table: pl.DataFrame, where: pl.Expr | None = None
    ) -> tuple[pl.Series, pl.Series]:
        """Return (place of the customer, number of rows) of the customers of the test."""
        rows = table.lazy() if where is None else table.lazy().filter(where)
        sizes = rows.group_by(CUSTOMER).agg(pl.len())
        sizes = self._customers.lazy().join(sizes, on=CUSTOMER, how="inner")
        found = sizes.collect()
        return found[_PLACE], found["len"]


def _rank_in_turn(
    pool: pl.DataFrame, hits: pl.DataFrame, columns: list[str]
) -> npt.NDArray[np.uint64]:
    """Return the ranks of ``hits`` when the sources take turns within each customer's pool.

    Candidates are ordered by their best rank, equal ones by the order of the sources. Customer,
    rank and source are packed into one number, so that one sort of numbers orders the batch.
    """
    key = _turn_keys(pool, columns)
    key.sort()
    wanted = _turn_keys(hits, columns)
    first = np.searchsorted(key, wanted & ~np.uint64(2**32 - 1))
    return np.searchsorted(key, wanted).astype(np.uint64) - first.astype(np.uint64) + np.uint64(1)


def _turn_keys(pool: pl.DataFrame, columns: list[str]) -> npt.NDArray[np.uint64]:
    best = pl.min_horizontal(columns)
    source = pl.coalesce(
        pl.when(pl.col(column) == best).then(pl.lit(place, pl.UInt64))
        for place, column in enumerate(columns)
    )
    packed = pl.col(_PLACE).cast(pl.UInt64) * 2**32 + best.cast(pl.UInt64) * 2**8 + source
    return pool.select(packed).to_series().to_numpy(writable=True)
