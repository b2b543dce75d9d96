"""Put the lists of several sources together into one.

Scores of different sources do not compare, so both ways use ranks. ``in_turn`` trusts one source
before the next. Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009) lets them vote, and is the
order of a pool before a ranker has learned a better one.
"""

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
import polars as pl

from fashion_recsys.columns import (
    ARTICLE,
    CANDIDATE_SCHEMA,
    CUSTOMER,
    RANK,
    RANK_PREFIX,
    SCORE,
    rank_column,
)

RRF_CONSTANT = 60
"""The constant of the paper: how much the first ranks differ from those after them."""
_OFFSET = "__offset"


def in_turn(lists: Sequence[pl.DataFrame], k: int) -> pl.DataFrame:
    """Return the first list, then what the second adds to it, and so on, cut at ``k``.

    Args:
        lists: candidate tables (customer, article, rank, score) as sources give them, that is
            sorted by customer and rank; the most trusted first.
        k: longest list wanted.

    Returns:
        A candidate table, its rows in any order. Scores of different sources do not compare, so
        the score is minus the new rank.
    """
    fused = reduce(_append, lists).filter(pl.col(RANK) <= k)
    score = (-pl.col(RANK).cast(pl.Float32)).alias(SCORE)
    return fused.with_columns(score).select(CANDIDATE_SCHEMA.names())


def fuse(pool: pl.DataFrame, weights: Mapping[str, float] | None = None) -> pl.DataFrame:
    """Order a pool by reciprocal rank fusion.

    score = sum over the sources that proposed the article of weight / (60 + rank).

    Args:
        pool: a table of ``CandidatePool.candidates``.
        weights: of sources by name; 1 for those not named.

    Returns:
        A candidate table of all pairs, sorted by customer and rank; ties by article number.
    """
    named = {rank_column(name): weight for name, weight in (weights or {}).items()}
    ranks = [name for name in pool.columns if name.startswith(RANK_PREFIX)]
    votes = [
        named.get(name, 1.0) / (RRF_CONSTANT + pl.col(name).cast(pl.Float64)) for name in ranks
    ]
    scored = pool.select(CUSTOMER, ARTICLE, pl.sum_horizontal(votes).alias(SCORE))
    ordered = scored.sort(CUSTOMER, SCORE, ARTICLE, descending=[False, True, False])
    rank = pl.Series(RANK, _places_in_runs(ordered[CUSTOMER]))
    return ordered.with_columns(rank).select(CANDIDATE_SCHEMA.names()).cast(CANDIDATE_SCHEMA)


def _append(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Append to each customer's first list the articles of the second that it lacks.

    The second list is long and sorted, so ranks are counted along it instead of sorting both: for
    10M rows 0.7 s instead of 4.5 s.
    """
    added = second.join(first, on=[CUSTOMER, ARTICLE], how="anti", maintain_order="left")
    lengths = first.group_by(CUSTOMER).agg(pl.col(RANK).max().alias(_OFFSET))
    added = added.join(lengths, on=CUSTOMER, how="left", maintain_order="left")
    place = pl.Series(_places_in_runs(added[CUSTOMER]), dtype=pl.UInt32)
    rank = place + pl.col(_OFFSET).fill_null(0)
    return pl.concat([first, added.with_columns(rank.alias(RANK)).drop(_OFFSET)])


def _places_in_runs(values: pl.Series) -> npt.NDArray[np.int64]:
    """Return 1, 2, 3, ... along each run of equal values."""
    numbers = values.to_numpy().astype(np.int64)
    begins = np.flatnonzero(np.diff(numbers, prepend=-1))
    lengths = np.diff(begins, append=len(numbers))
    return np.arange(1, len(numbers) + 1) - np.repeat(begins, lengths)
