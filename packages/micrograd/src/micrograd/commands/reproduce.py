"""``micrograd reproduce``: three experiments, from a line to circles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micrograd import datasets
from micrograd.console import print_json, print_table, progress
from micrograd.files import check_picture_format
from micrograd.nn import MLP
from micrograd.training import Recipe, accuracy, fit


@dataclass(frozen=True)
class Experiment:
    """A network, and what it is trained on."""

    name: str
    dataset: datasets.Name
    hidden: tuple[int, ...]
    expected: str


EXPERIMENTS = [
    # With one hidden neuron the score depends on one direction only, w.x: its boundary is a line.
    Experiment("A", "moons", (1,), "a line cannot separate them"),
    Experiment("B", "moons", (16, 16), "100%"),
    Experiment("C", "circles", (16, 16), "100%"),
]


@dataclass(frozen=True, kw_only=True)
class Reproduce:
    """Train three networks: A learns only a line through the moons, B all of them, C the circles.

    Writes one figure with the three decision boundaries. Example: micrograd reproduce
    """

    out: Path = Path("runs/reproduce.png")
    """Figure to write: .svg, .png or .pdf."""
    seed: int = 0
    """Of the data and the initial weights."""
    json: bool = False
    """Print one JSON object instead of the table."""


def run(config: Reproduce) -> int:
    """Train, draw the figure, and print one row per experiment."""
    from micrograd.pictures.plots import plot_boundaries  # noqa: PLC0415  # loads matplotlib

    check_picture_format(config.out)
    recipe = Recipe(seed=config.seed)
    panels, rows = [], []
    with progress("training", len(EXPERIMENTS) * recipe.steps) as advance:
        for e in EXPERIMENTS:
            data = datasets.DATASETS[e.dataset](100, seed=config.seed)
            model = MLP(2, [*e.hidden, 1], seed=config.seed)
            history = fit(model, data, recipe, lambda _step, _history: advance())
            share = accuracy(model, data)
            network = "-".join(map(str, (2, *e.hidden, 1)))
            panels.append((f"{e.name}: {e.dataset}, {network}, {share:.0%}", model, data))
            rows.append((e.name, e.dataset, network, history.losses[-1], share, e.expected))
    plot_boundaries(panels, config.out)
    head = ["experiment", "data", "network", "loss", "accuracy", "expected"]
    if config.json:
        print_json({row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows})
    else:
        texts = [[*row[:3], f"{row[3]:.4f}", f"{row[4]:.1%}", row[5]] for row in rows]
        print_table(head, texts, caption=f"written: {config.out}")
    return 0
