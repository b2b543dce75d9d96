"""From a sparse matrix of scores, customers x articles, to ranked candidates.

Sorting all scores of all customers is what costs, so only the scores are sorted, as integers and
without their places, to find each row's k-th best; what is below it is dropped, and the few that
remain are put in order. Equal scores are ordered by article number.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from fashion_recsys.columns import ARTICLE, CANDIDATE_SCHEMA, CUSTOMER, RANK, SCORE

BATCH_CUSTOMERS = 1_000
_GROUP_COLUMNS = 64


def in_batches(
    customers: pl.Series,
    score: Callable[[npt.NDArray[np.uint32]], sparse.csr_matrix],
    k: int,
    *,
    size: int = BATCH_CUSTOMERS,
) -> pl.DataFrame:
    """Return the candidates of ``customers``, scored in batches so that memory is bounded.

    Args:
        customers: distinct customer numbers in any order.
        score: gives the matrix (B, articles) of positive scores of B customers.
        k: longest list wanted.
        size: customers per batch.
    """
    ordered = customers.alias(CUSTOMER).cast(CANDIDATE_SCHEMA[CUSTOMER]).sort().to_numpy()
    parts = [
        _candidates(batch, score(batch), k)
        for batch in (ordered[begin : begin + size] for begin in range(0, len(ordered), size))
    ]
    return pl.concat([pl.DataFrame(schema=CANDIDATE_SCHEMA), *parts])


def _candidates(
    customers: npt.NDArray[np.uint32], scores: sparse.csr_matrix, k: int
) -> pl.DataFrame:
    top = best_of_rows(scores, k)
    lengths = np.diff(top.indptr)
    rank = np.arange(top.nnz) - np.repeat(top.indptr[:-1], lengths) + 1
    columns = {
        CUSTOMER: np.repeat(customers, lengths),
        ARTICLE: top.indices.astype(np.uint32),
        RANK: rank.astype(np.uint32),
        SCORE: top.data.astype(np.float32),
    }
    return pl.DataFrame(columns, schema=CANDIDATE_SCHEMA)


def best_of_rows(scores: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """Return the ``k`` highest positive scores of each row, best first; ties by lower column."""
    lengths = np.diff(scores.indptr)
    rows = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
    # The bits of positive floats are ordered as the floats are.
    bits = np.ascontiguousarray(scores.data, np.float32).view(np.uint32)
    keys = (rows << np.uint64(32)) | (np.uint32(0xFFFFFFFF) - bits)
    if scores.nnz:
        last = scores.indptr[:-1] + np.minimum(k, np.maximum(lengths, 1)) - 1
        worst = np.sort(keys)[np.minimum(last, scores.nnz - 1)]
        kept = np.flatnonzero((keys <= np.repeat(worst, lengths)) & (scores.data > 0))
    else:
        kept = np.zeros(0, np.int64)
    order = kept[np.lexsort((scores.indices[kept], keys[kept]))]
    rows = rows[order].astype(np.int64)
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    order, rows = order[place < k], rows[place < k]
    begins = np.searchsorted(rows, np.arange(len(lengths) + 1))
    top = (scores.data[order].astype(np.float32), scores.indices[order], begins)
    return sparse.csr_matrix(top, shape=scores.shape)


def best_of_dense(scores: npt.NDArray[np.float32], k: int) -> sparse.csr_matrix:
    """Return the ``k`` highest positive scores of each row, best first; ties by lower column.

    The k-th highest of the maxima of groups of columns is no higher than the k-th highest score, so
    what is below it is dropped at the speed of reading; a partition of whole rows takes ten times
    as long.
    """
    rows, columns = scores.shape
    width = min(_GROUP_COLUMNS, columns // (4 * k))
    floor = np.zeros((rows, 1), np.float32)
    if width > 1:
        n_groups = columns // width
        groups = scores[:, : n_groups * width].reshape(rows, width, n_groups)
        floor = np.partition(groups.max(axis=1), n_groups - k, axis=1)[:, n_groups - k, None]
    kept = np.flatnonzero(scores >= np.maximum(floor, np.finfo(np.float32).tiny))
    begins = np.searchsorted(kept, np.arange(rows + 1) * columns)
    entries = (scores.ravel()[kept], kept % columns, begins)
    return best_of_rows(sparse.csr_matrix(entries, shape=scores.shape), k)
