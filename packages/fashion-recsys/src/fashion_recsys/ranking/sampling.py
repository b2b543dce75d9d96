"""What the ranker learns from: a pool, labelled with what came true, and fewer negatives.

A pool holds some 300 candidates per customer and one or two of them come true, so all of them would
be 99.5% negatives. Customers without a positive teach a ranker nothing, whose loss compares
candidates of one customer; they are left out whole. Of the rest, the positives stay and a fixed
number of negatives is drawn uniformly from the customer's own pool.

Drawing within the customer is what keeps a sample from leaking its labels. Were negatives drawn
from other days or other customers than positives, then a date or a customer feature would separate
the two; so every list has both, and what is constant within a list tells nothing.
"""

import numpy as np
import polars as pl

from fashion_recsys.columns import ARTICLE, CUSTOMER, LABEL
from fashion_recsys.errors import check_range

_DRAW = "__draw"


def label_pool(pool: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return the pool, in the same order, with ``label`` (u8): 1 where the pair came true.

    Args:
        pool: customer, article and more; each pair once.
        truth: distinct (customer, article) pairs that were bought.
    """
    bought = truth.select(CUSTOMER, ARTICLE, pl.lit(1, dtype=pl.UInt8).alias(LABEL))
    labelled = pool.join(bought, on=[CUSTOMER, ARTICLE], how="left", maintain_order="left")
    return labelled.with_columns(pl.col(LABEL).fill_null(0))


def sample_negatives(
    labelled: pl.DataFrame, negatives_per_customer: int, *, seed: int
) -> pl.DataFrame:
    """Return all positives and some negatives of every customer who has a positive.

    Args:
        labelled: customer, article, label and more, as ``label_pool`` gives it.
        negatives_per_customer: most negatives to keep per customer, at least 1.
        seed: of the draw; the same seed and rows give the same sample.

    Returns:
        The rows that were kept, in the same order.

    Raises:
        SettingError: ``negatives_per_customer`` is not positive.
    """
    check_range(1, negatives_per_customer=negatives_per_customer)
    useful = labelled.filter(pl.col(LABEL).max().over(CUSTOMER) > 0)
    # One draw per row, whatever its label: the labels decide only who stays.
    draws = np.random.default_rng(seed).random(useful.height)
    drawn = useful.with_columns(pl.Series(_DRAW, draws))
    place = pl.col(_DRAW).rank("ordinal").over(CUSTOMER, LABEL)
    kept = drawn.filter((pl.col(LABEL) > 0) | (place <= negatives_per_customer))
    return kept.drop(_DRAW)
