"""Student's t distribution: tail probabilities and quantiles, to about 1e-12.

SciPy has both, in a package larger than this one's dependencies together. What is needed is one
function, the regularised incomplete beta, computed by its continued fraction (Abramowitz and Stegun
26.5.8, by Lentz's method). The tests compare with SciPy where it is installed.
"""

import math
from functools import lru_cache

_TINY = 1e-300
_STEPS = 10_000


def two_sided_p(t: float, df: int) -> float:
    """Return the probability that abs(T) >= abs(t), for T with ``df`` degrees of freedom."""
    if math.isinf(t):
        return 0.0
    square = t * t
    return _incomplete_beta(df / 2, 0.5, df / (df + square), square / (df + square))


@lru_cache(maxsize=64)  # one report asks for the same one a hundred times, at 10 ms each
def quantile(confidence: float, df: int) -> float:
    """Return the t that abs(T) stays below with probability ``confidence``, from 0 to below 1."""
    low, high = 0.0, 1.0
    while two_sided_p(high, df) > 1 - confidence:
        high *= 2
    for _ in range(80):  # halves the interval to below the resolution of a float
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, df) > 1 - confidence else (low, middle)
    return high


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    ``y`` is 1 - x, which computed from an x near 1 would lose its digits.
    """
    if x == 0 or y == 0:
        return x
    log_front = a * math.log(x) + b * math.log(y)
    log_front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    if x < (a + 1) / (a + b + 2):  # where the fraction converges fast; else by symmetry
        return math.exp(log_front) * _continued_fraction(a, b, x) / a
    return 1 - math.exp(log_front) * _continued_fraction(b, a, y) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = result
        for numerator in (even, odd):
            d = 1 / _not_zero(1 + numerator * d)
            c = _not_zero(1 + numerator / c)
            result *= c * d
        if abs(result - before) <= 1e-16 * abs(result):
            break
    return result


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
