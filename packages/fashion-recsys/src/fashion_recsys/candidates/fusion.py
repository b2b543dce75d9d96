"""Put the lists of several sources together into one."""

from collections.abc import Sequence
from functools import reduce

import polars as pl

from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, RANK, SCORE

_FIRST = "__first"


def in_turn(lists: Sequence[pl.DataFrame], k: int) -> pl.DataFrame:
    """Return the first list, then what the second adds to it, and so on, cut at ``k``.

    Args:
        lists: candidate tables (customer, article, rank, score), the most trusted first.
        k: longest list wanted.

    Returns:
        A candidate table. Scores of different sources do not compare, so the score is minus the
        new rank.
    """
    fused = reduce(_append, lists)
    ranked = fused.filter(pl.col(RANK) <= k).with_columns(
        (-pl.col(RANK).cast(pl.Float32)).alias(SCORE)
    )
    return ranked.select(CANDIDATE_SCHEMA.names())


def _append(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Append to each customer's first list the articles of the second that it lacks.

    Only customers with a first list need work; for the many without history, ten million rows of
    best sellers pass untouched (0.6 s instead of the 2.5 s of sorting everything).
    """
    known = first.select(CUSTOMER).unique()
    untouched = second.join(known, on=CUSTOMER, how="anti")
    tail = second.join(known, on=CUSTOMER, how="semi")
    both = pl.concat(
        [
            first.with_columns(pl.lit(value=True).alias(_FIRST)),
            tail.with_columns(pl.lit(value=False).alias(_FIRST)),
        ]
    ).sort(CUSTOMER, _FIRST, RANK, descending=[False, True, False])
    distinct = both.unique([CUSTOMER, ARTICLE], keep="first", maintain_order=True)
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(CUSTOMER).alias(RANK)
    return pl.concat([distinct.with_columns(rank).drop(_FIRST), untouched])
