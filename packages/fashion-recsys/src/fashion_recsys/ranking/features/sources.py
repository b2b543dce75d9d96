"""What the ranks of all sources say of a candidate together."""

from collections.abc import Iterator, Sequence

import polars as pl


def summary_of_ranks(ranks: Sequence[str]) -> Iterator[pl.Expr]:
    """Yield how many sources proposed the candidate, and its best rank among them (f32).

    Args:
        ranks: columns of the sources' ranks, null where a source did not propose it; at least one.
    """
    yield pl.sum_horizontal(pl.col(ranks).is_not_null()).cast(pl.Float32).alias("sources")
    yield pl.min_horizontal(ranks).cast(pl.Float32).alias("best_rank")
