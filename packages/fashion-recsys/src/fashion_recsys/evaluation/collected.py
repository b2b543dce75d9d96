"""The arrays behind a ledger: ranks of the hits, sizes of the lists, how often articles are shown.

All arrays are dense over the purchases, customers or articles of the period, and 0 stands for
"nothing seen", so that two halves of the customers are merged by adding.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import CUSTOMER
from fashion_recsys.errors import SettingError
from fashion_recsys.evaluation.period import Period

LIST_K = 12
"""Places of a list that a customer sees."""

Counts = npt.NDArray[np.int64]


@dataclass(eq=False)
class Collected:
    """What was seen so far of P purchases of C customers, and of A articles.

    Keys: ("list", name) of a list of candidates, ("pool", source) and ("only", source) of the pool
    and what one source alone put there, ("pool",) of all of it, ("final", name) of a list of 12.
    """

    period: Period
    owner: Counts
    """Place of the customer of each purchase, (P,), from 0 to C - 1, ascending."""
    customers: int
    ranks: dict[Hashable, Counts] = field(default_factory=dict)
    """Rank of each purchase in a list, (P,); 0 where it is not in it."""
    sizes: dict[Hashable, Counts] = field(default_factory=dict)
    """Length of each customer's list, (C,)."""
    shown: dict[str, Counts] = field(default_factory=dict)
    """In how many lists of 12 each article stands, of cold and of warm customers, (2, A)."""

    def __post_init__(self) -> None:
        """Note which customers are warm."""
        self._warm = np.zeros(self.customers, np.int64)
        self._warm[self.owner] = self.period.pairs["warm"].to_numpy()

    def keep(
        self, key: Hashable, pairs: pl.Series, ranks: pl.Series | npt.NDArray[np.uint64]
    ) -> None:
        """Keep the ranks of some purchases."""
        array = self.ranks.setdefault(key, np.zeros(len(self.owner), np.int64))
        array[pairs.to_numpy()] = np.asarray(ranks)

    def count(self, key: Hashable, customers: pl.Series, sizes: pl.Series) -> None:
        """Note the lengths of some customers' lists.

        Raises:
            SettingError: one of them was noted before.
        """
        array = self.sizes.setdefault(key, np.zeros(self.customers, np.int64))
        places = customers.to_numpy()
        self._refuse_twice(key, places[array[places] > 0])
        array[places] = sizes.to_numpy()

    def show(self, name: str, customers: pl.Series, articles: pl.Series) -> None:
        """Count the articles in some customers' lists of 12."""
        n_articles = len(self.period.sales)
        array = self.shown.setdefault(name, np.zeros((2, n_articles), np.int64))
        places = self._warm[customers.to_numpy()] * n_articles + articles.to_numpy()
        array += np.bincount(places, minlength=2 * n_articles).reshape(2, n_articles)

    def merge(self, other: "Collected") -> None:
        """Add what ``other`` saw of other customers.

        Raises:
            SettingError: both saw the same customer, or they are about different periods.
        """
        if not self.period.pairs.equals(other.period.pairs):
            raise SettingError("expected builders of the same test period, found two periods")
        for key in self.sizes.keys() & other.sizes.keys():
            self._refuse_twice(key, np.flatnonzero(self.sizes[key] * other.sizes[key]))
        for mine, theirs in ((self.ranks, other.ranks), (self.sizes, other.sizes)):
            for key, array in theirs.items():
                mine[key] = mine[key] + array if key in mine else array.copy()
        for name, array in other.shown.items():
            self.shown[name] = self.shown[name] + array if name in self.shown else array.copy()

    def _refuse_twice(self, key: Hashable, places: Counts) -> None:
        if len(places):
            pair = int(np.searchsorted(self.owner, places[0]))
            customer = self.period.pairs[CUSTOMER][pair]
            raise SettingError(
                f"customer {customer} was added twice for {key}; add each customer in one batch"
            )
