"""Estimates and comparisons as words."""

from search_system.evaluation.comparison import Comparison
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.labels import format_p

_ONE_QUERY = "no interval: one query"


def number(value: float) -> str:
    """Return a figure to three decimals."""
    return f"{value:.3f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """Return a difference to three decimals, with its sign unless it is 0."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}") if round(value, 3) else "0.000"


def interval(estimate: Estimate) -> str:
    """Return the 95% interval of a measure's mean, which cannot leave 0 to 1 as Student's may."""
    if estimate.low is None or estimate.high is None:
        return _ONE_QUERY
    return f"{number(max(0.0, estimate.low))} to {number(min(1.0, estimate.high))}"


def gain_interval(gain: Estimate) -> str:
    """Return the 95% interval of a mean difference."""
    if gain.low is None or gain.high is None:
        return _ONE_QUERY
    return f"{signed(gain.low)} to {signed(gain.high)}"


def is_clear(comparison: Comparison) -> bool:
    """Tell whether both tests give a difference as large a chance below 1 in 20."""
    p_t = comparison.p_t_test
    return comparison.p_randomisation < 0.05 and p_t is not None and p_t < 0.05


def verdict(comparison: Comparison, other: str) -> str:
    """Return what a comparison of nDCG@10 says, in a sentence."""
    gain = comparison.gain
    p = f"p\N{NO-BREAK SPACE}{format_p(comparison.p_randomisation)}"
    figures = f"95% interval {gain_interval(gain)}, {p}"
    if is_clear(comparison):
        kind = "Better" if gain.mean > 0 else "Worse"
        size = f"{number(abs(gain.mean))} nDCG@10"
        return f"{kind} than {other} by {size} ({figures}), more than chance explains."
    return (
        f"No clear difference from {other}: {signed(gain.mean)} nDCG@10 ({figures}), which may be "
        "chance."
    )
