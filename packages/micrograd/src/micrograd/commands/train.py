"""``micrograd train``: train a network on a data set, and draw what it learned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from micrograd import datasets
from micrograd.console import progress, report
from micrograd.engine import Value
from micrograd.files import replacing
from micrograd.functions import sum_values
from micrograd.nn import MLP, Activation
from micrograd.training import Recipe, accuracy, choose_loss, fit

if TYPE_CHECKING:
    from micrograd.datasets import Dataset
    from micrograd.training import History

_FRAMES = 50
Frame = tuple[str, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Train(Recipe):
    """Train a network to tell the classes of points in the plane apart.

    Writes decision_boundary.png, loss.png, graph.svg (the network on one point, with gradients) and
    model.json. Example: micrograd train spirals --hidden 32 32 --optimizer adam --lr 0.02
    """

    dataset: tyro.conf.Positional[datasets.Name]
    """The data to learn."""
    points: int = 100
    """How many points to draw."""
    noise: float | None = None
    """Standard deviation of the noise on the points; the data set's own when not given."""
    validation: float = 0.0
    """Share of the points to hold out and to measure the accuracy on."""
    hidden: tuple[int, ...] = (16, 16)
    """Neurons of each hidden layer."""
    activation: Activation = "relu"
    """Of the hidden layers."""
    animate: bool = False
    """Also write training.gif, the boundary over the training (some ten seconds)."""
    out: Path | None = None
    """Folder to write to; runs/DATASET when not given."""
    json: bool = False
    """Print one JSON object instead of the table."""


def run(config: Train) -> int:
    """Train, write the pictures, and print the result."""
    data = load_data(config)
    held_out = None
    if config.validation:
        data, held_out = data.split(config.validation, seed=config.seed)
    loss = choose_loss(config.loss, data)
    n_outputs = data.n_classes if loss == "cross_entropy" else 1
    model = MLP(2, [*config.hidden, n_outputs], config.activation, seed=config.seed)
    history, frames = _train(model, data, config)
    out = config.out or Path("runs") / config.dataset
    written = write_results(model, data, history, out)
    if config.animate:
        written.append(_animate(model, frames, data, out / "training.gif"))
    result = {
        "dataset": f"{config.dataset}, {len(data)} points",
        "network": repr(model),
        "parameters": len(model.parameters()),
        "steps": config.steps,
        "loss": history.losses[-1],
        "accuracy": accuracy(model, data),
        **({} if held_out is None else {"validation accuracy": accuracy(model, held_out)}),
        "written": [str(path) for path in written],
    }
    report(result, as_json=config.json)
    return 0


def _train(model: MLP, data: Dataset, config: Train) -> tuple[History, list[Frame]]:
    """Train with a progress bar; also return the frames for the animation."""
    frames: list[Frame] = []

    def on_step(step: int, _history: History) -> None:
        advance()
        due = step % max(1, config.steps // _FRAMES) == 0 or step + 1 == config.steps
        if config.animate and due:
            title = f"step {step + 1}: accuracy {accuracy(model, data):.0%}"
            frames.append((title, model.state_dict()))

    with progress("training", config.steps) as advance:
        return fit(model, data, config, on_step), frames


def load_data(config: Train) -> Dataset:
    """Generate the points that the configuration asks for."""
    noise = {} if config.noise is None else {"noise": config.noise}
    return datasets.DATASETS[config.dataset](config.points, seed=config.seed, **noise)


def write_results(model: MLP, data: Dataset, history: History, out: Path) -> list[Path]:
    """Write the pictures and the model into `out`; return their paths."""
    # Imported here: matplotlib takes longer to load than the rest of the package.
    from micrograd.pictures.drawing import draw  # noqa: PLC0415
    from micrograd.pictures.plots import plot_boundary, plot_loss  # noqa: PLC0415

    names = ["decision_boundary.png", "loss.png", "graph.svg", "model.json"]
    boundary, loss, graph, saved = (out / name for name in names)
    plot_boundary(model, data, boundary)
    plot_loss(history, loss)
    # The score of one point: its loss may be exactly 0, and all gradients with it.
    output = model([Value(x, f"x{i}") for i, x in enumerate(data.points[0])])
    score = output if isinstance(output, Value) else sum_values(output)
    score.backward()
    with replacing(graph) as temporary:
        temporary.write_text(draw(score).pipe(format="svg", encoding="utf-8"), encoding="utf-8")
    model.save(saved)
    return [boundary, loss, graph, saved]


def _animate(model: MLP, frames: list[Frame], data: Dataset, path: Path) -> Path:
    from micrograd.pictures.animation import animate_boundary  # noqa: PLC0415  # loads matplotlib

    with progress("drawing frames", len(frames)) as advance:
        animate_boundary(model, frames, data, path, on_frame=advance)
    return path
