"""The decision boundary over the training, as an animated GIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.animation import PillowWriter

from micrograd.files import replacing
from micrograd.pictures.plots import boundary_figure, draw_boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from micrograd.datasets import Dataset
    from micrograd.nn import MLP


def animate_boundary(
    model: MLP,
    frames: Sequence[tuple[str, Mapping[str, float]]],
    data: Dataset,
    path: Path,
    *,
    on_frame: Callable[[], None] = lambda: None,
) -> None:
    """Write one frame per (title, parameters); the last one stays for a while.

    Args:
        model: Its own parameters are put back afterwards.
        frames: What to show, in order.
        data: The points.
        path: The GIF.
        on_frame: Called after each frame.
    """
    figure = boundary_figure(data, 5.0)
    axes = figure.add_subplot()
    final = model.state_dict()
    try:
        with replacing(path) as temporary:
            writer = PillowWriter(fps=12)
            with writer.saving(figure, temporary, dpi=90):
                for i, (title, state) in enumerate(frames):
                    model.load_state_dict(state)
                    axes.clear()
                    draw_boundary(axes, model, data, title=title, grid=50)
                    for _ in range(18 if i == len(frames) - 1 else 1):
                        writer.grab_frame()
                    on_frame()
    finally:
        model.load_state_dict(final)
