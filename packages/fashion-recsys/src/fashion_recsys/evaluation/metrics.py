"""Ranking metrics, computed for all customers at once.

Only hits matter to recall and MAP, so a candidate table is first joined with the purchases to
predict: of 10M candidates some 10,000 remain, and everything after that is cheap.

Definitions:

- recall@K is micro-averaged: the share of all (customer, article) pairs to predict that are among
  the customers' first K candidates.
- MAP@K is the competition's: ``AP@K = 1/min(m, K) * sum over hits at rank r <= K of (hits up to
  r)/r`` with m the customer's number of distinct articles to predict, averaged over the customers
  who bought something. A customer without candidates counts with 0.
- NDCG@K has gain 1 for a hit and 0 otherwise: ``sum over hits at rank r <= K of 1/log2(r + 1)``
  divided by the same sum for min(m, K) hits at the ranks 1, 2, ... (Järvelin and Kekäläinen 2002,
  with the discount log2(r + 1) that is usual since Burges et al. 2005).
- hit rate@K is the share of customers with at least one hit among the first K.
"""

from collections.abc import Sequence

import numpy as np
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
    return list_measures(hits, truth, k).select(CUSTOMER, "average_precision")


def list_measures(hits: pl.DataFrame, truth: pl.DataFrame, k: int) -> pl.DataFrame:
    """Measure the first ``k`` places of every customer's list.

    Args:
        hits: customer, rank; sorted by both.
        truth: distinct (customer, article) pairs to predict.
        k: length of the lists.

    Returns:
        One row per customer of ``truth``, sorted: customer, pairs (to predict), hits,
        average_precision, ndcg.
    """
    precision = pl.int_range(1, pl.len() + 1).over(CUSTOMER) / pl.col(RANK)
    sums = (
        hits.filter(pl.col(RANK) <= k)
        .select(CUSTOMER, precision=precision, gain=_discount(pl.col(RANK)))
        .group_by(CUSTOMER)
        .agg(pl.len().alias("hits"), pl.col("precision", "gain").sum())
    )
    sizes = truth.group_by(CUSTOMER).agg(pl.len().alias("pairs"))
    joined = sizes.join(sums, on=CUSTOMER, how="left").sort(CUSTOMER)
    ideal = pl.min_horizontal("pairs", pl.lit(k))
    ideal_gains = pl.Series(np.cumsum(1 / np.log2(np.arange(2, k + 2))))
    return joined.with_columns(pl.col("hits", "precision", "gain").fill_null(0)).select(
        CUSTOMER,
        "pairs",
        "hits",
        average_precision=pl.col("precision") / ideal,
        ndcg=pl.col("gain") / pl.lit(ideal_gains).gather(ideal - 1),
    )


def _discount(rank: pl.Expr) -> pl.Expr:
    return 1 / (rank + 1).cast(pl.Float64).log(2)
