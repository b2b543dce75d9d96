"""Compare two rankings query by query, and ask whether chance alone explains the difference.

Two tests, both on the differences of the same queries:

* the randomisation test (Fisher): if the two systems were the same, each query's difference could
  as well have had the other sign. p is the share of all sign patterns whose mean difference is at
  least as large. All patterns are counted up to 16 queries that differ, else 20,000 random ones
  from a seed, of which p = (1 + as large) / (1 + drawn).
* Student's paired t-test, which goes with the interval: it is below 0.05 exactly where the 95%
  interval leaves out 0.

Smucker, Allan and Carterette (CIKM 2007) recommend both for information retrieval and find them
nearly always to agree; they advise against the sign and the Wilcoxon test. A p is for one question
asked once: of twenty settings compared, one is below 0.05 by chance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.student_t import two_sided_p

EXACT_UP_TO = 16
SAMPLES = 20_000
TIE = 1e-9
"""Differences up to this are rounding: another order of the same gains."""
_CHUNK_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the values of one system differ from a baseline's, on the same queries."""

    gain: Estimate
    """The mean difference: above 0 where the system is better."""
    baseline_mean: float
    wins: int
    losses: int
    ties: int
    p_randomisation: float
    p_t_test: float | None
    """None of a single query."""
    differences: dict[str, float]
    """By query id; those within `TIE` are 0."""


def compare(
    values: Mapping[str, float], baseline: Mapping[str, float], seed: int = 0
) -> Comparison:
    """Compare one measure of two systems by query id.

    Raises:
        OptionError: there is no query, or the two do not have the same ones.
    """
    if odd := sorted(values.keys() ^ baseline.keys()):
        raise OptionError(
            f"expected two systems with the same queries; {len(odd)} are in one of them only, "
            f"such as '{odd[0]}'"
        )
    if not values:
        raise OptionError("expected at least one query to compare two systems on, found none")
    raw = {query_id: value - baseline[query_id] for query_id, value in values.items()}
    differences = {q: 0.0 if abs(d) <= TIE else d for q, d in raw.items()}
    gain = Estimate.of(list(differences.values()))
    wins = sum(d > 0 for d in differences.values())
    losses = sum(d < 0 for d in differences.values())
    return Comparison(
        gain=gain,
        baseline_mean=math.fsum(baseline.values()) / len(baseline),
        wins=wins,
        losses=losses,
        ties=len(differences) - wins - losses,
        p_randomisation=randomisation_p(list(differences.values()), seed),
        p_t_test=_t_test_p(gain),
        differences=differences,
    )


def randomisation_p(differences: list[float], seed: int = 0) -> float:
    """Return the two-sided p of the paired randomisation test."""
    # A difference of 0 has no sign to turn; without it fewer patterns say the same.
    sizes = np.abs(np.array([d for d in differences if d], dtype=np.float64))
    n = len(sizes)
    # Sums that are equal on paper differ by rounding; they have to count as equal.
    reached = abs(math.fsum(differences)) - 1e-9 * float(sizes.sum())
    if n <= EXACT_UP_TO:
        patterns = np.arange(1 << n)[:, None] >> np.arange(n) & 1
        return float(np.mean(np.abs(_signed_sums(patterns, sizes)) >= reached))
    rng = np.random.default_rng(seed)
    as_large, step = 0, max(1, _CHUNK_CELLS // n)
    for begin in range(0, SAMPLES, step):
        shape = (min(step, SAMPLES - begin), n)
        patterns = rng.integers(0, 2, shape, dtype=np.int8)
        as_large += int(np.count_nonzero(np.abs(_signed_sums(patterns, sizes)) >= reached))
    return (1 + as_large) / (1 + SAMPLES)


def _signed_sums(patterns: NDArray[np.integer], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the sizes under each pattern, (patterns, n): 1 for plus, 0 for minus."""
    return np.asarray(2 * (patterns @ sizes) - sizes.sum(), dtype=np.float64)


def _t_test_p(gain: Estimate) -> float | None:
    if gain.standard_error is None:
        return None
    if gain.standard_error == 0:
        return 1.0 if gain.mean == 0 else 0.0
    return two_sided_p(gain.mean / gain.standard_error, gain.n - 1)
