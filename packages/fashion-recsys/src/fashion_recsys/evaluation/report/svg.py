"""Figures as inline SVG that takes its colours and font from the page.

matplotlib draws with marker colours, which are then replaced by CSS variables: one drawing serves
the light and the dark page. Text stays text, so a phone renders it sharp and a reader can search
it. The salt of matplotlib's ids is the figure's name: same data, same bytes, and the ids of two
figures on one page never clash.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, FAINT, GRID, BACK = "#020101", "#020102", "#020103", "#020104"
SERIES = tuple(f"#0101{number:02x}" for number in range(1, 9))
"""Marker colours of up to eight series."""

_VARIABLES = {INK: "--ink", FAINT: "--faint", GRID: "--line", BACK: "--back"} | {
    colour: f"--s{number}" for number, colour in enumerate(SERIES, start=1)
}
_WIDTH = 5.2
"""Inches; with 10 point text it reads on a phone without zooming."""
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": FAINT,
    "axes.labelsize": 10,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": FAINT,
    "xtick.labelcolor": FAINT,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
}


@contextmanager
def drawing(name: str, height: float, title: str) -> Iterator[tuple[Axes, list[str]]]:
    """Yield axes to draw on and a list that holds the SVG when the block ends.

    Args:
        name: the figure's name, unique on the page: letters, digits, "-".
        height: in inches.
        title: what it shows, for readers who cannot see it.
    """
    out: list[str] = []
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure.subplots(), out
        text = StringIO()
        figure.savefig(
            text, format="svg", transparent=True, metadata={"Date": None, "Title": title}
        )
    out.append(_for_page(text.getvalue(), name))


def _for_page(svg: str, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--font)", svg)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg
