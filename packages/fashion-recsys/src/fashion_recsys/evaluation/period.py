"""What a ledger measures against: the purchases of a test period and the groups they fall into.

A group is a set of (customer, article) pairs to predict, so that groups of customers (warm) and of
articles (never sold before) are measured by the same code. Within a group only its own pairs count
as hits, and only customers with such a pair are asked: a list's MAP on "new to the customer" tells
how well it does there while it also spends places on articles bought before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.candidates.source import before
from fashion_recsys.columns import ARTICLE, CUSTOMER
from fashion_recsys.errors import SettingError
from fashion_recsys.split import TimeSplit

Mask = npt.NDArray[np.bool_]

_WARM, _OWNED, _COLD_ARTICLE = (pl.col(name) for name in ("warm", "owned", "cold_article"))
_GROUPS: Mapping[str, tuple[str, pl.Expr]] = {
    "all": ("all customers with a purchase in the test period", pl.lit(value=True)),
    "warm": ("customers with a purchase in the days to learn from", _WARM),
    "cold": ("customers without a purchase in the days to learn from", ~_WARM),
    "new to customer": ("purchases of articles that the customer never bought before", ~_OWNED),
    "bought before": ("purchases of articles that the customer bought before", _OWNED),
    "warm, new to customer": ("of the warm customers: articles new to them", _WARM & ~_OWNED),
    "warm, bought before": ("of the warm customers: articles bought again", _WARM & _OWNED),
    "cold articles": ("purchases of articles that nobody bought before", _COLD_ARTICLE),
}
GROUPS = {name: meaning for name, (meaning, _) in _GROUPS.items()}
"""Name of every group -> what it holds."""
CUSTOMER_GROUPS = ("all", "warm", "cold")
"""The groups that hold all purchases of their customers."""


@dataclass(frozen=True)
class Period:
    """The purchases to predict in one test period.

    Attributes:
        as_of: first day of the test.
        test_end: last day of the test, inclusive.
        pairs: distinct purchases, sorted by customer and article: customer (u32), article (u32),
            and three flags: warm (the customer has a training row), owned (the customer bought the
            article before), cold_article (nobody did).
        sales: rows of every article before ``as_of``, (number of articles,).
    """

    as_of: date
    test_end: date
    pairs: pl.DataFrame
    sales: npt.NDArray[np.int64]

    @classmethod
    def of(cls, log: pl.LazyFrame, split: TimeSplit, n_articles: int) -> Self:
        """Read the test period of ``split`` from the log.

        Warm customers have a row in ``split.train(log)``. What was bought before is asked of the
        whole log before ``as_of``.

        Raises:
            SplitError: nobody bought anything in the test period.
            SettingError: the log names an article beyond ``n_articles``.
        """
        truth, past = split.test(log), before(log, split.as_of)
        counted = past.group_by(ARTICLE).agg(pl.len()).collect(engine="streaming")
        sold = int(pl.concat([counted[ARTICLE], truth[ARTICLE]]).to_numpy().max())
        if sold >= n_articles:
            raise SettingError(
                f"the log names article {sold}, expected less than the {n_articles:,} of the "
                "articles table; give the table that belongs to the log"
            )
        sales = np.zeros(n_articles, np.int64)
        sales[counted[ARTICLE].to_numpy()] = counted["len"].to_numpy()
        owned = past.select(CUSTOMER, ARTICLE).join(
            truth.lazy(), on=[CUSTOMER, ARTICLE], how="semi"
        )
        warm = split.train(log).select(CUSTOMER)
        warm = warm.join(truth.lazy(), on=CUSTOMER, how="semi").unique()
        pairs = truth.with_columns(
            _contained(truth.select(CUSTOMER), warm).alias("warm"),
            _contained(truth, owned.unique()).alias("owned"),
            pl.Series("cold_article", sales[truth[ARTICLE].to_numpy()] == 0),
        )
        return cls(split.as_of, split.test_end, pairs, sales)

    def groups(self) -> dict[str, Mask]:
        """Return the groups that have a purchase: name -> which rows of ``pairs``."""
        table = self.pairs.select(rule.alias(name) for name, (_, rule) in _GROUPS.items())
        masks = {name: table[name].to_numpy() for name in table.columns}
        return {name: mask for name, mask in masks.items() if mask.any()}


def _contained(rows: pl.DataFrame, table: pl.LazyFrame) -> pl.Series:
    """Return for each of ``rows`` whether it is in ``table``, which has each row once."""
    marked = table.with_columns(found=pl.lit(value=True)).collect(engine="streaming")
    joined = rows.join(marked, on=rows.columns, how="left", maintain_order="left")
    return joined["found"].is_not_null()
