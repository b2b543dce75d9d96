"""Ranking metrics, computed for all customers at once.

Only hits matter to recall and MAP, so a candidate table is first joined with the purchases to
predict: of 10M candidates some 10,000 remain, and everything after that is cheap.

Definitions:

- recall@K is micro-averaged: the share of all (customer, article) pairs to predict that are among
  the customers' first K candidates.
- MAP@K is the competition's: ``AP@K = 1/min(m, K) * sum over hits at rank r <= K of (hits up to
  r)/r`` with m the customer's number of distinct articles to predict, averaged over the customers
  who bought something. A customer without candidates counts with 0.
"""

from collections.abc import Sequence

import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, RANK


def find_hits(candidates: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return the candidates that came true.

    Args:
        candidates: customer, article, rank (from 1); each pair once.
        truth: distinct (customer, article) pairs.

    Returns:
        customer, rank; sorted by both.
    """
    hits = candidates.join(truth, on=[CUSTOMER, ARTICLE], how="semi")
    return hits.select(CUSTOMER, RANK).sort(CUSTOMER, RANK)


def recall_at(hits: pl.DataFrame, n_pairs: int, ks: Sequence[int]) -> dict[int, float]:
    """Return the share of ``n_pairs`` pairs that are hit among the first K, for every K."""
    return {k: hits.filter(pl.col(RANK) <= k).height / n_pairs for k in ks}


def average_precision(hits: pl.DataFrame, truth: pl.DataFrame, k: int) -> pl.DataFrame:
    """Return (customer, average_precision) at ``k`` for every customer of ``truth``."""
    precision = pl.int_range(1, pl.len() + 1).over(CUSTOMER) / pl.col(RANK)
    sums = (
        hits.filter(pl.col(RANK) <= k)
        .select(CUSTOMER, precision.alias("precision"))
        .group_by(CUSTOMER)
        .agg(pl.col("precision").sum())
    )
    sizes = truth.group_by(CUSTOMER).agg(pl.len().alias("size"))
    ideal = pl.min_horizontal("size", pl.lit(k))
    joined = sizes.join(sums, on=CUSTOMER, how="left").sort(CUSTOMER)
    return joined.select(
        CUSTOMER, (pl.col("precision").fill_null(0.0) / ideal).alias("average_precision")
    )
