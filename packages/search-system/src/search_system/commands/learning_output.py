"""What tuning and training say of their gain."""

from search_system.evaluation.comparison import Comparison
from search_system.evaluation.labels import format_p


def keep(gain: Comparison) -> bool:
    """Return whether something learnt is better on queries that it has not seen."""
    return gain.gain.mean > 0


def gain_line(gain: Comparison, folds: int) -> str:
    """Return the gain on queries that were not learnt from, in a sentence."""
    low, high = gain.gain.low, gain.gain.high
    interval = f" ({low:+.4f} to {high:+.4f})" if low is not None and high is not None else ""
    return (
        f"nDCG@10 of queries not learnt from, {folds} folds: {gain.baseline_mean:.4f} to "
        f"{gain.baseline_mean + gain.gain.mean:.4f}, {gain.gain.mean:+.4f}{interval}, "
        f"{gain.wins:,} won, {gain.losses:,} lost, p {format_p(gain.p_randomisation)}"
    )
