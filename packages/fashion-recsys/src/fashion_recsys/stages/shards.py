"""Customers in shards: what a stage holds in memory is one shard, whatever their number."""

from collections.abc import Iterator

import polars as pl

SHARD_CUSTOMERS = 10_000
"""Customers at a time: 10,000 with 500 candidates and 90 columns of 4 bytes take 2 GB."""


def shards(customers: pl.Series, size: int = SHARD_CUSTOMERS) -> Iterator[pl.Series]:
    """Cut customers into shards."""
    for begin in range(0, len(customers), size):
        yield customers[begin : begin + size]
