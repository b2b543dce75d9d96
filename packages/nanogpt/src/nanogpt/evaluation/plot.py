"""Draw how well each character is predicted."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, PercentFormatter

from nanogpt.atomic import atomic_path
from nanogpt.evaluation.confusion import TokenAccuracy
from nanogpt.evaluation.evaluate import Evaluation

MAX_BARS = 90
"""Characters with a bar of their own; beyond it, labels no longer fit."""
_NARROWEST_LABEL = 0.008
_COLORS = LinearSegmentedColormap.from_list("depth", colormaps["YlGnBu"](np.linspace(0.25, 1, 256)))
"""Pale is rare: what few occurrences say should not shout."""
_FONT = "monospace"
"""In which I, l and 1 differ."""
_GREY = "#666666"
_RED = "#c8102e"
_HALO = [withStroke(linewidth=2.5, foreground="white")]


def plot_accuracy(
    evaluation: Evaluation,
    names: dict[int, str],
    *,
    title: str,
    subtitle: str,
    path: Path,
) -> None:
    """Write the accuracy of every character as a PNG.

    Above, a bar per character, most frequent first, darker the more frequent; below its name, what
    it is most often taken for. Beneath, the same bars as wide as the character's share of the text,
    best first: the coloured area is the overall accuracy.

    Args:
        evaluation: With ``per_token``.
        names: How to write each token, by id.
        title: The figure's first line.
        subtitle: Its second.
        path: Where to; a later evaluation replaces it.

    Raises:
        OutputError: The file cannot be written.
        ValueError: The evaluation has no accuracies per token.
    """
    if evaluation.per_token is None:
        raise ValueError("the evaluation has no accuracies per token to draw")
    rows = evaluation.per_token[:MAX_BARS]
    names = {token: _drawable(name) for token, name in names.items()}
    shares = np.array([row.count / evaluation.predictions for row in rows])
    colors = ScalarMappable(LogNorm(shares.min(), max(shares.max(), 1.01 * shares.min())), _COLORS)
    figure = Figure(figsize=(15, 8.5), layout="constrained")
    each, area = figure.subplots(2, 1, height_ratios=(5, 4))
    _draw_title(each, title, subtitle)
    _draw_each(each, rows, names, colors.to_rgba(shares))
    _draw_area(area, rows, shares, names, colors.to_rgba(shares))
    for axes in (each, area):
        _draw_overall(axes, evaluation.accuracy)
    bar = figure.colorbar(colors, ax=each, pad=0.01, aspect=25)
    bar.outline.set_visible(False)
    bar.set_label("share of the text")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _draw_title(axes: Axes, title: str, subtitle: str) -> None:
    axes.set_title(title, loc="left", size=17, weight="bold", pad=30, parse_math=False)
    axes.annotate(
        subtitle,
        (0, 1),
        (0, 12),
        xycoords="axes fraction",
        textcoords="offset points",
        size=11,
        color=_GREY,
        parse_math=False,
    )


def _drawable(name: str) -> str:
    """Return ``name``, or the code point of a character that the plot's font does not have."""
    font = get_font(findfont(FontProperties(family=_FONT)))
    if all(font.get_char_index(ord(char)) for char in name):
        return name
    return " ".join(f"U+{ord(char):04X}" for char in name)


def _draw_each(
    axes: Axes, rows: Sequence[TokenAccuracy], names: dict[int, str], colors: np.ndarray
) -> None:
    """Draw bars of equal width in the order of ``rows``, with the name below each."""
    heights = [row.accuracy for row in rows]
    axes.bar(range(len(rows)), heights, width=0.82, color=colors)
    for position, height in enumerate(heights):
        axes.annotate(
            f"{100 * height:.0f}",
            (position, height),
            (0, 2),
            textcoords="offset points",
            ha="center",
            size=8,
            color=_GREY,
            path_effects=_HALO,
        )
    axes.set_xticks(range(len(rows)), [names[row.token] for row in rows], size=11)
    for label in axes.get_xticklabels():
        label.set_fontfamily(_FONT)
        label.set_parse_math(False)
        label.set_rotation(90 if len(label.get_text()) > 1 else 0)
    _draw_mistakes(axes, rows, names)
    axes.set_xlim(-0.7, len(rows) - 0.3)
    axes.set_ylim(0, min(max(heights) + 0.08, 1.08))
    _style(axes)


def _draw_mistakes(axes: Axes, rows: Sequence[TokenAccuracy], names: dict[int, str]) -> None:
    axes.annotate(
        "mostly\ntaken for",
        (0, 0),
        (-6, -60),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="top",
        size=8.5,
        color=_GREY,
    )
    for position, row in enumerate(rows):
        other = "" if row.mistaken_for is None else names[row.mistaken_for]
        axes.annotate(
            other,
            (position, 0),
            (0, -60),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="top",
            size=8.5,
            color=_GREY,
            family=_FONT,
            rotation=90 if len(other) > 1 else 0,
            parse_math=False,
        )


def _draw_area(
    axes: Axes,
    rows: Sequence[TokenAccuracy],
    shares: np.ndarray,
    names: dict[int, str],
    colors: np.ndarray,
) -> None:
    """Draw bars as wide as the ``shares``, the best predicted first."""
    order = sorted(range(len(rows)), key=lambda position: -rows[position].accuracy)
    widths = shares[order].tolist()
    heights = [rows[position].accuracy for position in order]
    lefts = [0.0, *accumulate(widths)][: len(order)]
    axes.bar(
        lefts,
        heights,
        width=widths,
        align="edge",
        color=colors[order],
        edgecolor="white",
        linewidth=0.4,
    )
    for position, left, width, height in zip(order, lefts, widths, heights, strict=True):
        if width < _NARROWEST_LABEL:
            continue
        axes.annotate(
            names[rows[position].token],
            (left + width / 2, height),
            (0, 3),
            textcoords="offset points",
            ha="center",
            size=10,
            family=_FONT,
            parse_math=False,
            path_effects=_HALO,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, min(max(heights) + 0.1, 1.1))
    axes.set_xlabel("share of the text; the coloured area is the overall accuracy")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    _style(axes)


def _draw_overall(axes: Axes, accuracy: float) -> None:
    axes.axhline(accuracy, color=_RED, linewidth=1.2, linestyle=(0, (5, 3)))
    axes.annotate(
        f"overall {accuracy:.1%}",
        (1, accuracy),
        (-4, 4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        color=_RED,
        weight="bold",
        path_effects=_HALO,
    )


def _style(axes: Axes) -> None:
    axes.set_ylabel("predicted correctly")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", alpha=0.25)
    axes.set_axisbelow(True)
