"""What a network learned, drawn with matplotlib: decision boundaries and loss curves.

Figures are made without pyplot, so that no window opens and no global state is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

from micrograd.engine import Value, no_grad
from micrograd.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from micrograd.datasets import Dataset
    from micrograd.nn import MLP
    from micrograd.training import History

COLORS = ["#3566b0", "#d1495b", "#3a9a6e", "#e2a03f", "#7a5aa6"]
_MARGIN = 0.4  # of the plane around the points


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that saves itself as PNG."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def boundary_figure(data: Dataset, size: float) -> Figure:
    """Return an empty figure of the data's proportions whose longer side is `size` inches."""
    width, height = np.ptp(np.array(data.points), axis=0) + 2.0 * _MARGIN
    scale = size / max(width, height)
    return new_figure(scale * width, scale * height)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the format is the suffix of `path`."""
    with replacing(path) as temporary:
        figure.savefig(temporary)


def plot_loss(history: History, path: Path) -> None:
    """Draw loss (logarithmic) and accuracy over the steps."""
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    axes.plot(history.losses, color=COLORS[0], linewidth=1.8)
    axes.set(xlabel="step", yscale="log")
    axes.set_ylabel("loss", color=COLORS[0])
    axes.grid(visible=True, alpha=0.25)
    right = axes.twinx()
    right.plot([100.0 * a for a in history.accuracies], color=COLORS[1], linewidth=1.4)
    right.set_ylabel("accuracy, %", color=COLORS[1])
    right.set_ylim(top=101.0)
    for side in (axes, right):
        side.spines["top"].set_visible(False)
    save_figure(figure, path)


def plot_boundary(model: MLP, data: Dataset, path: Path, *, title: str = "") -> None:
    """Draw the points over the regions that `model` gives each class."""
    figure = boundary_figure(data, 6.0)
    draw_boundary(figure.add_subplot(), model, data, title=title)
    save_figure(figure, path)


def plot_boundaries(panels: list[tuple[str, MLP, Dataset]], path: Path) -> None:
    """Draw several (title, model, data) side by side."""
    # Widths in the proportions of the data give all panels the same height.
    sides = [np.ptp(np.array(data.points), axis=0) + 2.0 * _MARGIN for _, _, data in panels]
    widths = [float(width / height) for width, height in sides]
    figure = new_figure(3.4 * sum(widths) + 0.5 * len(panels), 4.0)
    row = figure.subplots(1, len(panels), squeeze=False, width_ratios=widths)[0]
    for axes, (title, model, data) in zip(row, panels, strict=True):
        draw_boundary(axes, model, data, title=title)
    save_figure(figure, path)


def draw_boundary(
    axes: Axes, model: MLP, data: Dataset, *, title: str = "", grid: int = 90
) -> None:
    """Draw the points over the model's regions into existing axes.

    Two classes: shades follow the score, the line is score 0, the dashed lines are the margins -1
    and 1. More classes: each region in its colour. `grid` points are evaluated along each axis.
    """
    points = np.array(data.points)
    low, high = points.min(axis=0) - _MARGIN, points.max(axis=0) + _MARGIN
    xs, ys = (np.linspace(low[i], high[i], grid) for i in (0, 1))
    outputs = _outputs(model, xs, ys)
    if outputs.shape[-1] == 1:
        _draw_scores(axes, xs, ys, outputs[..., 0])
    else:
        _draw_regions(axes, xs, ys, outputs)
    axes.scatter(
        points[:, 0],
        points[:, 1],
        c=data.classes,
        cmap=ListedColormap(COLORS[: data.n_classes]),
        s=26,
        edgecolors="white",
        linewidths=0.7,
        zorder=3,
    )
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", title=title)


def _outputs(model: MLP, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Return the model's outputs on a grid, (len(ys), len(xs), n_outputs)."""
    with no_grad():
        rows = [_numbers(model((x, y))) for y in ys.tolist() for x in xs.tolist()]
    return np.array(rows).reshape(len(ys), len(xs), -1)


def _numbers(output: Value | tuple[Value, ...]) -> list[float]:
    """Return the numbers of a model's output."""
    return [output.data] if isinstance(output, Value) else [x.data for x in output]


def _draw_scores(axes: Axes, xs: np.ndarray, ys: np.ndarray, scores: np.ndarray) -> None:
    shades = LinearSegmentedColormap.from_list("scores", ["#8fa9d4", "white", "#e69aa4"])
    levels = np.linspace(-3.0, 3.0, 25)
    axes.contourf(xs, ys, np.clip(scores, -3.0, 3.0), levels=levels, cmap=shades, antialiased=False)
    if scores.min() < 0.0 < scores.max():
        axes.contour(xs, ys, scores, levels=[0.0], colors="black", linewidths=1.6)
    if scores.min() < -1.0 and scores.max() > 1.0:
        axes.contour(
            xs, ys, scores, levels=[-1.0, 1.0], colors="black", linestyles="dashed", linewidths=0.7
        )


def _draw_regions(axes: Axes, xs: np.ndarray, ys: np.ndarray, outputs: np.ndarray) -> None:
    """Each class owns the part of the plane where its output is the largest."""
    for k, color in enumerate(COLORS[: outputs.shape[-1]]):
        lead = outputs[..., k] - np.delete(outputs, k, axis=-1).max(axis=-1)
        if lead.max() > 0.0:
            axes.contourf(xs, ys, lead, levels=[0.0, np.inf], colors=[color], alpha=0.3)
        if lead.min() < 0.0 < lead.max():
            axes.contour(xs, ys, lead, levels=[0.0], colors="white", linewidths=1.5)
