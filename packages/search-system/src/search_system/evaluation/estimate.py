"""A mean over queries, with what chance could do to it.

The queries of a collection stand for the queries that users will ask: other queries of the same
kind would have given another mean. The standard error says how far off it typically is; the
interval is Student's t, which Urbano, Lima and Hanjalic (SIGIR 2019) find well calibrated for
rankings' measures even where they are far from normal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from search_system.evaluation.metrics import MEASURES, Metrics
from search_system.evaluation.student_t import quantile

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` queries, its standard error, and its 95% interval."""

    n: int
    mean: float
    standard_error: float | None
    """None of a single query, which says nothing about the spread; so are the bounds."""
    low: float | None
    high: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Return the estimate from one value for each query; there must be one at least."""
        n = len(values)
        mean = math.fsum(values) / n
        if n == 1:
            return cls(n, mean, None, None, None)
        squares = math.fsum((value - mean) ** 2 for value in values)
        error = math.sqrt(squares / (n - 1) / n)
        margin = quantile(CONFIDENCE, n - 1) * error
        return cls(n, mean, error, mean - margin, mean + margin)


def mean_metrics(metrics: Sequence[Metrics]) -> Metrics | None:
    """Return the mean of each measure, or None of no queries."""
    if not metrics:
        return None
    return Metrics(*(Estimate.of([getattr(m, name) for m in metrics]).mean for name in MEASURES))


def standard_errors(metrics: Sequence[Metrics]) -> Metrics | None:
    """Return the standard error of each mean, or None of fewer than two queries."""
    if len(metrics) < 2:
        return None
    errors = [Estimate.of([getattr(m, name) for m in metrics]).standard_error for name in MEASURES]
    return Metrics(*(error or 0.0 for error in errors))
