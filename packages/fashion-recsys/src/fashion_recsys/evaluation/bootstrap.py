"""Intervals by the bootstrap over customers.

A customer's purchases hang together, so customers are resampled and not purchases. The Poisson
bootstrap (Chamandy et al. 2012, "Estimating uncertainty for massive data streams") draws for every
customer and replicate a weight from Poisson(1) instead of n customers with replacement; for more
than some hundred customers the two agree, and the weighted sums of all metrics are one matrix
product. Everything we report is a ratio of two sums over customers: MAP is (sum of AP) / (number of
customers), micro-averaged recall is hits / purchases. Both sums get the same weights, and so do all
ratios of one call: the difference of two of them, replicate by replicate, is a paired one, whose
interval is much narrower than those of its parts when both lists are right about the same people.

Cost, one core, 1,000 replicates, all groups of a ledger: 3 s for the 10,119 customers of an H&M day
with 3 sources and 4 lists, 16 s and 0.4 GB for 69,000 customers with 8 sources and 11 lists. Memory
is bounded by ``_BLOCK`` weights and not by the number of replicates.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)

REPLICATES = 1000
_BLOCK = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Resampled:
    """A figure and what it is on every resampled set of customers; NaN where it is undefined."""

    value: float
    replicates: Vector

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Return the paired difference; both must come from one call of ``resample``."""
        return Resampled(self.value - other.value, self.replicates - other.replicates)

    def estimate(self) -> Estimate:
        """Return the value with its 95% percentile interval."""
        defined = self.replicates[np.isfinite(self.replicates)]
        if not defined.size:
            return Estimate(self.value, self.value, self.value)
        low, high = np.quantile(defined, [0.025, 0.975])
        return Estimate(self.value, float(low), float(high))


def resample(
    ratios: Mapping[Key, tuple[Vector, Vector]], *, seed: int, replicates: int = REPLICATES
) -> dict[Key, Resampled]:
    """Bootstrap ratios of sums over the same customers.

    Args:
        ratios: name -> (numerators, denominators), each of one value per customer, all in the same
            order of customers. The sum of the denominators is not 0.
        seed: the same seed gives the same replicates.
        replicates: how many sets of customers to draw.
    """
    columns: dict[int, Vector] = {id(part): part for pair in ratios.values() for part in pair}
    place = {key: column for column, key in enumerate(columns)}
    sums = _weighted_sums(np.column_stack(list(columns.values())), seed, replicates)
    found = {}
    for key, (top, bottom) in ratios.items():
        above, below = sums[:, place[id(top)]], sums[:, place[id(bottom)]]
        values = np.divide(above, below, out=np.full(replicates, np.nan), where=below > 0)
        found[key] = Resampled(float(top.sum() / bottom.sum()), values)
    return found


def _weighted_sums(values: Vector, seed: int, replicates: int) -> Vector:
    """Return the sums over customers of ``values`` (n, S), Poisson weighted: (replicates, S)."""
    generator = np.random.default_rng(seed)
    n = len(values)
    rows = max(1, _BLOCK // max(1, n))
    blocks = []
    for begin in range(0, replicates, rows):
        shape = (min(rows, replicates - begin), n)
        blocks.append(generator.poisson(1.0, shape).astype(np.float64) @ values)
    return np.concatenate(blocks)
