"""An evaluation as tables for people and as JSON for programs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table

from search_system.evaluation.comparison import Comparison
from search_system.evaluation.evaluate import Evaluation
from search_system.evaluation.labels import LABELS, format_p, name_some
from search_system.evaluation.metrics import Metrics


def means_table(evaluation: Evaluation, title: str) -> Table:
    """Return the two means side by side, each with its standard error."""
    result = Table(title=title, title_justify="left", box=None, pad_edge=False)
    result.add_column("measure")
    result.add_column(f"all {evaluation.queries:,} judged queries", justify="right")
    result.add_column(f"{evaluation.positive_queries:,} with a relevant document", justify="right")
    columns = (
        (evaluation.all_judged, evaluation.all_judged_error),
        (evaluation.with_positive, evaluation.with_positive_error),
    )
    for name, label in LABELS.items():
        result.add_row(label, *(_mean(name, mean, error) for mean, error in columns))
    return result


def _mean(name: str, mean: Metrics | None, error: Metrics | None) -> str:
    if mean is None:
        return "-"
    spread = f" ± {getattr(error, name):.4f}" if error else ""
    return f"{getattr(mean, name):.4f}{spread}"


def notes(evaluation: Evaluation) -> list[str]:
    """Return what to know of the judgments, in a line each."""
    lines = []
    if missing := evaluation.without_positive:
        lines.append(f"Without a relevant document, so 0 in any ranking: {name_some(missing)}")
    if not evaluation.irrelevant_judgments:
        lines.append(
            "The judgments list relevant documents only: judged@10 and condensed nDCG@10 say "
            "next to nothing."
        )
    return lines


def comparison_table(comparisons: Mapping[str, Comparison], title: str) -> Table:
    """Return how each measure differs from the other run's."""
    result = Table(title=title, title_justify="left", box=None, pad_edge=False)
    result.add_column("measure")
    for name in ("there", "gain", "95% interval", "won / lost / tied", "p"):
        result.add_column(name, justify="right", no_wrap=True)
    for name, label in LABELS.items():
        c = comparisons[name]
        interval = "-" if c.gain.low is None else f"{c.gain.low:+.4f} to {c.gain.high:+.4f}"
        counts = f"{c.wins:,} / {c.losses:,} / {c.ties:,}"
        p = format_p(c.p_randomisation)
        result.add_row(label, f"{c.baseline_mean:.4f}", f"{c.gain.mean:+.4f}", interval, counts, p)
    return result


def to_json(
    evaluation: Evaluation, comparisons: Mapping[str, Comparison] | None = None
) -> dict[str, Any]:
    """Return an evaluation, and how it differs from another run's, as JSON values."""
    figures = asdict(evaluation)
    if comparisons is not None:
        figures["comparison"] = {name: asdict(c) for name, c in comparisons.items()}
    return figures
